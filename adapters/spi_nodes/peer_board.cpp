// SPDX-License-Identifier: MIT
// Facts: docs/protocols/spi-cell-nodes.md. Where they are silent the node does what is least
// comfortable for its master: a cut exchange leaves its rest in the old node's register.
#include "adapters/spi_nodes/peer_board.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace b2m::spi_nodes::peer {
namespace {

constexpr double kFullDuty = 255;
constexpr double kProgramDivider = 5.7;
constexpr int kMost16 = 0xFFFF;

}  // namespace

Board::Board(const NodeWiring& wiring, const NodesPeerSettings& settings,
             std::unique_ptr<NodeCell> cell, Tell tell)
    : wiring_(wiring),
      settings_(settings),
      cell_(std::move(cell)),
      tell_(std::move(tell)),
      address_(wiring.address) {
  forget();
}

void Board::forget() {
  shift_ = wiring_.first_answer;
  bits_ = 0;
  drives_ = false;
  heard_.clear();
  saying_ = {};
  has_request_ = answers_ = has_told_restart_ = false;
  has_measured_ = false;
  lowest_mv_ = highest_mv_ = samples_ = 0;
  limits_ = {wiring_.bleed_floor_mv, wiring_.cell_maximum_mv};
  reason_ = reason::kNone;
  located_until_ = {};
}

void Board::power(bool is_on) {
  if (is_on == is_powered_) return;
  if (!is_on) end_bleed(reason::kNone, "restart");
  is_powered_ = is_on;
  forget();
  is_cold_ = true;
  if (is_on) ++restarts_;
}

void Board::restart() {
  end_bleed(reason::kNone, "restart");
  forget();
  is_cold_ = false;
  ++restarts_;
}

void Board::advance_to(SteadyTime now) {
  now_ = now;
  cell_->advance_to(now);
  if (!is_powered_) return;
  look_at_bleed();
  if (!has_measured_ || now - measured_at_ >= settings_.loop) measure();
}

SteadyTime Board::next() const {
  if (duty_ == 0) return SteadyTime::max();
  return std::min(bleed_until_, master_heard_ + settings_.patience);
}

// ---- the wire

void Board::select(SteadyTime now) {
  advance_to(now);
  bits_ = 0;
  heard_.clear();
  drives_ = is_powered_ && (wiring_.is_legacy || !is_shared_);
  if (wiring_.is_legacy || !is_powered_) return;
  measure();
  prepare_frame();
  shift_ = frame_[0];
}

std::optional<bool> Board::miso() const {
  if (!drives_) return std::nullopt;
  return (shift_ & 0x80) != 0;
}

void Board::clock(bool mosi) {
  shift_ = static_cast<std::uint8_t>(shift_ << 1 | (mosi ? 1 : 0));
  if (++bits_ % 8 == 0 && is_powered_) take_byte(shift_);
}

void Board::take_byte(std::uint8_t byte) {
  heard_.push_back(byte);
  const std::size_t next = heard_.size();
  if (wiring_.is_legacy) {
    if (faults.race) half_change();
    shift_ = old_answer(byte);
  } else if (heard_[0] == kRequestStart) {
    shift_ = next < kFrame ? frame_[next] : std::uint8_t{0};
    drives_ = answers_;
  } else {
    shift_ = old_answer(byte);
    drives_ = !is_shared_;
  }
}

std::uint8_t Board::old_answer(std::uint8_t byte) const { return byte == kAskLow ? low_ : high_; }

void Board::deselect() {
  drives_ = false;
  if (wiring_.is_legacy || heard_.size() != kFrame || bits_ != kFrame * 8) return;
  const bool is_filled =
      std::all_of(heard_.begin() + kFill, heard_.end(), [](auto b) { return b == 0; });
  if (heard_[0] == kRequestStart && is_filled) take_request();
}

// ---- measurements

void Board::measure() {
  has_measured_ = true;
  measured_at_ = now_;
  if (faults.is_frozen && samples_ > 0) return;
  const Volts input = at_input();
  adc_ = to_adc(input);
  millivolts_ =
      static_cast<int>(std::clamp<long>(std::lround(input.value * gain_ * 1000), 0, kMost16));
  lowest_mv_ = samples_ == 0 ? millivolts_ : std::min(lowest_mv_, millivolts_);
  highest_mv_ = samples_ == 0 ? millivolts_ : std::max(highest_mv_, millivolts_);
  samples_ = std::min(samples_ + 1, kMost16);
  next_centivolts_ = wiring_.is_legacy ? to_centivolts(adc_) : millivolts_ / 10;
  if (!wiring_.is_legacy || !faults.race) show(next_centivolts_);
}

void Board::show(int centivolts) {
  high_ = static_cast<std::uint8_t>(centivolts >> 8);
  low_ = static_cast<std::uint8_t>(centivolts & 0xFF);
}

/// The old program writes the two bytes one after the other, whatever is read in between.
void Board::half_change() {
  if (heard_.size() == *faults.race) low_ = static_cast<std::uint8_t>(next_centivolts_ & 0xFF);
  if (heard_.size() == *faults.race + 1) show(next_centivolts_);
}

Volts Board::at_input() const {
  const Volts cell = faults.voltage.value_or(cell_->voltage());
  return (cell - lost()) * (kProgramDivider / wiring_.divider * wiring_.gain);
}

Volts Board::lost() const {
  Volts now;
  if (duty_ > 0) now = cell_->voltage() / wiring_.bleed * wiring_.wiring * (duty_ / kFullDuty);
  const double old = settings_.settle > SteadyDuration::zero()
                         ? std::exp(-to_seconds(now_ - switched_at_) / to_seconds(settings_.settle))
                         : 0;
  return now + (lost_before_ - now) * old;
}

std::optional<Celsius> Board::temperature() const {
  if (!wiring_.has_sensor || faults.is_sensor_open) return std::nullopt;
  return faults.temperature.value_or(cell_->temperature());
}

// ---- bleed

void Board::look_at_bleed() {
  if (duty_ == 0) return;
  if (now_ >= bleed_until_) return end_bleed(reason::kTimeout, "timeout");
  if (now_ - master_heard_ >= settings_.patience) return end_bleed(reason::kSilence, "silence");
  const std::uint8_t why = inhibition();
  if (why != reason::kNone) end_bleed(why, why == reason::kHeat ? "heat" : "floor");
}

void Board::set_bleed(std::uint8_t duty, SteadyTime until, std::string_view by) {
  const bool changes = duty != duty_;
  const Volts before = lost();
  bleed_until_ = until;
  if (!changes) return;
  lost_before_ = before;
  switched_at_ = now_;
  duty_ = duty;
  cell_->bleed(duty > 0 ? wiring_.bleed * (kFullDuty / duty) : Ohms());
  tell_(duty > 0 ? fmt::format("bleed=on duty={} seconds={} by={}", duty,
                               std::lround(to_seconds(until - now_)), by)
                 : fmt::format("bleed=off by={}", by));
}

void Board::end_bleed(std::uint8_t why, std::string_view by) {
  if (duty_ > 0) reason_ = why;
  set_bleed(0, now_, by);
}

}  // namespace b2m::spi_nodes::peer
