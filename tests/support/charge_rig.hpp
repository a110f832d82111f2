// SPDX-License-Identifier: MIT
// A charge session with a plug and a charger around it: polls, orders, timer in the plug, restarts
// and everything that may go wrong, under a clock of its own. After each step it checks what must
// hold always.
#pragma once

#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "gateway/rules/charge_session.hpp"

namespace b2m::test {

/// The profile behind the recorded curves of that maker.
rules::ChargerSettings rad_charger();
rules::ChargerSettings lectric_charger();

rules::ChargeGoal full_goal();
rules::ChargeGoal knee_goal();
rules::ChargeGoal fraction_goal(double fraction);
rules::ChargeGoal power_goal(double watts, double start_w = 0);
rules::ChargeGoal energy_goal(double wh);
rules::ChargeGoal soc_goal(double percent);
rules::ChargeGoal cell_goal(double volts);

/// Watts by seconds of charging.
using Load = std::function<double(double on_s)>;
Load constant_load(double watts);
/// 102 W rising to 104.5 W until `knee_s`, then falling, with the charger's end step below 20 W.
Load rad_like(double knee_s);

class ChargeRig {
 public:
  explicit ChargeRig(rules::ChargerSettings settings = rad_charger(), rules::Learned learned = {});

  void wish(const rules::ChargeGoal& goal, bool is_urgent = false);
  void wish_nothing(const std::string& reason = "window closed");
  void wish_pause(const std::string& reason = "window closed");
  void step(double dt_s);
  void run(double seconds);
  /// False: it did not come to that in time.
  bool run_to(ChargeState state, double most_s);
  /// The program ends at once and comes back later; what the manager keeps was kept then.
  void restart(double down_s);
  void press_button(bool on) { switch_relay(on); }
  /// The next poll comes that much later.
  void delay_poll(double s) { next_poll_s_ = time_s_ + s; }

  [[nodiscard]] ChargeState state() const { return session->figures().state; }
  [[nodiscard]] const std::string& reason() const { return session->figures().reason; }
  [[nodiscard]] bool relay() const { return relay_; }
  [[nodiscard]] double time_s() const { return time_s_; }
  [[nodiscard]] double charged_s() const { return charged_s_; }
  [[nodiscard]] double guard_left_s() const { return guard_left_s_; }
  [[nodiscard]] double drawn_wh() const { return drawn_wh_; }
  [[nodiscard]] const std::string& result() const { return records.back().result; }

  // The world.
  Load load = constant_load(0);
  double poll_s = 5;
  bool is_reachable = true;
  bool obeys_off = true, obeys_on = true;
  bool has_timer = true;       // else orders with a guard fail
  bool obeys_keep = true;      // an order that may only renew does not switch on
  int lost_orders = 0;         // so many of the next ones get no answer
  bool timer_is_lost = false;  // says that it is armed and is not
  bool timer_is_frozen = false;
  bool has_meter = true;
  double counter_kwh = 1;
  bool has_counter = true;
  void restart_plug();  // mains back: relay as it was, timer and counter gone
  void set_load_time(double on_s) { charged_s_ = on_s; }

  // What the session is told besides.
  rules::SessionInput in;
  double step_s = 1;

  // What it said.
  std::vector<rules::Transition> transitions;
  std::vector<std::string> warnings;
  std::vector<SessionRecord> records;
  rules::SessionOutput out;
  std::optional<rules::ChargeSession> session;
  std::vector<std::string> broken;  // what must never be and was

 private:
  void pass(double dt_s);
  void poll();
  void reconcile();
  void order(bool on);
  void fail(bool on, Errc code, std::string why);
  void switch_relay(bool on);
  void check();
  [[nodiscard]] Reading reading(double value) const;
  [[nodiscard]] double power() const;

  rules::ChargerSettings settings_;
  rules::Learned learned_;
  double time_s_ = 1000;  // steady
  double wall_s_ = 1.7e9;
  double next_poll_s_ = 0;
  bool relay_ = false;
  double relay_on_at_s_ = 0;
  double guard_left_s_ = 0;  // 0: no timer runs
  double charged_s_ = 0, drawn_wh_ = 0;
  std::optional<bool> sent_;
  double sent_at_s_ = 0;
  double last_energy_wh_ = 0;
  bool was_active_ = false;
  std::string failure_;
  Errc failure_code_ = Errc::io_error;
  bool failed_on_ = false;
};

}  // namespace b2m::test
