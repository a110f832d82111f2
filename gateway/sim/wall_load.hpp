// SPDX-License-Identifier: MIT
// What is plugged into a simulated socket, seen from the wall: power that depends on the relay.
#pragma once

#include "gateway/sim/bench.hpp"

namespace b2m::sim {

inline constexpr double kMains_v = 230;

class WallLoad {
 public:
  virtual ~WallLoad() = default;
  /// Lets the time up to `now` pass; the first call only starts it.
  virtual void advance_to(SteadyTime now) = 0;
  virtual void switch_on(bool is_on) = 0;           // the relay
  virtual void plug_in(bool is_plugged_in) = 0;     // into the socket
  virtual void connect_battery(bool is_there) = 0;  // to a charger; others ignore it
  virtual void set_level(double level) = 0;         // of the battery, 0 to 1; others ignore it
  [[nodiscard]] virtual Watts power() const = 0;
  [[nodiscard]] virtual Volts voltage() const = 0;
  [[nodiscard]] virtual Amperes current() const = 0;
  [[nodiscard]] virtual double energy_wh() const = 0;  // since the start
};

/// Always the same power; 0 W is an empty socket.
class Lamp final : public WallLoad {
 public:
  explicit Lamp(Watts power) : rated_(power) {}
  void advance_to(SteadyTime now) override;
  void switch_on(bool is_on) override { is_on_ = is_on; }
  void plug_in(bool is_plugged_in) override { is_plugged_in_ = is_plugged_in; }
  void connect_battery(bool) override {}
  void set_level(double) override {}
  [[nodiscard]] Watts power() const override { return is_on_ && is_plugged_in_ ? rated_ : Watts(); }
  [[nodiscard]] Volts voltage() const override { return Volts(kMains_v); }
  [[nodiscard]] Amperes current() const override { return power() / voltage(); }
  [[nodiscard]] double energy_wh() const override { return energy_wh_; }

 private:
  Watts rated_;
  SteadyTime now_{};
  bool has_started_ = false;
  bool is_on_ = false;
  bool is_plugged_in_ = true;
  double energy_wh_ = 0;
};

/// A charger on a bench, so that the relay shows in every cell voltage there.
class BenchCharger final : public WallLoad {
 public:
  /// `charger` is one of the bench's, which outlives this.
  BenchCharger(Bench& bench, std::size_t charger, double efficiency);
  void advance_to(SteadyTime now) override;
  void switch_on(bool is_on) override;
  void plug_in(bool is_plugged_in) override;
  void connect_battery(bool is_there) override;
  void set_level(double) override {}  // the bench's own business
  [[nodiscard]] Watts power() const override;
  [[nodiscard]] Volts voltage() const override { return Volts(kMains_v); }
  [[nodiscard]] Amperes current() const override;
  [[nodiscard]] double energy_wh() const override { return energy_wh_; }

 private:
  void apply();

  Bench& bench_;
  std::size_t charger_;
  double efficiency_;
  SteadyTime now_{};
  bool has_started_ = false;
  bool is_on_ = false;
  bool is_plugged_in_ = true;
  bool has_battery_ = true;
  double energy_wh_ = 0;
};

}  // namespace b2m::sim
