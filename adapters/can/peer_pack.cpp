// SPDX-License-Identifier: MIT
// The bytes: docs/protocols/pican2.md, "Data frames" and "Charging".
#include "adapters/can/peer_pack.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace b2m::can {
namespace {

constexpr SteadyDuration kSecond = std::chrono::seconds(1);
constexpr SteadyDuration kChargeHold = std::chrono::seconds(5);
constexpr std::uint8_t kVoltageOf = 0x20;  // high half of the selector
constexpr std::uint8_t kTemperatureOf = 0x10;
constexpr std::uint8_t kChargeSelector = 0x31;
constexpr std::uint8_t kErrorSelector = 0x41;
constexpr std::uint16_t kNotAvailable = 0xFFFF;
constexpr double kStepsPerUnit = 100;  // 10 mV, 0.01 degrees
constexpr double kWrongLength = 2;
constexpr double kUnknownId = 0x7A0;

CanFrame three_bytes(std::uint32_t id, std::uint16_t value, std::uint8_t selector) {
  CanFrame frame;
  frame.id = id;
  frame.length = 3;
  frame.data[0] = static_cast<std::uint8_t>(value & 0xFF);
  frame.data[1] = static_cast<std::uint8_t>(value >> 8);
  frame.data[2] = selector;
  return frame;
}

std::uint16_t to_raw(double value) {
  if (std::isnan(value)) return kNotAvailable;
  const double steps = std::clamp(std::round(value * kStepsPerUnit), -32768.0, 65534.0);
  return static_cast<std::uint16_t>(static_cast<std::int32_t>(steps) & 0xFFFF);
}

}  // namespace

PackPeer::PackPeer(const PackPeerSettings& settings, sim::Bench& bench, Say say)
    : settings_(settings),
      bench_(bench),
      say_(std::move(say)),
      cells_(static_cast<int>(bench.state().voltages.size())),
      slot_length_(settings.interval / (2 * cells_)) {}

void PackPeer::step(SteadyTime now, std::vector<CanFrame>& out) {
  if (next_slot_ + settings_.interval < now) next_slot_ = now;  // the start, or a long sleep
  if (next_second_ + kSecond < now) next_second_ = now;
  forget_old_faults(now);
  bench_.advance_to(now);
  watch_charging(now);
  for (; next_slot_ <= now; next_slot_ += slot_length_) send_value(out);
  for (; next_second_ <= now; next_second_ += kSecond) each_second(out);
}

SteadyTime PackPeer::next(SteadyTime now) const {
  const SteadyTime next = std::min(next_slot_, next_second_);
  const bool is_held = bench_.is_charging() && charge_until_ > now;
  return is_held ? std::min(next, charge_until_) : next;
}

void PackPeer::hear(const CanFrame& frame, SteadyTime now, std::vector<CanFrame>& out) {
  if (settings_.charge_id == 0 || frame.id != settings_.charge_id || frame.extended ||
      frame.remote || frame.error || frame.length != 3 || frame.data[1] != 0 ||
      frame.data[2] != kChargeSelector || frame.data[0] > 1)
    return;
  const bool wants_on = frame.data[0] == 1;
  bench_.advance_to(now);
  forget_old_faults(now);
  if (wants_on && !active(FaultKind::ignores_on)) {
    charge_until_ = now + kChargeHold;
    set_charging(true, "command");
  } else if (!wants_on && !active(FaultKind::ignores_off)) {
    set_charging(false, "command");
  }
  if (settings_.ack_id != 0 && !active(FaultKind::no_ack) && !active(FaultKind::silent))
    out.push_back(acknowledgement());
}

void PackPeer::inject(const Fault& fault, SteadyTime now) {
  const bool ends = fault.lasts < SteadyTime::max() - now;
  faults_.push_back({fault, ends ? now + fault.lasts : SteadyTime::max()});
  if (fault.kind == FaultKind::frozen) frozen_ = bench_.readings();
}

