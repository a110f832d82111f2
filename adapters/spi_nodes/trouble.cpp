// SPDX-License-Identifier: MIT
#include "adapters/spi_nodes/trouble.hpp"

namespace b2m::spi_nodes {
namespace {

struct Row {
  TroubleKind kind;
  std::string_view counter;
  std::string_view words;
};

// clang-format off
constexpr Row kRows[] = {
  {TroubleKind::none,            "",                 "ok"},
  {TroubleKind::bus,             "bus_errors",       "the SPI device fails"},
  {TroubleKind::stuck_low,       "stuck_low",        "no answer, MISO is always low: node without power, line shorted, or its coupler conducts"},
  {TroubleKind::stuck_high,      "stuck_high",       "no answer, MISO is always high: node without power, select or MISO line open"},
  {TroubleKind::echo,            "echoes",           "hears its own requests: MOSI and MISO are connected to each other instead of to the node"},
  {TroubleKind::inverted,        "inverted_replies", "answers upside down: the coupler inverts MISO; set invert_miso"},
  {TroubleKind::slip,            "clock_slips",      "replies are shifted by some bits: clock edges are lost or added; lower clock_hz, or mend the clock's coupler"},
  {TroubleKind::foreign,         "foreign_replies",  "answers in a protocol that is not known"},
  {TroubleKind::checksum,        "checksum_errors",  "replies arrive damaged: lower clock_hz, check couplers and wires"},
  {TroubleKind::wrong_node,      "wrong_node",       "another node answers"},
  {TroubleKind::sequence,        "sequence_errors",  "answers something else than was asked"},
  {TroubleKind::request_damaged, "damaged_requests", "requests arrive damaged: lower clock_hz, check couplers and wires of MOSI and clock"},
  {TroubleKind::restarted,       "restarts",         "has restarted"},
  {TroubleKind::refused,         "refused",          "does not do what it is asked"},
  {TroubleKind::unequal,         "unequal_pairs",    "two readings at once differ: clock edges are lost; lower clock_hz, check the couplers"},
  {TroubleKind::too_high,        "too_high",         "says more than its converter can: clock edges are lost; lower clock_hz, check the couplers"},
  {TroubleKind::jump,            "jumps",            "its readings jump"},
  {TroubleKind::bleeding,        "bled_readings",    "bleeds while it is measured"},
  {TroubleKind::one_byte,        "one_byte",         "always answers the same byte: it does not hear what it is asked; check MOSI and its coupler"},
};
// clang-format on
static_assert(std::size(kRows) == kTroubleKinds);

const Row& row(TroubleKind kind) { return kRows[static_cast<std::size_t>(kind)]; }

}  // namespace

Trouble::Trouble(TroubleKind k) : kind(k), text(row(k).words) {}

std::string_view counter_name(TroubleKind kind) { return row(kind).counter; }

Trouble trouble_of(V2Fault fault) {
  constexpr TroubleKind kKinds[] = {
      TroubleKind::none,       TroubleKind::foreign, TroubleKind::stuck_low,
      TroubleKind::stuck_high, TroubleKind::echo,    TroubleKind::inverted,
      TroubleKind::slip,       TroubleKind::foreign, TroubleKind::checksum};
  return Trouble(kKinds[static_cast<std::size_t>(fault)]);
}

Trouble trouble_of(LegacyFault fault) {
  constexpr TroubleKind kKinds[] = {
      TroubleKind::none, TroubleKind::foreign, TroubleKind::stuck_low, TroubleKind::stuck_high,
      TroubleKind::echo, TroubleKind::unequal, TroubleKind::too_high,  TroubleKind::one_byte};
  return Trouble(kKinds[static_cast<std::size_t>(fault)]);
}

Trouble trouble_of(const Error& error) { return {TroubleKind::bus, error.text()}; }

bool is_silence(TroubleKind kind) {
  return kind == TroubleKind::bus || kind == TroubleKind::stuck_low ||
         kind == TroubleKind::stuck_high;
}

bool is_wiring(TroubleKind kind) {
  return kind == TroubleKind::echo || kind == TroubleKind::inverted ||
         kind == TroubleKind::wrong_node;
}

}  // namespace b2m::spi_nodes
