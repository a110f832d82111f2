// SPDX-License-Identifier: MIT
// What the power at the plug says of a charge: median, peak, knee, end step, slope. Fed at the pace
// the plug delivers; docs/charging.md, "Signals".
#pragma once

#include <deque>
#include <optional>

#include "gateway/units.hpp"

namespace b2m::rules {

/// Since when something has been true without a break.
class Since {
 public:
  void note(bool is_true, SteadyTime at) {
    if (!is_true) {
      at_.reset();
    } else if (!at_) {
      at_ = at;
    }
  }
  [[nodiscard]] double seconds(SteadyTime now) const { return at_ ? to_seconds(now - *at_) : 0; }
  [[nodiscard]] bool lasted(double s, SteadyTime now) const { return at_ && seconds(now) >= s; }

 private:
  std::optional<SteadyTime> at_;
};

class PowerSignals {
 public:
  /// The relay has come on, for the first time or again. History and warm-up start anew; the peak
  /// and the knee of the session stay.
  void relay_came_on(SteadyTime at);
  /// What an earlier run of the program knew of this session.
  void restore(double peak_w, bool has_knee);
  void add(SteadyTime at, double watts);

  /// Of the last two minutes; empty until there are three samples.
  [[nodiscard]] std::optional<double> median_w() const;
  [[nodiscard]] double peak_w() const { return peak_w_; }
  /// Warm-up is over: the power may decide something.
  [[nodiscard]] bool may_decide() const;
  [[nodiscard]] bool has_knee() const { return has_knee_; }
  void set_knee() { has_knee_ = true; }
  /// Every median of that time was below; false as well while there is less history.
  [[nodiscard]] bool held_below(double watts, double seconds) const;
  /// The power from which it has fallen within five minutes to less than 45 %.
  [[nodiscard]] std::optional<double> fell_from() const;
  /// By linear fit over 15 to 30 min, in W/min.
  [[nodiscard]] std::optional<double> slope() const;
  /// The last one of a rising or flat power; 0: not seen.
  [[nodiscard]] double rising_slope() const { return rising_slope_; }
  /// Seen from the beginning of the session, without a pause.
  [[nodiscard]] bool is_whole() const { return beginnings_ == 1; }
  /// How far the power fell in the first 20 min below where it began.
  [[nodiscard]] double warmup_dip_w() const;

 private:
  struct Sample {
    SteadyTime at{};
    double watts = 0;
  };
  void add_history(SteadyTime at);
  [[nodiscard]] std::optional<double> median_before(double seconds) const;
  [[nodiscard]] double on_for(SteadyTime at) const { return to_seconds(at - on_at_); }

  std::deque<Sample> window_;   // raw, two minutes
  std::deque<Sample> history_;  // medians, half an hour
  std::optional<double> median_;
  SteadyTime on_at_{};
  double peak_w_ = 0;
  double first_w_ = 0, lowest_early_w_ = 0;
  double rising_slope_ = 0;
  double fall_from_w_ = 0;
  Since fall_;
  bool has_knee_ = false;
  int beginnings_ = 0;
};

}  // namespace b2m::rules
