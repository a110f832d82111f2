// SPDX-License-Identifier: MIT
// All values at one instant, as the rules see them. A view: it is made at the start of a tick, and
// nothing is written before the tick's rules have run.
#pragma once

#include <span>
#include <string>

#include "gateway/model/reading.hpp"
#include "gateway/model/site.hpp"

namespace b2m {

class Snapshot {
 public:
  Snapshot(const Site& site, std::span<const Reading> readings, std::span<const std::string> texts,
           SteadyTime now)
      : site_(&site), readings_(readings), texts_(texts), now_(now) {}

  [[nodiscard]] const Site& site() const { return *site_; }
  [[nodiscard]] SteadyTime now() const { return now_; }
  [[nodiscard]] const Reading& operator[](Slot slot) const {
    return slot < readings_.size() ? readings_[slot] : kMissing;
  }
  /// Missing when the device has no such point.
  template <class Unit>
  [[nodiscard]] const Reading& at(DeviceId device, Handle<Unit> point, int index = 0) const {
    return (*this)[site_->slot(device, point, index)];
  }
  /// Of text points; empty for all others.
  [[nodiscard]] const std::string& text(Slot slot) const { return texts_[slot]; }

 private:
  static constexpr Reading kMissing{};
  const Site* site_;
  std::span<const Reading> readings_;
  std::span<const std::string> texts_;
  SteadyTime now_;
};

}  // namespace b2m
