// SPDX-License-Identifier: MIT
// Chargers behind simulated plugs, with a charge manager and without any adapter: time and the wall
// clock pass when a test says so.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/model/model.hpp"
#include "gateway/rules/charge_manager.hpp"
#include "gateway/sim/charger_load.hpp"

namespace b2m::test {

struct ChargerSpec {
  int plugs = 1;
  bool with_pack = false;  // bound to the first charger
  bool has_price = false;
  bool allowed = true;  // control.allow lists "charging"
  bool has_ambient = false;
  bool on_strip = false;  // the plugs are sockets of "strip", which tells whether it is overheated
};

/// A plug that obeys at once, with the timer that switches it off.
struct SimulatedPlug {
  bool is_on = false;
  bool is_online = true;
  bool ignores_off = false;
  double guard_left_s = 0;
  double on_since_s = 0;
  sim::ChargerLoad load;

  explicit SimulatedPlug(const sim::ChargerLoadParameters& parameters) : load(parameters) {}
  void turn(bool on, double unix_s);
};

/// Chargers "charger1" … on plugs "plug1" …; local time is Berlin's. Begins on friday 2026-11-20
/// at 20:00.
class ChargerFixture {
 public:
  explicit ChargerFixture(ChargerSpec spec = {});
  ~ChargerFixture();

  /// To be changed before begin().
  rules::ChargerSettings& settings(int n = 1) { return settings_[static_cast<std::size_t>(n - 1)]; }
  std::vector<rules::Circuit>& circuits() { return circuits_; }
  SimulatedPlug& plug(int n = 1) { return plugs_[static_cast<std::size_t>(n - 1)]; }
  void use_load(const sim::ChargerLoadParameters& parameters, int n = 1);

  /// Starts the program, or starts it again with what it has kept.
  void begin();
  /// Time passes in steps, each with a poll and a tick.
  void run(SteadyDuration duration);
  /// Until this local time, at most a week.
  void run_until(const std::string& weekday_and_time);
  /// A command and the tick that answers it.
  Verdict command(const std::string& key, double value = 1, int n = 1);
  Verdict write(const std::string& key, const std::string& text, int n = 1);
  void tick(std::vector<Intent> intents = {}, bool shutting_down = false);
  void pass(SteadyDuration duration);  // without any tick
  void jump_wall(std::chrono::seconds by) { wall_ += by; }
  void set_wall(WallTime wall) { wall_ = wall; }
  void set_price(double price, int n = 1);
  void set_ambient(double celsius, int n = 1);
  void overheat_strip() { is_strip_overheated_ = true; }
  void fill_pack(Volts cells, double soc_percent);
  void fail_next_order(const std::string& reason, double value, int n = 1);

  [[nodiscard]] WallTime wall() const { return wall_; }
  [[nodiscard]] SteadyTime now() const { return now_; }
  [[nodiscard]] const Site& site() const { return *site_; }
  [[nodiscard]] const Reading& reading(const std::string& key, int n = 1);
  [[nodiscard]] std::string text(const std::string& key, int n = 1);
  [[nodiscard]] std::string bridge_text(const std::string& key);
  [[nodiscard]] ChargeState state(int n = 1);
  [[nodiscard]] bool is_on(int n = 1) { return plug(n).is_on; }
  [[nodiscard]] bool has_output(int n = 1) const;
  [[nodiscard]] const Decision& decision() const { return decision_; }
  [[nodiscard]] int starts(int n = 1) const { return starts_[static_cast<std::size_t>(n - 1)]; }
  [[nodiscard]] std::string local(const std::string& key, int n = 1);  // "sat 07:05", "unknown"

  SteadyDuration step = std::chrono::seconds(10);
  std::map<std::string, std::string> kept;
  std::vector<Note> notes;
  std::vector<Alert> alerts;
  std::vector<SessionRecord> sessions;

 private:
  [[nodiscard]] Slot slot(const std::string& key, int n) const;
  Verdict answer(Intent intent);
  void poll();
  void obey(const Output& output);

  ChargerSpec spec_;
  PointTable points_;
  std::unique_ptr<Site> site_;
  std::unique_ptr<Model> model_;
  rules::LimitsOf limits_;
  std::vector<rules::ChargerSettings> settings_;
  std::vector<rules::Circuit> circuits_;
  std::vector<SimulatedPlug> plugs_;
  std::vector<int> starts_;
  std::vector<std::unique_ptr<rules::Rule>> rules_;
  std::vector<Failure> failures_;
  std::map<Slot, std::pair<double, SteadyTime>> sent_;
  bool is_strip_overheated_ = false;
  double cells_v_ = 3.3, soc_percent_ = 50;
  Decision decision_;
  SteadyTime now_ = SteadyTime{} + std::chrono::hours(1);
  WallTime wall_;
};

}  // namespace b2m::test
