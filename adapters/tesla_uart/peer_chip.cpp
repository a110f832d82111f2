// SPDX-License-Identifier: MIT
// Facts: docs/protocols/tesla-uart.md A4 to A6. Where they are silent the chip does what is least
// comfortable for its master: the mask can still be read after the timer has ended the bleed.
#include "adapters/tesla_uart/peer_chip.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace b2m::tesla_uart::peer {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::uint8_t kFactory[] = {0x10, 0x80, 0x31, 0x81, 0x08, 0x81, 0x66, 0xFF, 0x15};
constexpr unsigned kAddressed = 0x80, kHasFault = 0x40, kHasAlert = 0x20, kBleeds = 0x02,
                   kDataReady = 0x01;
constexpr unsigned kAlertNoAddress = 0x80, kAlertSleep = 0x04;
constexpr unsigned kFaultPowerOn = 0x08, kFaultChecksum = 0x04, kFaultUnder = 0x02,
                   kFaultOver = 0x01;
constexpr unsigned kSleep = 0x04, kDisabled = 0x80;
constexpr std::uint8_t kAllCells = 0x3F;
constexpr std::uint8_t kMinutes = 0x80;
constexpr int kConversions_us[] = {3, 6, 12, 24};  // of one input, by FUNCTION_CONFIG

constexpr std::uint8_t byte(unsigned value) { return static_cast<std::uint8_t>(value & 0xFF); }
constexpr std::uint8_t cell_register(std::size_t cell) {
  return static_cast<std::uint8_t>(reg::kCell + 2 * cell);
}
constexpr std::uint8_t sensor_register(std::size_t sensor) {
  return static_cast<std::uint8_t>(reg::kSensor + 2 * sensor);
}

/// CONFIG_COVT and CONFIG_CUVT.
SteadyDuration delay_of(std::uint8_t config) {
  const int hundreds = (config & 0x1F) * 100;
  if (config & 0x80) return milliseconds(hundreds);
  return microseconds(hundreds);
}

bool is_forbidden(std::uint8_t at) { return at == reg::kTest || at == reg::kProgram; }
bool is_writable(std::uint8_t at) {
  return (at >= reg::kAdcControl && at <= reg::kConvert) ||
         (at >= reg::kThresholds && at < reg::kThresholds + 8);
}

}  // namespace

Chip::Chip(const ChipSettings& settings, std::unique_ptr<ModuleCells> cells)
    : settings_(settings), cells_(std::move(cells)) {
  reset();
}

void Chip::reset() {
  switch_bleeders(0);
  registers_.fill(0);
  sampled_.fill(0);
  std::ranges::copy(kFactory, registers_.begin() + reg::kThresholds);
  registers_[reg::kAlert] = kAlertNoAddress;
  registers_[reg::kFault] = kFaultPowerOn;
  held_.fill(0);
  converted_at_.reset();
  bleed_ends_.reset();
  has_data_ = is_unlocked_ = false;
  can_arm_ = true;
  over_.fill({});
  under_.fill({});
  hot_.fill({});
}

void Chip::advance_to(SteadyTime now) {
  now_ = now;
  cells_->advance_to(now);
  if (converted_at_ && *converted_at_ <= now && !faults.never_finishes) {
    converted_at_.reset();
    has_data_ = true;
    std::copy(sampled_.begin(), sampled_.begin() + reg::kAlert, registers_.begin());
    registers_[reg::kConvert] = 0;
  }
  if (bleed_ends_ && *bleed_ends_ <= now) {
    bleed_ends_.reset();
    switch_bleeders(0);
  }
  compare();
}

SteadyTime Chip::next(SteadyTime now) const {
  return bleed_ends_ && *bleed_ends_ > now ? *bleed_ends_ : SteadyTime::max();
}

std::uint8_t Chip::read(std::uint8_t at) const {
  if (forced_[at]) return *forced_[at];
  if (at == reg::kStatus) return status();
  return at < kRegisters ? registers_[at] : byte(0);
}

