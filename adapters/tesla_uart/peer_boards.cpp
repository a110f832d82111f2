// SPDX-License-Identifier: MIT
// What happens to the boards of a simulated ring while time passes and things break.
#include <fmt/format.h>

#include "adapters/tesla_uart/peer_ring.hpp"

namespace b2m::tesla_uart::peer {
namespace {

// Where a fault names no value.
constexpr double kCell_v = 4.5, kWeak_mohm = 20, kHot_c = 70;
constexpr double kMilli = 1000;

bool is_part(const RingFault& fault, std::size_t part) {
  return fault.cell == 0 || static_cast<std::size_t>(fault.cell) == part + 1;
}

}  // namespace

// Events in their order: boards on one bench must not run ahead of each other.
void Ring::advance_to(SteadyTime now) {
  if (faults_.forget_old(now)) apply_faults();
  while (next_event_ <= now) {
    const SteadyTime event = next_event_;
    next_event_ = SteadyTime::max();
    for (const Board& board : boards_) {
      board.chip->advance_to(event);
      next_event_ = std::min(next_event_, board.chip->next(event));
    }
  }
  for (const Board& board : boards_) board.chip->advance_to(now);
  for (std::size_t place = 0; place < boards_.size(); ++place) tell_bleed(place);
  looked_at_ = now;
}

bool Ring::inject(const RingFault& fault, SteadyTime now) {
  const auto count = static_cast<int>(boards_.size());
  const double other = fault.value.value_or(fault.module + 1);
  if (fault.kind == RingFaultKind::unplug || fault.module > count) return false;
  const int wired = count - (has_extra_ ? 1 : 0);
  if (fault.kind == RingFaultKind::swapped &&
      (swapped_ || fault.module < 1 || fault.module > wired || other < 1 || other > wired))
    return false;
  advance_to(now);
  if (fault.kind == RingFaultKind::board_reset) {
    for (int place = 0; place < count; ++place)
      if (fault.module == 0 || fault.module == place + 1)
        chip(static_cast<std::size_t>(place)).reset();
    return true;
  }
  faults_.add(fault, now);
  if (fault.kind == RingFaultKind::swapped) {
    swapped_ = {static_cast<std::size_t>(fault.module) - 1, static_cast<std::size_t>(other) - 1};
    std::swap(boards_[swapped_->first], boards_[swapped_->second]);
  }
  apply_faults();
  return true;
}

void Ring::clear_faults() {
  faults_.clear();
  apply_faults();
}

void Ring::apply_faults() {
  if (swapped_ && !faults_.has(RingFaultKind::swapped, FaultList::kAny)) {
    std::swap(boards_[swapped_->first], boards_[swapped_->second]);
    swapped_.reset();
  }
  arrange_extra(faults_.has(RingFaultKind::extra_module, FaultList::kAny));
  for (std::size_t place = 0; place < boards_.size(); ++place) apply_to(place);
}

void Ring::arrange_extra(bool is_wanted) {
  if (is_wanted == has_extra_) return;
  if (is_wanted)
    boards_.push_back(make_board(std::make_unique<FixedCells>()));
  else
    boards_.pop_back();
  has_extra_ = is_wanted;
}

void Ring::apply_to(std::size_t place) {
  Board& board = boards_[place];
  const int module = static_cast<int>(place) + 1;
  power(board, !faults_.has(RingFaultKind::dead, module));
  ChipFaults faults;
  faults.is_stuck = faults_.has(RingFaultKind::stuck, module);
  faults.never_finishes = faults_.has(RingFaultKind::no_data_ready, module);
  apply_to_values(faults, module);
  board.chip->faults = faults;
}

void Ring::apply_to_values(ChipFaults& faults, int module) const {
  for (std::size_t cell = 0; cell < kCells; ++cell) {
    faults_.each(RingFaultKind::cell_voltage, module, [&](const RingFault& f) {
      if (is_part(f, cell)) faults.voltages[cell] = Volts(f.value.value_or(kCell_v));
    });
    faults_.each(RingFaultKind::weak_cell, module, [&](const RingFault& f) {
      if (is_part(f, cell)) faults.weakness[cell] = Ohms(f.value.value_or(kWeak_mohm) / kMilli);
    });
  }
  for (std::size_t sensor = 0; sensor < kSensors; ++sensor) {
    faults_.each(RingFaultKind::cell_temperature, module, [&](const RingFault& f) {
      if (is_part(f, sensor)) faults.temperatures[sensor] = Celsius(f.value.value_or(kHot_c));
    });
    faults_.each(RingFaultKind::open_sensor, module, [&](const RingFault& f) {
      if (is_part(f, sensor)) faults.is_open[sensor] = true;
    });
    faults_.each(RingFaultKind::shorted_sensor, module, [&](const RingFault& f) {
      if (is_part(f, sensor)) faults.is_shorted[sensor] = true;
    });
  }
}

/// Without power nothing bleeds, and with it again nothing is remembered.
void Ring::power(Board& board, bool is_powered) {
  if (board.is_powered != is_powered) board.chip->reset();
  board.is_powered = is_powered;
}

void Ring::tell_bleed(std::size_t place) {
  Board& board = boards_[place];
  const std::uint8_t mask = board.chip->bleeding();
  if (std::exchange(board.bleed, mask) == mask || !say_) return;
  std::string cells;
  for (std::size_t cell = 0; cell < kCells; ++cell)
    if (mask >> cell & 1) cells += fmt::format("{}{}", cells.empty() ? "" : ",", cell + 1);
  say_(fmt::format("ring id={} module={} bleed={}", settings_.id, place + 1,
                   cells.empty() ? "none" : cells));
}

}  // namespace b2m::tesla_uart::peer
