// SPDX-License-Identifier: MIT
// The state machine of one charger. Every state has one function that looks at the inputs and
// names the next state; one place changes states and records why.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/rules/charge_guards.hpp"
#include "gateway/rules/charge_open_session.hpp"

namespace b2m::rules {

class ChargeMachine {
 public:
  ChargeMachine(ChargerSettings settings, Learned learned);
  void restore(std::string_view kept);
  [[nodiscard]] std::string to_text() const;
  SessionOutput step(const SessionInput& in);
  void set_start_level(std::optional<double> percent);
  [[nodiscard]] const SessionFigures& figures() const { return figures_; }
  [[nodiscard]] const Learned& learned() const { return learned_; }

 private:
  /// What stands between the end of a charge and the next one by schedule.
  enum class Rest { none, cool_down, retry, user };
  struct Next {
    ChargeState to = ChargeState::off;
    std::string reason;
    std::string result{};  // empty: the session goes on
    Rest rest = Rest::cool_down;
    double hold_s = 0;  // at least so long in state paused
    bool by_user = false;
    bool is_obstacle = false;  // it counts against the session
  };
  using Change = std::optional<Next>;

  // charge_machine.cpp
  void begin(const SessionInput& in);
  void begin_first();
  void pass(double dt_s);
  void observe();
  void follow_wish();
  void observe_order();
  void observe_order_failure();
  void observe_sample();
  void observe_guard();
  void take_sample(SteadyTime at, double watts);
  void watch_rise();
  void arm_again();
  [[nodiscard]] bool has_restarted();
  void enter(const Next& next);
  void close(const Next& next);
  void teach(const Next& next);
  void fill_output();
  void fill_figures();
  void fill_session_figures();

  // charge_states.cpp, states with the relay off
  Change next();
  Change resting();
  Change paused();
  Change stale();
  Change faulted();
  void begin_clearing();
  [[nodiscard]] std::string clear_objection() const;
  Change off_trouble();
  Change external_start();
  Change planned_start();
  std::optional<std::string> start_obstacle();
  [[nodiscard]] std::optional<std::string> ambient_obstacle(double margin_k) const;
  std::optional<std::string> plan_obstacle();
  std::optional<std::string> resting_time();
  Next opened(ChargeMode mode, const ChargeGoal& goal, bool is_external, const std::string& why);
  Change resumed();
  Change ended_while_paused();
  Next back_from_silence(const std::string& reason);
  void refuse(const std::string& reason);

  // charge_running.cpp, states with the relay on
  Change running();
  Change fault();
  Change limit_fault();
  Change guard_fault();
  Change lost();
  Change switched_off_outside();
  Change commanded();
  Change obstructed();
  Change unplugged();
  Change probing();
  Change too_little(double watts);
  Change charging();
  Change reached();
  Change full_now(const std::string& why);
  Change balancing();
  Next hold(const std::string& reason, double hold_s);
  Next ended_full(const std::string& why);

  // charge_restore.cpp
  Change recover();
  void count_unseen(double alone_s);
  [[nodiscard]] double unseen_s() const;
  void restore_session(const TextReader& in, ChargeState state);

  [[nodiscard]] static bool is_on_state(ChargeState state);
  [[nodiscard]] bool has_readings() const;
  [[nodiscard]] double patience_s() const;
  [[nodiscard]] bool is_urgent() const;
  [[nodiscard]] double guard_s() const;
  [[nodiscard]] double seconds_since(SteadyTime t) const { return to_seconds(now_ - t); }
  [[nodiscard]] std::optional<double> counter() const;

  ChargerSettings settings_;
  Learned learned_;

  ChargeState state_ = ChargeState::off;
  std::string reason_ = "nothing has been charged yet";
  std::string waiting_;  // why no charge is started although one is wished
  std::string refused_;  // the last refusal that was told
  SteadyTime entered_{};
  std::optional<OpenSession> session_;

  RelayOrder order_;
  RelayOrder::Verdict verdict_ = RelayOrder::Verdict::fine;
  GuardWatch guard_;
  PowerSignals signals_;
  PowerGuard power_guard_;
  std::string order_failure_;
  int missing_timers_ = 0;  // refusals in a row, because the plug has no timer

  SteadyTime now_{}, relay_at_{}, power_at_{}, sample_at_{}, armed_at_{};
  double sample_w_ = 0;
  double interval_s_ = 0;               // between samples, smoothed; 0: unknown
  std::optional<SteadyTime> on_at_;     // the relay was read as on
  std::optional<double> on_since_;      // as the plug says
  std::optional<double> counter_seen_;  // kWh
  std::vector<double> probe_;           // after the settling
  Since empty_, pack_reached_, input_missing_, ambient_missing_;
  int guard_tries_ = 0;

  bool is_paused_by_user_ = false;
  double hold_s_ = 0;
  Rest rest_ = Rest::none;
  double rested_s_ = 0;
  bool wish_was_away_ = true;                 // since the last charge
  bool is_urgency_used_ = false;              // one urgent wish is one charge
  bool was_on_ = false;                       // off was said to a relay that had been on
  bool keep_on_ = false;                      // the program ends, the charge stays with the guard
  std::optional<SteadyTime> clearing_since_;  // the user wants the fault cleared

  std::optional<double> start_level_;
  std::optional<double> last_level_;
  std::optional<WallTime> done_at_, full_at_;

  bool has_begun_ = false;
  bool recovering_ = false;  // on by an earlier run's word; the relay has not been read yet
  ChargeState kept_state_ = ChargeState::off;
  double kept_wall_s_ = 0;

  SessionInput in_;
  SessionOutput out_;
  SessionFigures figures_;
};

}  // namespace b2m::rules
