// SPDX-License-Identifier: MIT
#include "gateway/mqtt/in_flight.hpp"

#include <algorithm>
#include <functional>

namespace b2m::mqtt {

std::uintptr_t InFlight::add(Outgoing message) {
  const std::size_t place = free_.back();
  free_.pop_back();
  if (message.qos > 0) ++unacknowledged_;
  if (message.lane == Lane::history) ++history_;
  Slot& slot = slots_[place];
  slot.id = ++round_ * slots_.size() + place;
  slot.message = std::move(message);
  return slot.id;
}

std::optional<Outgoing> InFlight::take(std::uintptr_t id) {
  if (!holds(id)) return std::nullopt;
  const std::size_t place = id % slots_.size();
  Slot& slot = slots_[place];
  slot.id = 0;
  free_.push_back(place);
  if (slot.message.qos > 0) --unacknowledged_;
  if (slot.message.lane == Lane::history) --history_;
  return std::move(slot.message);
}

std::vector<Outgoing> InFlight::take_all() {
  std::vector<std::uintptr_t> ids;
  for (const Slot& slot : slots_)
    if (slot.id != 0) ids.push_back(slot.id);
  std::sort(ids.begin(), ids.end(), std::greater<>());
  std::vector<Outgoing> all;
  for (const std::uintptr_t id : ids) all.push_back(std::move(*take(id)));
  return all;
}

}  // namespace b2m::mqtt
