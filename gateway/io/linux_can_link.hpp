// SPDX-License-Identifier: MIT
// A kernel CAN interface as something to set up and to ask: bit rate, state, counters, restart.
#pragma once

#include "gateway/io/can_bus.hpp"

namespace b2m {

class CanLink {
 public:
  explicit CanLink(std::string name) : name_(std::move(name)) {}

  /// Brings the interface up as asked, or says in words what is in the way.
  Result<> bring_up(const CanOpening& opening);
  /// State and counters from the driver; leaves alone what it does not know.
  void refresh(CanStatus& status);
  /// True when bus-off lasts until somebody calls restart().
  [[nodiscard]] bool restarts_by_hand() const { return has_controller_ && restart_ms_ == 0; }
  Result<> restart();

 private:
  Result<> check_exists() const;
  Result<> check_running(const CanOpening& opening);
  Result<> configure(const CanOpening& opening);
  Error in_the_way(const CanOpening& opening, const std::string& what,
                   bool is_forbidden = false) const;
  void remember();

  std::string name_;
  bool has_controller_ = false;
  std::uint32_t restart_ms_ = 0;
  std::uint64_t bus_offs_before_ = 0;
  std::uint64_t restarts_before_ = 0;
};

}  // namespace b2m
