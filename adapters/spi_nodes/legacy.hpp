// SPDX-License-Identifier: MIT
// Nodes as deployed: two bytes without address, length or checksum. Read so that what they cannot
// tell apart is not believed. Facts: docs/protocols/spi-cell-nodes.md, "Legacy nodes".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "gateway/bytes.hpp"
#include "gateway/units.hpp"

namespace b2m::spi_nodes {

inline constexpr std::size_t kLegacyBytes = 5;
/// 0x01 asks for the low byte, anything else for the high one; each answer comes a byte later.
inline constexpr std::array<std::uint8_t, kLegacyBytes> kLegacyRequest{0x45, 0x01, 0x45, 0x01,
                                                                       0x45};
inline constexpr int kLegacyMost_cv = 626;  // full scale of its converter
inline constexpr Volts kLegacyStep{0.00612};
inline constexpr Volts kLegacyCut{0.01};  // it cuts to whole centivolts
inline constexpr double kLegacyDivider = 5.7;

enum class LegacyFault {
  none,
  too_short,
  all_zero,  // MISO stuck low, or no node
  all_one,   // MISO stuck high or open, or no node
  echo,      // MOSI comes back on MISO
  unequal,   // the two pairs differ: a lost clock edge, or two measurements mixed
  too_high,  // more than its converter can say
  one_byte,  // all bytes alike, as of a node that never hears what it is asked
};

struct LegacyReading {
  LegacyFault fault = LegacyFault::none;
  int centivolts = 0;  // only without a fault, or with one_byte

  [[nodiscard]] bool is_good() const { return fault == LegacyFault::none; }
  [[nodiscard]] Volts volts() const { return Volts(centivolts / 100.0); }
};

/// What came back for kLegacyRequest.
LegacyReading parse_legacy(Bytes miso);

/// Median of the last three; a jump must be confirmed by the next reading.
class LegacyFilter {
 public:
  enum class Verdict {
    warming_up,  // taken; too few readings for a value
    taken,
    doubted,  // a jump: read again at once
  };

  Verdict take(Volts reading);
  /// Empty before the third good reading.
  [[nodiscard]] std::optional<Volts> value() const;
  /// The value has been about there already.
  [[nodiscard]] bool expects(Volts reading) const;
  void clear() { *this = LegacyFilter(); }

 private:
  void push(Volts reading);
  [[nodiscard]] Volts median() const;

  std::array<Volts, 3> last_{};
  std::size_t count_ = 0;
  std::optional<Volts> doubted_;
};

}  // namespace b2m::spi_nodes
