// SPDX-License-Identifier: MIT
// Orders: carried out at once and read back at once.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "adapters/simulator/adapter.hpp"

namespace b2m::simulator {
namespace {

/// An order to charge holds that long, as with a BMS board on CAN.
constexpr SteadyDuration kChargeHold = std::chrono::seconds(5);
/// A bleed that comes without a time of its own, and the longest that one may have.
constexpr double kBleed_s = 30, kLongestBleed_s = 3780;
/// A heater has its own guard: nobody repeats its order.
constexpr SteadyDuration kLongestHeat = std::chrono::minutes(10);
constexpr double kMostValue = 1e6;

}  // namespace

Awaitable<Result<>> SimulatorAdapter::execute(Order order) {
  if (!inbox_) co_return Error(Errc::disconnected, settings_.id + " is not being simulated now");
  if (order.part != kPart) co_return Errc::unknown_device;
  catch_up();
  const Result<> done = carry_out(order);
  if (done) post();
  co_return done;
}

Result<> SimulatorAdapter::carry_out(const Order& order) {
  if (order.row == point::charging.row) return order_charge(order);
  if (order.row == point::cell_bleed.row) return order_bleed(order);
  return order_own(order);
}

Result<> SimulatorAdapter::order_charge(const Order& order) {
  if (order.value != 0 && !is_contactor_on_)
    return Error(Errc::refused, fmt::format("the simulated contactor of {} is open; close it with "
                                            "simulated_contactor first",
                                            settings_.id));
  bench_->charge(order.value != 0);
  charge_until_.reset();
  if (order.value != 0) charge_until_ = clock_.now() + kChargeHold;
  return {};
}

Result<> SimulatorAdapter::order_bleed(const Order& order) {
  const int module = settings_.modules > 1 ? order.module - 1 : 0;
  if (module < 0 || module >= settings_.modules || order.index < 0 ||
      order.index >= settings_.cells)
    return Errc::unknown_device;
  if (settings_.bleed_ohm <= 0)
    return Error(
        Errc::not_supported,
        fmt::format("[[simulator]] {} has no bleed resistors: bleed_ohm = 0", settings_.id));
  const auto cell = static_cast<std::size_t>(module * settings_.cells + order.index);
  if (order.value == 0) {
    bleed(cell, false);
    return {};
  }
  if (order.keep && !bleed_until_[cell])
    return Error(Errc::refused, fmt::format("cell {} does not bleed any more", cell + 1));
  const double guard_s = order.guard_s > 0 ? std::min(order.guard_s, kLongestBleed_s) : kBleed_s;
  bleed(cell, true);
  bleed_until_[cell] = clock_.now() + from_seconds(guard_s);
  return {};
}

void SimulatorAdapter::bleed(std::size_t cell, bool is_on) {
  if (!is_on) bleed_until_[cell].reset();
  bench_->bleed(cell, Ohms(is_on ? settings_.bleed_ohm : 0));
}

Result<> SimulatorAdapter::order_own(const Order& order) {
  if (!(std::abs(order.value) <= kMostValue)) return Errc::out_of_range;  // or not a number
  if (order.row == row(Row::fault)) return choose_fault(static_cast<int>(order.value), fault_cell_);
  if (order.row == row(Row::fault_cell))
    return choose_fault(fault_, static_cast<int>(std::lround(order.value)));
  if (order.row == row(Row::load)) {
    bench_->set_load(Amperes(std::clamp(order.value, 0.0, kMostLoad_a)));
    return {};
  }
  if (order.row == row(Row::contactor)) return order_contactor(order.value != 0);
  if (order.row != row(Row::heater) || settings_.heater_w <= 0) return Errc::not_supported;
  heat(order.value != 0);
  return {};
}

void SimulatorAdapter::heat(bool is_on) {
  heat_until_.reset();
  if (is_on) heat_until_ = clock_.now() + kLongestHeat;
  bench_->heat(is_on);
}

/// Charging ends with the contactor, so that closing it again does not charge by itself.
Result<> SimulatorAdapter::order_contactor(bool is_closed) {
  is_contactor_on_ = is_closed;
  bench_->close_contactor(is_closed);
  if (is_closed) return {};
  bench_->charge(false);
  charge_until_.reset();
  return {};
}

/// One at a time; the one before is gone.
Result<> SimulatorAdapter::choose_fault(int fault, int cell) {
  if (fault < 0 || static_cast<std::size_t>(fault) >= kFaultWords.size())
    return Error(Errc::out_of_range, fmt::format("there is no simulated fault {}", fault));
  if (cell < 0 || cell > settings_.all_cells())
    return Error(Errc::out_of_range, fmt::format("the pack has no cell {}: 1 to {}, or 0 for all",
                                                 cell, settings_.all_cells()));
  fault_ = fault;
  fault_cell_ = cell;
  bench_->clear_faults();
  if (fault == 0) return {};
  sim::PackFault injected;
  injected.kind = static_cast<sim::PackFaultKind>(fault - 1);
  injected.cell = cell;
  bench_->inject(injected);
  return {};
}

}  // namespace b2m::simulator
