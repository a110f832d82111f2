// SPDX-License-Identifier: MIT
// What a simulated node of protocol v2 obeys and how it answers.
#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "adapters/spi_nodes/peer_board.hpp"

namespace b2m::spi_nodes::peer {
namespace {

constexpr std::uint8_t kVersion = 2;
constexpr std::uint8_t kType = 1, kHardware = 1, kMajor = 2, kMinor = 3;
constexpr std::uint8_t kHasSensor = 0x01, kBleeds = 0x02, kPwm = 0x04, kCalibrates = 0x08,
                       kHasSerial = 0x10;
constexpr std::uint8_t kBleeding = 0x01, kHot = 0x02, kOver = 0x04, kUnder = 0x08,
                       kRestarted = 0x20, kValid = 0x80;
constexpr int kNoSensor = 0x8000, kSupply_mv = 5000, kReference_mv = 1100;
constexpr double kMostGain = 1.25;

int word(std::uint8_t low, std::uint8_t high) { return low | high << 8; }

}  // namespace

/// What was prepared for the master, and of a reading the newest.
void Board::prepare_frame() {
  Saying now = saying_;
  now.status = told_status();
  if (has_request_ && saying_.command == command::kRead && saying_.status == status::kOk)
    now.payload = reading();
  frame_ = build(high_, address_, now);
  if (!has_request_) answers_ = !is_shared_;
}

std::uint8_t Board::told_status() const {
  if (faults.status) return *faults.status;
  if (has_told_restart_) return saying_.status;
  return is_cold_ && !has_request_ ? status::kNoRequest : status::kRestarted;
}

void Board::take_request() {
  if (answers_) has_told_restart_ = true;
  const Bytes mosi = heard_;
  const std::uint8_t to = mosi[1];
  saying_ = {static_cast<std::uint8_t>(mosi[2] >> 4), status::kDamaged, mosi[3], {}};
  has_request_ = true;
  answers_ = !is_shared_;
  if (!is_whole(mosi) || (mosi[2] & 0x0F) != kVersion) return;
  const bool is_ours =
      to == kAnybody || to == address_ || (other_address_ != 0 && to == other_address_);
  answers_ = is_ours;
  if (!is_ours && to != kEverybody) return;
  ++requests_;
  master_heard_ = now_;
  saying_.status = status::kOk;
  saying_.payload = obey(mosi[3], {mosi[4], mosi[5], mosi[6], mosi[7]});
}

Payload Board::obey(std::uint8_t what, const Arguments& a) {
  switch (what) {
    case command::kNop:
      return {};
    case command::kRead:
      return reading();
    case command::kStats:
      return stats(a);
    case command::kRaw:
      return pack({adc_, kSupply_mv, kReference_mv});
    case command::kBleed:
      return bleed(a);
    case command::kLimits:
      return limits(a);
    case command::kIdentify:
      return identity();
    case command::kLocate:
      located_until_ = now_ + std::chrono::seconds(a[0]);
      tell_(fmt::format("locate seconds={}", a[0]));
      return {};
    case command::kSerial:
      return wiring_.serial;
    case command::kAddress:
      return set_address(a);
    case command::kCalibrate:
      return calibrate(a);
    case command::kRestart:
      if (a != Arguments{'R', 'S', 'T', '!'}) return refuse(status::kBadArgument);
      restart();
      return {};
    case command::kEcho:
      return {a[0], a[1], a[2], a[3]};
  }
  return refuse(status::kUnknown);
}

Payload Board::refuse(std::uint8_t status) {
  saying_.status = status;
  return {};
}

Payload Board::reading() const {
  const auto celsius = temperature();
  const int tenths = celsius ? static_cast<int>(std::lround(celsius->value * 10)) : kNoSensor;
  unsigned flags = kValid;
  if (duty_ > 0) flags |= kBleeding;
  if (celsius && celsius->value > most_celsius_) flags |= kHot;
  if (millivolts_ > limits_.maximum_mv) flags |= kOver;
  if (millivolts_ < limits_.floor_mv) flags |= kUnder;
  if (!is_cold_ && !has_told_restart_) flags |= kRestarted;
  return pack({millivolts_, tenths, static_cast<int>(flags << 8 | duty_)});
}

Payload Board::stats(const Arguments& a) {
  const Payload said = pack({lowest_mv_, highest_mv_, samples_});
  if (a[0] == 1) {
    lowest_mv_ = highest_mv_ = millivolts_;
    samples_ = 1;
  }
  return said;
}

Payload Board::bleed(const Arguments& a) {
  if (wiring_.bleed <= Ohms(0)) return refuse(status::kUnknown);
  const int seconds = word(a[1], a[2]);
  const std::uint8_t duty = seconds > 0 ? a[0] : std::uint8_t{0};
  if (duty > 0) most_celsius_ = static_cast<std::int8_t>(a[3]);
  reason_ = duty > 0 ? inhibition() : reason::kNone;
  if (reason_ != reason::kNone) saying_.status = status::kInhibited;
  const bool shall = duty > 0 && reason_ == reason::kNone;
  set_bleed(shall ? duty : std::uint8_t{0}, now_ + std::chrono::seconds(shall ? seconds : 0),
            "command");
  const int left = shall ? seconds : 0;
  return {
      duty_,   static_cast<std::uint8_t>(left),        static_cast<std::uint8_t>(left >> 8),
      reason_, static_cast<std::uint8_t>(millivolts_), static_cast<std::uint8_t>(millivolts_ >> 8)};
}

/// A node that does not know how hot it is does not make itself hotter.
std::uint8_t Board::inhibition() const {
  const auto celsius = temperature();
  const bool is_hot = celsius ? celsius->value > most_celsius_ : wiring_.has_sensor;
  if (is_hot) return reason::kHeat;
  return millivolts_ < limits_.floor_mv ? reason::kFloor : reason::kNone;
}

Payload Board::limits(const Arguments& a) {
  Limits wanted{word(a[0], a[1]), word(a[2], a[3])};
  if (wanted.floor_mv == 0) wanted.floor_mv = wiring_.bleed_floor_mv;
  if (wanted.maximum_mv == 0) wanted.maximum_mv = wiring_.cell_maximum_mv;
  if (wanted.floor_mv >= wanted.maximum_mv) return refuse(status::kBadArgument);
  limits_ = wanted;
  return {a[0], a[1], a[2], a[3]};
}

Payload Board::identity() const {
  unsigned can = kCalibrates | kHasSerial;
  if (wiring_.has_sensor) can |= kHasSensor;
  if (wiring_.bleed > Ohms(0)) can |= kBleeds | kPwm;
  return {kType, kHardware, kMajor, kMinor, static_cast<std::uint8_t>(can), 1};
}

Payload Board::set_address(const Arguments& a) {
  const bool is_meant = (a[0] ^ a[1]) == 0xFF && a[2] == 0x41 && a[3] == 0x44;
  if (!is_meant || a[0] == kAnybody || a[0] > kLastAddress) return refuse(status::kBadArgument);
  address_ = a[0];
  return {address_};
}

Payload Board::calibrate(const Arguments& a) {
  const int old_mv = millivolts_;
  const double next = old_mv > 0 ? gain_ * word(a[0], a[1]) / old_mv : 0;
  const bool is_meant = a[2] == 0x43 && a[3] == 0x41;
  if (!is_meant || next > kMostGain || next < 1 / kMostGain) return refuse(status::kBadArgument);
  gain_ = next;
  measure();
  return pack({old_mv, static_cast<int>(std::lround(next * 10'000)), 0});
}

}  // namespace b2m::spi_nodes::peer
