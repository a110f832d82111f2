// SPDX-License-Identifier: MIT
// A charger with its battery, seen as wall power over time, after the shapes of recorded charges:
// rising constant current, knee, linear or exponential tail, end step, idle draw.
#pragma once

#include <cstdint>
#include <string_view>

#include "gateway/sim/wall_load.hpp"
#include "gateway/units.hpp"

namespace b2m::sim {

enum class TailShape { linear_with_step, exponential };

struct ChargerLoadParameters {
  Watts peak{104.5};
  double warmup_dip_w = 0.6;     // a cold charger draws that much more; gone after ten minutes
  double rise_per_hour = 0.027;  // of the power, at constant current
  double capacity_wh = 840;      // at the wall, from empty to full
  double knee_level = 0.86;      // where constant voltage begins
  TailShape tail = TailShape::linear_with_step;
  Watts end_step{20};  // with linear_with_step: falls from here to `full`
  Watts idle{0.7};     // charger without battery
  Watts full{5};       // charger with a full battery, slowly falling
  double noise_w = 0.1;
  double mains_v = kMains_v;
  double power_factor = 0.6;
  double level = 0.5;  // at the start, 0 to 1
  std::uint64_t seed = 1;
};

inline constexpr std::string_view kChargerCurves[] = {"rad", "lectric", "small"};
/// One of kChargerCurves; anything else gives the first.
ChargerLoadParameters charger_curve(std::string_view name);

/// Power follows from the level alone, but for warm-up and noise; so a charge may be interrupted
/// and resumed at any place, and the result does not depend on how often it is looked at.
class ChargerLoad final : public WallLoad {
 public:
  explicit ChargerLoad(const ChargerLoadParameters& parameters);

  void advance_to(SteadyTime now) override;
  void switch_on(bool is_on) override;
  void plug_in(bool is_plugged_in) override;
  void connect_battery(bool is_connected) override;
  void set_level(double level) override;

  [[nodiscard]] Watts power() const override { return Watts(power_w_); }
  [[nodiscard]] Volts voltage() const override { return Volts(p_.mains_v); }
  [[nodiscard]] Amperes current() const override;
  [[nodiscard]] double energy_wh() const override { return energy_wh_; }
  [[nodiscard]] double level() const { return level_; }

 private:
  void measure();
  void pass(double seconds);
  [[nodiscard]] bool is_live() const { return is_on_ && is_plugged_in_; }
  [[nodiscard]] double steady_w() const;
  [[nodiscard]] double charging_w() const;
  [[nodiscard]] double tail_w(double part) const;
  [[nodiscard]] double noise() const;

  ChargerLoadParameters p_;
  SteadyTime now_{};
  SteadyTime step_end_{};
  std::uint64_t step_ = 0;
  bool has_started_ = false;
  bool is_on_ = false;
  bool is_plugged_in_ = true;
  bool has_battery_ = true;
  double level_;
  double warm_s_ = 0;  // at work since the charger was cold
  double full_s_ = 0;  // on with a full battery
  double power_w_ = 0;
  double energy_wh_ = 0;
};

}  // namespace b2m::sim