void Chip::write(std::uint8_t at, std::uint8_t value) {
  if (is_forbidden(at)) ++spoiled_;
  if (at >= reg::kThresholds && !std::exchange(is_unlocked_, false)) return;
  if (at == reg::kUnlock) is_unlocked_ = value == kUnlockKey;
  if (at == reg::kReset && value == kResetKey) return reset();
  if (at == reg::kAlert || at == reg::kFault) return clear_flags(at, value);
  if (at == reg::kAddress) return set_address(value);
  if (at == reg::kBleed) return set_bleed(value & kAllCells);
  if (!is_writable(at)) return;
  const bool falls_asleep = at == reg::kIoControl && (value & kSleep) != 0 && !is_asleep();
  registers_[at] = value;
  if (at == reg::kConvert && (value & 1) != 0) start_conversion();
  if (at == reg::kBleedTime && bleed_time() == SteadyDuration::zero()) set_bleed(0);
  if (falls_asleep) {
    set_bleed(0);
    raise(reg::kAlert, kAlertSleep);
  }
}

void Chip::hear_bad_checksum() { raise(reg::kFault, kFaultChecksum); }

std::uint8_t Chip::address() const {
  const std::uint8_t given = registers_[reg::kAddress];
  return given & 0x80 ? given & 0x3F : byte(0);
}

void Chip::set_address(std::uint8_t value) {
  const unsigned address = value & 0x3F;
  const bool is_valid = (value & 0x80) != 0 && address != 0 && address != kBroadcast;
  registers_[reg::kAddress] = byte(address | (is_valid ? 0x80U : 0U));
}

std::uint8_t Chip::status() const {
  return byte((address() != 0 ? kAddressed : 0U) | (registers_[reg::kFault] ? kHasFault : 0U) |
              (registers_[reg::kAlert] ? kHasAlert : 0U) | (bleed_ends_ ? kBleeds : 0U) |
              (has_data_ ? kDataReady : 0U));
}

bool Chip::is_asleep() const { return (registers_[reg::kIoControl] & kSleep) != 0; }

// A flag that was written 1 stays away until it is written 0.
void Chip::clear_flags(std::uint8_t at, std::uint8_t value) {
  held_[at - reg::kAlert] = value;
  registers_[at] = byte(registers_[at] & ~unsigned{value});
  compare();
}

void Chip::raise(std::uint8_t at, unsigned bits) {
  registers_[at] = byte(registers_[at] | (bits & ~unsigned{held_[at - reg::kAlert]}));
}

// Measured at the start, so that boards told so at once give one picture.
void Chip::start_conversion() {
  has_data_ = false;
  if (is_asleep()) return;
  converted_at_ = now_ + conversion_time();
  if (!faults.is_stuck) sample();
}

SteadyDuration Chip::conversion_time() const {
  const unsigned control = registers_[reg::kAdcControl];
  const int inputs = static_cast<int>((control & 7) + 1 + (control >> 3 & 1) + (control >> 4 & 1) +
                                      (control >> 5 & 1));
  const int each_us = kConversions_us[registers_[reg::kFunction] >> 6];
  return settings_.conversion + microseconds(inputs * each_us);
}

void Chip::sample() {
  const unsigned control = registers_[reg::kAdcControl];
  Volts sum;
  for (std::size_t cell = 0; cell < kCells; ++cell) {
    const Volts voltage = measured(cell);
    sum += voltage;
    if (cell <= (control & 7)) store(cell_register(cell), raw_cell(voltage));
  }
  if (control & 0x08) store(reg::kModule, raw_module(sum));
  for (std::size_t sensor = 0; sensor < kSensors; ++sensor)
    if (control & 0x10U << sensor) store(sensor_register(sensor), measured_sensor(sensor));
}

void Chip::store(std::uint8_t at, std::uint16_t raw) {
  sampled_[at] = byte(raw >> 8U);
  sampled_[at + 1U] = byte(raw);
}

Volts Chip::real(std::size_t cell) const {
  if (faults.voltages[cell]) return *faults.voltages[cell];
  return cells_->voltage(cell) + cells_->current() * faults.weakness[cell];
}

Volts Chip::measured(std::size_t cell) const {
  const auto bled = [&](std::size_t c) {
    return is_bleeding(c) ? real(c) / settings_.bleed : Amperes();
  };
  Amperes through = bled(cell) * 2;  // neighbours share a wire, with opposite currents
  if (cell > 0) through += -bled(cell - 1);
  if (cell + 1 < kCells) through += -bled(cell + 1);
  const Volts settled = through * settings_.wiring;
  const double old = settings_.settle > SteadyDuration::zero()
                         ? std::exp(-to_seconds(now_ - switched_at_) / to_seconds(settings_.settle))
                         : 0;
  return real(cell) - settled - (lost_[cell] - settled) * old;
}