void PackPeer::forget_old_faults(SteadyTime now) {
  std::erase_if(faults_, [&](const ActiveFault& a) { return a.until <= now; });
}

const Fault* PackPeer::active(FaultKind kind, int cell) const {
  for (const ActiveFault& a : faults_)
    if (a.fault.kind == kind && (a.fault.cell == 0 || a.fault.cell == cell)) return &a.fault;
  return nullptr;
}

std::optional<std::uint16_t> PackPeer::take_spike(int cell) {
  const Fault* spike = active(FaultKind::spike, cell);
  if (!spike) return std::nullopt;
  const double raw = spike->value.value_or(kNotAvailable);
  std::erase_if(faults_, [&](const ActiveFault& a) { return &a.fault == spike; });
  return static_cast<std::uint16_t>(std::clamp(raw, 0.0, 65535.0));
}

void PackPeer::send_value(std::vector<CanFrame>& out) {
  const bool is_voltage = slot_ < cells_;
  const int cell = slot_ % cells_ + 1;
  slot_ = (slot_ + 1) % (2 * cells_);
  const auto number = static_cast<std::uint8_t>(cell);
  const auto selector =
      static_cast<std::uint8_t>((is_voltage ? kVoltageOf : kTemperatureOf) | number);
  if (active(FaultKind::silent, cell)) return;
  const std::uint16_t raw = raw_value(is_voltage, cell);
  out.push_back(spoiled(three_bytes(settings_.data_id, raw, selector), cell));
  if (const Fault* f = active(FaultKind::unknown_id, cell))
    out.push_back(
        three_bytes(static_cast<std::uint32_t>(f->value.value_or(kUnknownId)), raw, selector));
}

std::uint16_t PackPeer::raw_value(bool is_voltage, int cell) {
  if (is_voltage)
    if (const auto spike = take_spike(cell)) return *spike;
  const auto kind = is_voltage ? FaultKind::cell_voltage : FaultKind::cell_temperature;
  if (const Fault* f = active(kind, cell); f && f->value) return to_raw(*f->value);
  const sim::PackState& state = active(FaultKind::frozen, cell) ? frozen_ : bench_.readings();
  const auto i = static_cast<std::size_t>(cell - 1);
  return to_raw(is_voltage ? state.voltages[i].value : state.temperatures[i].value);
}

CanFrame PackPeer::spoiled(CanFrame frame, int cell) const {
  if (const Fault* f = active(FaultKind::wrong_length, cell))
    frame.length = static_cast<std::uint8_t>(std::clamp(f->value.value_or(kWrongLength), 0.0, 8.0));
  if (active(FaultKind::remote, cell)) frame.remote = true;
  if (active(FaultKind::extended, cell)) frame.extended = true;
  return frame;
}

void PackPeer::each_second(std::vector<CanFrame>& out) {
  if (active(FaultKind::silent)) return;
  if (settings_.ack_id != 0 && !active(FaultKind::no_ack)) out.push_back(acknowledgement());
  if (const Fault* f = active(FaultKind::error_id); f && settings_.error_id != 0)
    out.push_back(three_bytes(settings_.error_id, static_cast<std::uint16_t>(f->value.value_or(1)),
                              kErrorSelector));
}

void PackPeer::watch_charging(SteadyTime now) {
  if (bench_.is_charging() && now >= charge_until_ && !active(FaultKind::ignores_off))
    set_charging(false, "timeout");
}

void PackPeer::set_charging(bool is_on, std::string_view cause) {
  if (bench_.is_charging() == is_on) return;
  bench_.charge(is_on);
  say_(
      fmt::format("bms part={} charging={} cause={}", settings_.part, is_on ? "on" : "off", cause));
}

CanFrame PackPeer::acknowledgement() const {
  return three_bytes(settings_.ack_id, bench_.is_charging() ? 1 : 0, kChargeSelector);
}

}  // namespace b2m::can
