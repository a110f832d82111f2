// SPDX-License-Identifier: MIT
// One charger as the manager sees it: its entities, its plan and its session, tick after tick.
#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "gateway/rules/charge_plan.hpp"
#include "gateway/rules/charge_points.hpp"
#include "gateway/rules/charge_session.hpp"
#include "gateway/rules/charge_settings.hpp"
#include "gateway/rules/pack_obstacle.hpp"
#include "gateway/rules/rule.hpp"

namespace b2m::rules {

class ManagedCharger {
 public:
  ManagedCharger(const Site& site, ChargerSettings settings, const LimitsOf& limits,
                 const Recall& recall);
  ManagedCharger(const ManagedCharger&) = delete;  // its settings are referred to
  ManagedCharger& operator=(const ManagedCharger&) = delete;

  // In this order, once a tick:
  void read(const Input& in, const Decision& out);
  void obey(const Input& in, Decision& out);
  void plan(const Input& in);
  /// `waits_for`: the circuit has no room; what runs is held, what would start waits.
  void run(const Input& in, Decision& out, const std::string& waits_for);

  [[nodiscard]] const ChargerSettings& settings() const { return settings_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool is_on() const;
  [[nodiscard]] bool may_switch() const;
  [[nodiscard]] bool wants_to_start() const;
  [[nodiscard]] const Plan& planned() const { return plan_; }
  [[nodiscard]] SteadyTime wants_since() const { return wants_since_; }
  [[nodiscard]] SteadyTime on_since() const { return on_since_; }
  /// What it draws, or would; 0: unknown.
  [[nodiscard]] double power_w() const;
  [[nodiscard]] double peak_w() const;

 private:
  struct Slots {
    Slot relay = kNoSlot, power = kNoSlot, counter = kNoSlot, guard = kNoSlot;
    Slot overheated = kNoSlot, overloaded = kNoSlot, on_since = kNoSlot, connected = kNoSlot;
    Slot adapter = kNoSlot, price = kNoSlot, ambient = kNoSlot;
    Slot soc = kNoSlot, cell_max = kNoSlot, energy_in = kNoSlot, spread_alarm = kNoSlot;
  };
  void find_slots(const Site& site);
  void restore(const Recall& recall);
  void read_pack(const Input& in, const Decision& out);
  [[nodiscard]] PlanInput plan_input() const;
  [[nodiscard]] std::string key(std::string_view what) const;

  void obey(const Intent& intent, const Input& in, Decision& out);
  Result<> press(std::string_view button, const Input& in);
  Result<> start(const Input& in);
  Result<> switch_relay(bool on, const Input& in);
  Result<> set(const Intent& intent);
  [[nodiscard]] std::string start_objection(const Input& in) const;

  void rest(const Input& in, Decision& out);
  [[nodiscard]] std::string silence(const Input& in) const;
  [[nodiscard]] SessionInput session_input(const Input& in, const std::string& waits_for);
  void forget_pending_start(const Input& in, Decision& out);
  void remember(const Input& in, const SessionOutput& step);
  void answer_clear(const SessionOutput& step, Decision& out);
  void tell(const SessionOutput& step, Decision& out);
  void say(Decision& out, std::string type, Severity severity, std::string message) const;
  void order(const Input& in, const SessionOutput& step, Decision& out);
  void show(const Input& in, const SessionOutput& step, Decision& out);
  void keep(const SessionOutput& step, bool shutting_down, Decision& out);
  void keep_if_new(std::string_view what, std::string value, Decision& out);

  const Site& site_;
  ChargerSettings settings_;
  DeviceId device_;
  std::string name_;
  Slots slots_;
  PackObstacle pack_obstacle_;
  ChargeSettings options_;
  ChargeSession session_;
  ChargePoints points_;
  PlanMemory memory_;

  // of this tick
  WallTime wall_{};
  SteadyTime now_{};
  PlugReadings plug_;
  PackReadings pack_;
  std::optional<double> price_, ambient_c_;
  bool spread_alarm_ = false;
  ChargeRequests requests_;
  bool resend_ = false;
  std::string order_failure_;
  bool was_on_order_ = false;
  Errc order_code_ = Errc::io_error;
  Plan plan_;

  // over ticks
  std::vector<Intent> clearing_;  // not answered yet
  bool was_read_ = false;
  bool is_ordered_on_ = false;
  bool has_been_on_ = false;  // since the program has started
  bool wants_ = false;
  SteadyTime on_since_{}, wants_since_{}, open_since_{}, asked_since_{}, kept_at_{};
  bool is_open_ = false;
  Occurrence open_occurrence_ = kNoOccurrence;
  Calendar calendar_;
  std::tuple<std::int64_t, unsigned> calendar_of_{-1, 0};
  std::optional<WallTime> next_start_;
  std::tuple<std::int64_t, unsigned, ChargeState, PlanMemory> next_start_of_{};
  std::optional<SessionRecord> last_;
  std::string last_result_;
  std::vector<Kept> kept_;
  PlanMemory kept_memory_;
  bool has_kept_at_end_ = false;
};

/// "done: reached 86 % of the peak power; 0.312 kWh in 3 h 12 min, peak 104.4 W, cost 0.09"
std::string session_summary(const SessionRecord& record);

}  // namespace b2m::rules
