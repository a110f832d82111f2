// SPDX-License-Identifier: MIT
// Guards of a charge that no goal can lift: orders that must be seen to be carried out, the timer
// in the plug, time, energy and power.
#pragma once

#include <optional>
#include <string>

#include "gateway/rules/charge_session.hpp"
#include "gateway/rules/charge_signals.hpp"

namespace b2m::rules {

/// One order to the relay, followed until it is read back.
class RelayOrder {
 public:
  enum class Verdict {
    fine,     // carried out, or time left
    repeat,   // say it again
    ignored,  // said four times, and the plug says otherwise
    unheard,  // nothing has been heard of the plug since
  };

  void give(bool on, SteadyTime now);
  /// "On" was said to a relay that is on already.
  void take_over(SteadyTime now) { relay_seen_ = now; }
  Verdict step(const PlugReadings& plug, SteadyTime now);

  [[nodiscard]] bool wants_on() const { return is_on_; }
  /// Read back after the order.
  [[nodiscard]] bool is_confirmed() const { return is_confirmed_; }
  /// The relay itself was read as ordered, whatever the power says.
  [[nodiscard]] bool is_relay_confirmed() const { return relay_seen_.has_value(); }
  /// It was read as ordered, and later the other way round: somebody else has switched it.
  [[nodiscard]] bool was_overridden() const { return is_overridden_; }

 private:
  void look(const PlugReadings& plug, SteadyTime now);
  void note_contrary(SteadyTime read_at, SteadyTime now);

  bool is_on_ = false;
  bool is_confirmed_ = false, is_contrary_ = false, is_overridden_ = false;
  std::optional<SteadyTime> relay_seen_;
  std::optional<SteadyTime> last_on_;  // an order of ours still said "on" then
  SteadyTime given_{}, next_{};
  int repeats_ = 0;
};

/// Whether the timer in the plug counts down while we charge.
class GuardWatch {
 public:
  void start(SteadyTime now, double guard_s);
  void step(const Reading& guard, SteadyTime now);
  /// For so long there has been no guard that can be trusted.
  [[nodiscard]] double missing_s(SteadyTime now) const { return to_seconds(now - good_at_); }
  /// It would have switched off by now.
  [[nodiscard]] bool has_run_out(SteadyTime now) const;

 private:
  [[nodiscard]] bool is_counting(const Reading& guard, SteadyTime now);

  double guard_s_ = 0;
  SteadyTime good_at_{};
  std::optional<Reading> last_;   // as read
  std::optional<Reading> first_;  // of those with the same value
  int same_ = 0;
};

/// Relay-on time, in hours.
double time_limit_h(const ChargingProfile& profile);
/// At the wall; 0: no capacity is known.
double energy_limit_wh(const ChargingProfile& profile);
/// Learned, else as the profile says; 0: unknown.
double known_peak_w(const ChargingProfile& profile, const Learned& learned);

/// No charger that fits may draw more, in watts; 0: its known peak says what is too much.
double power_ceiling_w(const ChargingProfile& profile, const Learned& learned);

/// Too much power, by the samples.
class PowerGuard {
 public:
  void add(SteadyTime at, double watts, const ChargingProfile& profile, const Learned& learned);
  [[nodiscard]] std::optional<std::string> fault(const ChargingProfile& profile,
                                                 const Learned& learned) const;
  void reset() { *this = {}; }

 private:
  Since above_learned_;
  int above_most_ = 0;  // samples in a row
  SteadyTime at_{};
  double watts_ = 0;
};

/// The plug's own flags. Unknown ones say nothing: few plugs have them.
std::optional<std::string> plug_trouble(const PlugReadings& plug);
/// Why the surroundings forbid charging; `margin_k`: this far inside the limits.
std::optional<std::string> ambient_trouble(const ChargerSettings& settings,
                                           std::optional<double> ambient_c, double margin_k);

}  // namespace b2m::rules