Celsius Chip::real_temperature(std::size_t sensor) const {
  return faults.temperatures[sensor].value_or(cells_->temperature(sensor));
}

std::uint16_t Chip::measured_sensor(std::size_t sensor) const {
  const bool is_powered = (registers_[reg::kIoControl] & 1U << sensor) != 0;
  if (!is_powered || faults.is_open[sensor]) return 0;
  constexpr std::uint16_t kMost = 16383;
  return faults.is_shorted[sensor] ? kMost : raw_sensor(sensor, real_temperature(sensor));
}

SteadyDuration Chip::bleed_time() const {
  const std::uint8_t time = registers_[reg::kBleedTime];
  const int count = time & 0x3F;
  if (time & kMinutes) return std::chrono::minutes(count);
  return std::chrono::seconds(count);
}

void Chip::set_bleed(std::uint8_t mask) {
  registers_[reg::kBleed] = mask;
  if (mask == 0) {
    bleed_ends_.reset();
    can_arm_ = true;
    return switch_bleeders(0);
  }
  if (!bleed_ends_) {
    if (!can_arm_ || is_asleep() || bleed_time() == SteadyDuration::zero()) return;
    bleed_ends_ = now_ + bleed_time();
    can_arm_ = false;
  }
  switch_bleeders(mask);
}

void Chip::switch_bleeders(std::uint8_t mask) {
  if (mask == bleeding_) return;
  std::array<Volts, kCells> lost;
  for (std::size_t cell = 0; cell < kCells; ++cell) lost[cell] = real(cell) - measured(cell);
  lost_ = lost;
  switched_at_ = now_;
  bleeding_ = mask;
  for (std::size_t cell = 0; cell < kCells; ++cell)
    cells_->bleed(cell, is_bleeding(cell) ? settings_.bleed : Ohms());
}

void Chip::Comparator::look(bool is_beyond, SteadyDuration delay, SteadyTime now) {
  if (!is_beyond) since.reset();
  if (is_beyond && !since) since = now;
  is_tripped = since && now - *since >= delay;
}

void Chip::compare() {
  if (address() == 0) raise(reg::kAlert, kAlertNoAddress);
  if (is_asleep()) return;
  compare_cells();
  compare_sensors();
}

void Chip::compare_cells() {
  const unsigned over = registers_[reg::kOverLimit], under = registers_[reg::kUnderLimit];
  const Volts high(2.0 + 0.05 * (over & 0x3F)), low(0.7 + 0.1 * (under & 0x1F));
  unsigned over_mask = 0, under_mask = 0;
  for (std::size_t cell = 0; cell < kCells; ++cell) {
    const Volts voltage = real(cell);
    over_[cell].look(!(over & kDisabled) && voltage > high, delay_of(registers_[reg::kOverDelay]),
                     now_);
    under_[cell].look(!(under & kDisabled) && voltage < low, delay_of(registers_[reg::kUnderDelay]),
                      now_);
    over_mask |= (over_[cell].is_tripped ? 1U : 0U) << cell;
    under_mask |= (under_[cell].is_tripped ? 1U : 0U) << cell;
  }
  registers_[reg::kOver] = byte(over_mask);
  registers_[reg::kUnder] = byte(under_mask);
  raise(reg::kFault, (over_mask ? kFaultOver : 0U) | (under_mask ? kFaultUnder : 0U));
}

void Chip::compare_sensors() {
  const SteadyDuration delay = milliseconds(registers_[reg::kHotDelay] * 10);
  for (std::size_t sensor = 0; sensor < kSensors; ++sensor) {
    const int step = registers_[reg::kHotLimit] >> (4 * sensor) & 0x0F;
    const bool is_hot = step > 0 && real_temperature(sensor).value > 35 + 5 * step;
    hot_[sensor].look(is_hot, delay, now_);
    if (hot_[sensor].is_tripped) raise(reg::kAlert, 1U << sensor);
  }
}

}  // namespace b2m::tesla_uart::peer
