// SPDX-License-Identifier: MIT
// How long to wait before the next attempt to connect. A broker that cannot be reached is tried
// every second; one that refuses us, and one that another client of our id fights us for, less and
// less often.
#pragma once

#include <random>

#include "gateway/units.hpp"

namespace b2m::mqtt {

class Reconnect {
 public:
  explicit Reconnect(unsigned seed) : random_(seed) {}

  /// 1 s +- 20 %.
  SteadyDuration after_unreachable();
  /// Login or TLS refused: 1 s, doubling to 60 s.
  SteadyDuration after_refusal();
  void on_connected() {
    if (short_lives_ == 0) pause_ = kFirst;
  }

  struct Loss {
    SteadyDuration pause;
    bool is_rival;  // most likely another client uses our id
  };
  /// A connection that lasted for `life` is lost; `is_taken_over`: the broker said why (MQTT 5).
  /// MQTT 3.1.1 has no words for it: there, being thrown out again and again at once tells.
  Loss after_loss(SteadyDuration life, bool is_taken_over);

 private:
  static constexpr SteadyDuration kFirst = std::chrono::seconds(1);
  std::minstd_rand random_;
  SteadyDuration pause_ = kFirst;
  int short_lives_ = 0;
};

}  // namespace b2m::mqtt
