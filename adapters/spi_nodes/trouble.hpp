// SPDX-License-Identifier: MIT
// What can be wrong with a node or its wires, in counters and in words for the user.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/spi_nodes/legacy.hpp"
#include "adapters/spi_nodes/v2.hpp"
#include "gateway/result.hpp"

namespace b2m::spi_nodes {

enum class TroubleKind {
  none,
  bus,  // the system: no device, no permission
  stuck_low,
  stuck_high,
  echo,
  inverted,
  slip,
  foreign,  // an answer of no known protocol
  checksum,
  wrong_node,
  sequence,
  request_damaged,
  restarted,
  refused,  // a status other than ok
  unequal,
  too_high,
  jump,
  bleeding,  // it bleeds while it shall be measured
  one_byte,
};
inline constexpr std::size_t kTroubleKinds = 19;
/// Of the counters: "checksum_errors".
std::string_view counter_name(TroubleKind kind);

struct Trouble {
  TroubleKind kind = TroubleKind::none;
  std::string text;

  Trouble() = default;
  explicit Trouble(TroubleKind k);  // with the kind's own words
  Trouble(TroubleKind k, std::string words) : kind(k), text(std::move(words)) {}
  explicit operator bool() const { return kind != TroubleKind::none; }
};

Trouble trouble_of(V2Fault fault);
Trouble trouble_of(LegacyFault fault);
Trouble trouble_of(const Error& error);
/// Nobody is there at all, as opposed to somebody who is not understood.
bool is_silence(TroubleKind kind);
/// Something about the wires that does not mend itself.
bool is_wiring(TroubleKind kind);

using TroubleCounts = std::array<std::uint64_t, kTroubleKinds>;

}  // namespace b2m::spi_nodes
