// SPDX-License-Identifier: MIT
// The middle of the gateway around one wired adapter, under a virtual clock: supervisor, engine,
// balancing and reconciler as in the program, and at every tick the promises that must hold
// whatever happens on the wires.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/app/engine.hpp"
#include "gateway/app/reconciler.hpp"
#include "gateway/app/supervisor.hpp"
#include "tests/support/virtual_clock.hpp"

namespace b2m::test {

class WiredDay final : private Memory {
 public:
  /// Of one pack, "pack", whose cells are all of the adapter's part.
  struct Plan {
    std::string kind, part;
    double cell_low_v = 2.5, cell_high_v = 4.3;  // alarms
    double balance_voltage_v = 3.0;
  };

  WiredDay(VirtualClock& clock, PointTable& points) : clock_(clock), points_(points) {}
  ~WiredDay() override;

  void start(std::unique_ptr<Adapter> adapter, const Plan& plan);
  void second();
  void command(Slot slot, double value);
  /// Until when the cell may be bled by the orders that were given. `module` as in orders.
  [[nodiscard]] SteadyTime may_bleed_until(int module, int cell) const;
  [[nodiscard]] const Site& site() const { return *site_; }
  [[nodiscard]] Snapshot view() const { return engine_->view(); }
  [[nodiscard]] DeviceId pack() const { return site_->find("pack")->id; }
  [[nodiscard]] Slot slot(const std::string& key) const { return site_->find("pack", key)->slot; }
  void complain(std::string what);

  /// Called with every report, before the model has it.
  std::function<void(const Report&)> heard;
  std::vector<std::string> broken;  // promises that were; the first few
  std::map<std::string, long> seen;

 private:
  // Memory
  [[nodiscard]] std::optional<std::string> recall(std::string_view key) const override;
  void keep(std::string key, std::string value) override;

  void make_site(const Adapter& adapter, const Plan& plan);
  void execute(AdapterIndex adapter, Order order, std::function<void(Result<>)> done);
  void check_pack();

  VirtualClock& clock_;
  PointTable& points_;
  std::unique_ptr<Site> site_;
  rules::LimitsOf limits_;
  std::unique_ptr<app::Engine> engine_;
  std::unique_ptr<app::Supervisor> supervisor_;
  std::unique_ptr<app::Reconciler> reconciler_;
  std::map<std::pair<int, int>, SteadyTime> may_bleed_until_;
  std::map<std::string, std::string> kept_;
};

}  // namespace b2m::test
