// SPDX-License-Identifier: MIT
// The filters of a bus, for the transports that have no kernel to apply them.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "gateway/io/can_bus.hpp"

namespace b2m {

class CanGate {
 public:
  explicit CanGate(std::span<const CanFilter> filters) {
    for (const CanFilter& f : filters) keys_.push_back(key(f.id, f.extended));
    std::sort(keys_.begin(), keys_.end());
  }

  [[nodiscard]] bool passes(const CanFrame& frame) const {
    if (frame.error || keys_.empty()) return true;
    return !frame.remote &&
           std::binary_search(keys_.begin(), keys_.end(), key(frame.id, frame.extended));
  }

 private:
  static std::uint32_t key(std::uint32_t id, bool extended) {
    constexpr std::uint32_t kExtended = 0x8000'0000;
    return extended ? id | kExtended : id;
  }

  std::vector<std::uint32_t> keys_;
};

}  // namespace b2m
