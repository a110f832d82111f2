// SPDX-License-Identifier: MIT
#include "gateway/mqtt/reconnect.hpp"

#include <algorithm>
#include <utility>

namespace b2m::mqtt {
namespace {

using namespace std::chrono_literals;

constexpr SteadyDuration kLongest = 60s;
constexpr SteadyDuration kShortLife = 5s;
constexpr int kSuspicious = 3;  // short lives in a row; a broker that restarts makes one or two

}  // namespace

SteadyDuration Reconnect::after_unreachable() {
  return std::chrono::milliseconds(std::uniform_int_distribution<int>(800, 1200)(random_));
}

SteadyDuration Reconnect::after_refusal() {
  return std::exchange(pause_, std::min<SteadyDuration>(pause_ * 2, kLongest));
}

Reconnect::Loss Reconnect::after_loss(SteadyDuration life, bool is_taken_over) {
  // The rival waits as we do: the longer our pause, the longer the life it grants us.
  const bool is_short = life < std::max<SteadyDuration>(kShortLife, 2 * pause_);
  if (is_taken_over) {
    short_lives_ = is_short ? std::max(short_lives_ + 1, kSuspicious) : kSuspicious;
  } else {
    short_lives_ = is_short ? short_lives_ + 1 : 0;
  }
  if (short_lives_ >= kSuspicious) return {after_refusal(), true};
  if (short_lives_ == 0) pause_ = kFirst;
  return {after_unreachable(), false};
}

}  // namespace b2m::mqtt
