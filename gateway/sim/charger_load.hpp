// SPDX-License-Identifier: MIT
// What stands behind a simulated plug: a charger with its battery, seen as wall power over time,
// after the shapes of recorded charges (rising constant current, knee, linear or exponential tail,
// end step, idle draw).
#pragma once

#include <cstdint>
#include <string_view>

#include "gateway/units.hpp"

namespace b2m::sim {

enum class TailShape { linear_with_step, exponential };

struct ChargerLoadParameters {
  Watts peak{104.5};
  double warmup_dip_w = 0.6;     // below the start, ten minutes in
  double rise_per_hour = 0.027;  // of the power, at constant current
  double capacity_wh = 840;      // at the wall, from empty to full
  double knee_level = 0.86;      // where constant voltage begins
  TailShape tail = TailShape::linear_with_step;
  double tail_w_per_min = 0.7;
  Watts end_step{20};  // with linear_with_step: falls from here to `full`
  Watts idle{0.7};     // charger without battery
  Watts full{5};       // charger with a full battery, slowly falling
  double noise_w = 0.1;
  double mains_v = 230;
  double power_factor = 0.6;
  double level = 0.5;  // at the start, 0 to 1
  std::uint64_t seed = 1;
};

class ChargerLoad {
 public:
  explicit ChargerLoad(const ChargerLoadParameters& parameters);

  /// Lets the time up to `now` pass; the first call only starts it.
  void advance_to(SteadyTime now);
  void switch_on(bool is_on);        // the relay
  void plug_in(bool is_plugged_in);  // the charger into the socket
  void connect_battery(bool is_connected);
  void set_level(double level);

  [[nodiscard]] Watts power() const;
  [[nodiscard]] Volts voltage() const;
  [[nodiscard]] Amperes current() const;
  [[nodiscard]] double level() const;
  [[nodiscard]] double energy_wh() const;  // at the wall, since the start

 private:
  void step(double dt_s);

  ChargerLoadParameters p_;
  SteadyTime now_{};
  bool has_started_ = false;
  bool is_on_ = false;
  bool is_plugged_in_ = true;
  bool has_battery_ = true;
  double level_;
  double on_s_ = 0;
  double power_w_ = 0;
  double energy_wh_ = 0;
  std::uint64_t random_;
};

}  // namespace b2m::sim
