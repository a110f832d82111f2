// SPDX-License-Identifier: MIT
// What has been handed to Paho and is neither delivered nor lost yet. Places are used again, so
// that a message costs no allocation here.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "gateway/mqtt/link.hpp"

namespace b2m::mqtt {

class InFlight {
 public:
  explicit InFlight(std::size_t places) : slots_(places) {
    for (std::size_t i = places; i > 0; --i) free_.push_back(i - 1);
  }

  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] bool full() const { return free_.empty(); }
  [[nodiscard]] std::size_t size() const { return slots_.size() - free_.size(); }
  /// Those that the broker has to acknowledge.
  [[nodiscard]] std::size_t unacknowledged() const { return unacknowledged_; }
  [[nodiscard]] bool has_history() const { return history_ > 0; }

  /// Needs a free place. The id is never 0 and grows.
  std::uintptr_t add(Outgoing message);
  [[nodiscard]] const Outgoing& at(std::uintptr_t id) const {
    return slots_[id % slots_.size()].message;
  }
  [[nodiscard]] bool holds(std::uintptr_t id) const {
    return id != 0 && slots_[id % slots_.size()].id == id;
  }
  /// Nothing when it has been taken before.
  std::optional<Outgoing> take(std::uintptr_t id);
  /// All of them, the last one first.
  std::vector<Outgoing> take_all();

 private:
  struct Slot {
    std::uintptr_t id = 0;  // 0: free
    Outgoing message;
  };
  std::vector<Slot> slots_;
  std::vector<std::size_t> free_;
  std::uintptr_t round_ = 0;
  std::size_t unacknowledged_ = 0;
  std::size_t history_ = 0;
};

}  // namespace b2m::mqtt
