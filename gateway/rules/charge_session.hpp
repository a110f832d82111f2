// SPDX-License-Identifier: MIT
// One charger: the state machine from "off" through a charge to its end, with all guards that are
// independent of the goal (docs/charging.md, "States"). No plan, no settings, no points: those are
// the charge manager's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/model/reading.hpp"
#include "gateway/model/session_record.hpp"
#include "gateway/result.hpp"
#include "gateway/rules/charge_types.hpp"

namespace b2m::rules {

/// What the sessions of one charger have taught. Kept over restarts as text.
struct Learned {
  int sessions = 0;          // that ran to their end and were learned from
  double peak_w = 0;         // 0: unknown
  double peak_spread_w = 0;  // mean deviation
  double warmup_dip_w = 0;
  double cc_slope_w_per_h = 0;
  double knee_to_end_wh = 0;
  double knee_to_end_min = 0;
  bool has_end_step = false;
  double end_step_w = 0;    // the power from which it fell
  double idle_w = 0;        // charger without battery
  double after_full_w = 0;  // charger with a full battery
  double efficiency = 0;    // where a bound pack told the energy it took

  [[nodiscard]] std::string to_text() const;
  /// Whatever is not understood keeps its default.
  static Learned from_text(std::string_view text);
};

struct PlugReadings {
  Reading relay, power_w, counter_kwh, guard_s, overheated, overloaded;
  Reading on_since;           // Unix seconds
  bool is_connected = false;  // the adapter's line to this plug
};

/// Of the bound pack; empty fields: unknown.
struct PackReadings {
  bool is_bound = false;
  std::optional<std::string> obstacle;  // why it must not be charged now
  std::optional<double> soc_percent;
  std::optional<double> cell_max_v;
  std::optional<double> energy_in_kwh;
};

/// What plan and user want; the session decides what becomes of it.
struct ChargeWish {
  enum class What {
    none,    // no charge; one that runs is brought to its end in order
    charge,  // start one, or go on
    pause,   // nothing new; hold the one that runs, keeping its counters
  };
  What what = What::none;
  ChargeMode mode = ChargeMode::off;
  ChargeGoal goal;
  std::string reason;  // "window 22:00-06:00", "started by hand"
  /// The user asked for it now: cool-down and a finished earlier charge do not stand against it.
  bool is_urgent = false;
};

/// Once, when the user pressed something.
struct ChargeRequests {
  bool stop = false;   // end the session
  bool pause = false;  // hold it until the user starts it again
  bool resume = false;
  bool clear_fault = false;
};

struct SessionInput {
  SteadyTime now{};
  WallTime wall{};
  PlugReadings plug;
  PackReadings pack;
  std::optional<double> ambient_c;
  bool has_ambient = false;  // somebody should tell it: unknown is an obstacle
  double price_per_kwh = 0;
  ChargeWish wish;
  ChargeRequests requests;
  double cool_down_h = 8;
  std::string order_failure;  // the relay could not be set, since the last step; empty: no failure
  bool was_on_order = false;  // that failed order was "on"
  Errc order_code = Errc::io_error;
  std::string gives_way;  // why this charger must leave its circuit now; empty: it need not
  bool shutting_down = false;
};

/// One change of state.
struct Transition {
  ChargeState from = ChargeState::off;
  ChargeState to = ChargeState::off;
  std::string reason;
  double power_w = 0;
  double energy_wh = 0;
};

struct SessionOutput {
  bool relay_on = false;
  bool off_again = false;  // say "off" again although it was said: it is not off yet
  bool arm_again = false;  // say "on" again although it was said: the guard must be armed anew now
  /// After a restart, until the relay has been read for the first time: neither "on" nor "off" may
  /// be said, since either might be wrong. No output at all in this step.
  bool no_opinion = false;
  bool keep = false;  // it has been read as on: renew its guard, but never switch it on again
  double guard_s = 0;
  double guard_refresh_s = 0;
  std::vector<Transition> transitions;  // of this step
  std::vector<std::string> warnings;    // of this step: worth an event, no change of state
  std::optional<SessionRecord> ended;
  std::string clear_refused;      // why the fault that the user wants cleared stays
  bool is_guard_missing = false;  // charging without one, since the configuration says so
  bool keep_now = false;          // something worth keeping has changed
};

struct SessionFigures {
  ChargeState state = ChargeState::off;
  std::string reason;
  bool is_active = false;  // a session is open: charging, probing, paused, stale
  ChargeMode mode = ChargeMode::off;
  ChargeGoal goal;
  double energy_wh = 0;
  double battery_ah = 0;
  double cost = 0;
  double on_s = 0;
  double peak_w = 0;  // of this session
  double median_power_w = 0;
  std::optional<double> time_left_min;
  std::optional<double> level_percent;  // estimated from the energy, by the start level if known
  std::optional<WallTime> done_at;      // end of the last charge that reached its goal
  std::optional<WallTime> full_at;      // end of the last full charge
  bool paused_by_user = false;
  bool is_external = false;  // switched on at the plug itself: no plan and no wish holds or ends it
};

class ChargeSession {
 public:
  ChargeSession(ChargerSettings settings, Learned learned);
  ~ChargeSession();
  ChargeSession(ChargeSession&&) noexcept;
  ChargeSession& operator=(ChargeSession&&) noexcept;

  /// State, counters and limits of an earlier run. A relay that is on is looked at in the first
  /// steps: inside a kept session and within its limits it goes on, guard first; otherwise it is
  /// switched off. Never switches on because the program has started.
  void restore(std::string_view kept);
  [[nodiscard]] std::string to_text() const;

  SessionOutput step(const SessionInput& in);
  [[nodiscard]] const SessionFigures& figures() const;
  [[nodiscard]] const Learned& learned() const;
  /// What the user knows of the battery's level now, for the estimate; empty: nothing.
  void set_start_level(std::optional<double> percent);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace b2m::rules
