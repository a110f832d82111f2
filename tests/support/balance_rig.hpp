// SPDX-License-Identifier: MIT
// A pack of modules whose bleeders are simulated: they follow the outputs, and bled cells sink.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/model/model.hpp"
#include "gateway/rules/alarms.hpp"
#include "gateway/rules/balancing.hpp"

namespace b2m::test {

struct BalanceSpec {
  int modules = 2;
  int cells = 3;                       // of each
  int bleeders = 3;                    // offered for each
  std::vector<int> without_bleeder{};  // although one is offered
  bool temperatures = true;
  bool allowed = true;
  rules::BalancePlan plan{.balance_difference_v = 0.01, .balance_voltage_v = 3.9};
};

class BalanceRig {
 public:
  explicit BalanceRig(BalanceSpec spec = {});

  /// What one cell of the simulated pack is and does.
  struct Cell {
    double volts = 4.0;
    bool is_silent = false;   // no readings any more
    bool is_stuck = false;    // its bleeder ignores orders
    bool has_bleeder = true;  // else it says nothing of one, and obeys nothing
    bool is_on = false;
    double ordered_s = 0;  // on without a break
  };
  std::vector<Cell> cells;
  std::vector<double> celsius;  // [module]
  bool sensors_are_silent = false;
  bool is_connected = true;
  bool is_stopping = false;
  std::vector<Failure> failures;  // for the next step

  /// `number` counts through all modules from 1.
  Verdict bleed(int number, bool on = true) { return command(bleed_slot(number), on ? 1 : 0); }
  Verdict balance(bool on = true) { return command(slot("balancing"), on ? 1 : 0); }
  Verdict command(Slot slot, double value);
  void step(std::vector<Intent> intents = {});
  void run(double seconds);
  /// False when nothing of the kind happens within that time.
  bool run_until_over(double seconds);
  void restart();

  [[nodiscard]] bool is_bleeding(int number) const;
  [[nodiscard]] int bleeding() const;
  [[nodiscard]] bool is_balancing() const;
  [[nodiscard]] std::string reason() const;
  [[nodiscard]] double value(const std::string& key) const;
  [[nodiscard]] Slot slot(const std::string& key) const { return site_->find("pack1", key)->slot; }
  [[nodiscard]] Slot bleed_slot(int number) const;
  [[nodiscard]] const Output& output(int number) const;

  std::vector<Note> notes;
  std::vector<std::string> broken;  // promises that were
  std::map<std::string, std::string> kept;

 private:
  void report();
  void follow();
  void check(const Decision& out);

  BalanceSpec spec_;
  PointTable points_;
  std::unique_ptr<Site> site_;
  std::unique_ptr<Model> model_;
  rules::LimitsOf limits_;
  std::unique_ptr<rules::Alarms> alarms_;
  std::unique_ptr<rules::Balancing> rule_;
  Decision last_;
  std::vector<Slot> voltages_, bleeds_;
  SteadyTime now_ = SteadyTime{} + std::chrono::hours(1);
};

}  // namespace b2m::test
