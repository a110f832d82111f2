// SPDX-License-Identifier: MIT
// The batteries of a virtual site, whatever peer shows them: all of them by name, with their
// faults.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/virtual_battery.hpp"

namespace b2m::app {

using WorldBattery = config::VirtualBattery;
using config::with_battery;

class WorldBenches {
 public:
  using Say = std::function<void(const std::string& line)>;

  WorldBenches(config::FindProfile find_profile, Say say)
      : find_profile_(std::move(find_profile)), say_(std::move(say)) {}

  /// The bench lives as long as this does.
  Result<sim::Bench*> add(std::string name, const WorldBattery& battery, std::uint64_t seed);
  /// Null where there is none.
  [[nodiscard]] sim::Bench* find(std::string_view name) const;
  /// Of the named battery; empty: of every one.
  void inject(const std::string& name, const sim::PackFault& fault);
  void clear_faults();

 private:
  struct Named {
    std::string name;  // "BUS/PART"
    std::unique_ptr<sim::Bench> bench;
  };
  config::FindProfile find_profile_;
  Say say_;
  std::vector<Named> benches_;
};

}  // namespace b2m::app
