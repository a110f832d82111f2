// SPDX-License-Identifier: MIT
// Bleeding: stopped while a cell is measured, renewed while it is ordered, never longer. The node's
// own timer ends it when nobody renews it.
#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "adapters/spi_nodes/adapter.hpp"

namespace b2m::spi_nodes {
namespace {

constexpr double kPollsOfTimeout = 3;
constexpr double kFullDuty = 255;

std::string refusal(const Node& node, const V2Reply& reply) {
  if (reply.status != V2Status::inhibited && reply.status != V2Status::ok)
    return fmt::format("the node of cell {} refuses to bleed: {}", node.plan().cell,
                       to_string(reply.status));
  return fmt::format("the node of cell {} does not bleed: {}", node.plan().cell,
                     inhibit_reason(bleed_payload(reply.payload).reason));
}

}  // namespace

/// Whole seconds that end before the order does; 0: off.
std::uint16_t SpiNodesAdapter::bleed_timeout_s(const Node& node) const {
  if (!node.bleed_until) return 0;
  const double left_s = std::floor(to_seconds(*node.bleed_until - clock_.now()));
  const double wanted_s = std::max(1.0, std::ceil(kPollsOfTimeout * settings_.poll_interval_s));
  return static_cast<std::uint16_t>(std::clamp(std::min(left_s, wanted_s), 0.0,
                                               double{std::numeric_limits<std::uint16_t>::max()}));
}

Awaitable<Result<>> SpiNodesAdapter::pause_bleeds() {
  for (Cell& cell : cells_) {
    Node& node = *cell.node;
    cell.is_paused = node.can(v2_capability::kBleed) && node.is_bleeding();
    if (cell.is_paused) {
      const auto answer = co_await node.line().exchange(node.asked(bleed_request(0, 0, 0)));
      if (!answer) co_return answer.error();
      deliver(*answer);
      node.unsettle();
    }
    if (node.bleed_until && clock_.now() >= *node.bleed_until) node.bleed_until.reset();
  }
  co_return Result<>();
}

/// Only a cell whose voltage has just been read goes on being bled.
Awaitable<Result<>> SpiNodesAdapter::resume_bleeds() {
  for (Cell& cell : cells_) {
    Node& node = *cell.node;
    if (!node.can(v2_capability::kBleed)) continue;
    const bool shall = node.measured().is_sure() && bleed_timeout_s(node) > 0;
    if (!shall && !node.is_bleeding() && !cell.is_paused) continue;
    if (const auto set = co_await set_bleed(cell, shall); !set) {
      if (set.error().code == Errc::cancelled) co_return set;
    }
    cell.is_paused = false;
  }
  co_return Result<>();
}

Awaitable<Result<>> SpiNodesAdapter::set_bleed(Cell& cell, bool is_on) {
  Node& node = *cell.node;
  const auto duty = static_cast<std::uint8_t>(
      is_on ? std::max(1.0, std::round(settings_.bleed_duty_percent / 100 * kFullDuty)) : 0);
  const auto told =
      co_await node.ask(bleed_request(duty, is_on ? bleed_timeout_s(node) : std::uint16_t{0},
                                      static_cast<std::int8_t>(settings_.bleed_max_temperature_c)));
  if (!told) co_return told.error();
  if (told->trouble && is_on) node.suspect_bleeding();
  if (told->trouble)
    co_return Error(Errc::timeout,
                    fmt::format("the node of cell {}: {}", node.plan().cell, told->trouble.text));
  const V2Status status = told->reply.status;
  if (status != V2Status::ok && status != V2Status::inhibited)
    co_return Error(Errc::refused, refusal(node, told->reply));
  node.bled(bleed_payload(told->reply.payload));
  post_bleed(cell);
  if (node.is_bleeding() != is_on)
    co_return is_on
        ? Error(Errc::refused, refusal(node, told->reply))
        : Error(Errc::io_error, fmt::format("the node of cell {} bleeds on", node.plan().cell));
  co_return Result<>();
}

/// Asked of a node that is not known now, too: it may be bleeding.
Awaitable<Result<>> SpiNodesAdapter::end_bleed(Cell& cell) {
  Node& node = *cell.node;
  node.end_bleed();
  const bool is_unknown = node.protocol() == Protocol::unknown;
  if (is_unknown && node.plan().choice == ProtocolChoice::legacy) co_return Result<>();
  if (!is_unknown && !node.can(v2_capability::kBleed)) co_return Result<>();
  const auto off = co_await set_bleed(cell, false);
  if (off || !is_unknown || off.error().code == Errc::cancelled) co_return off;
  co_return Error(off.error().code, off.error().detail +
                                        "; it was told to stop and has not confirmed: a bleed that "
                                        "goes on ends with the node's own timer");
}

Awaitable<Result<>> SpiNodesAdapter::bleed(Cell& cell, double guard_s) {
  Node& node = *cell.node;
  if (!node.can(v2_capability::kBleed))
    co_return Error(Errc::not_supported, fmt::format("the node of cell {} cannot bleed ({})",
                                                     node.plan().cell, node.text()));
  if (!(guard_s >= 1))
    co_return Error(Errc::refused, "a bleed without a time at which it ends by itself");
  if (node.failures() > 0)
    co_return Error(Errc::refused, fmt::format("the voltage of cell {} is not known: {}",
                                               node.plan().cell, node.state()));
  if (node.measured().is_suspect)
    co_return Error(Errc::refused, fmt::format("the voltage of cell {} is not known: the node says "
                                               "that its reference is suspect",
                                               node.plan().cell));
  node.bleed_until = clock_.now() + from_seconds(guard_s);
  const auto set = co_await set_bleed(cell, true);
  if (!set) node.bleed_until.reset();
  co_return set;
}

}  // namespace b2m::spi_nodes
