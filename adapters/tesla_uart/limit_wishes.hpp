// SPDX-License-Identifier: MIT
// Which thresholds the chip of a module shall have: those of the configuration, or what a user has
// ordered since and the chip has taken. Nothing that the site does not allow.
#pragma once

#include <string>

#include "adapters/adapter.hpp"
#include "adapters/tesla_uart/chip_limits.hpp"

namespace b2m::tesla_uart {

class LimitWishes {
 public:
  using Values = std::array<std::optional<double>, kLimits>;

  explicit LimitWishes(const Values& configured);
  /// What of the configuration is not written, and why, in words; empty: all of it is.
  std::string bind(bool may_write, double highest_cell_v);
  /// Takes up what was kept under this key, unless the configuration says something new since.
  void attach(Memory& memory, std::string key);

  [[nodiscard]] std::optional<std::uint8_t> of(std::size_t limit) const { return wanted_[limit]; }
  void set(std::size_t limit, std::optional<std::uint8_t> byte) { wanted_[limit] = byte; }
  /// Over restarts: the chip has taken it.
  void keep(std::size_t limit);
  /// Errc::out_of_range, in words, beyond what chip or cells can do.
  [[nodiscard]] Result<std::uint8_t> encode(std::size_t limit, double value) const;

 private:
  [[nodiscard]] std::string key_of(std::size_t limit) const;
  /// Of the configuration at the time; "-": it had none.
  [[nodiscard]] std::string origin_of(std::size_t limit) const;

  std::array<std::optional<std::uint8_t>, kLimits> configured_{}, wanted_{};
  Values values_{};
  bool may_write_ = true;
  double highest_cell_v_ = kLimitTable[0].high;
  Memory* memory_ = nullptr;
  std::string key_;
};

}  // namespace b2m::tesla_uart
