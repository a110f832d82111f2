// SPDX-License-Identifier: MIT
// A battery without hardware inside the gateway's own process, treated like a real one: its charger
// and its bleeds go off by themselves when orders stop, and nothing is on after a start, a stop or
// an error.
#pragma once

#include <any>
#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "adapters/adapter.hpp"
#include "adapters/simulator/rows.hpp"
#include "adapters/simulator/settings.hpp"

namespace b2m::simulator {

inline constexpr std::string_view kPart = "pack";  // source = "ID" or "ID/pack"

class SimulatorAdapter final : public Adapter {
 public:
  SimulatorAdapter(SimulatorSettings settings, std::unique_ptr<sim::Bench> bench,
                   Resources& resources);

  [[nodiscard]] std::vector<Offer> offers() const override;
  void bind(const Site& site, AdapterIndex self) override;
  Awaitable<Result<>> run(Inbox& inbox) override;
  Awaitable<Result<>> execute(Order order) override;
  [[nodiscard]] bool is_simulated() const override { return true; }
  [[nodiscard]] std::vector<Counter> counters() const override;

 private:
  using Times = std::vector<std::optional<SteadyTime>>;

  void all_off();
  void catch_up();
  void pass_until(SteadyTime when);
  void end_what_is_over(SteadyTime now);
  [[nodiscard]] SteadyTime next_end() const;
  Result<> carry_out(const Order& order);
  Result<> order_charge(const Order& order);
  Result<> order_bleed(const Order& order);
  Result<> order_own(const Order& order);
  Result<> order_contactor(bool is_closed);
  void heat(bool is_on);
  Result<> choose_fault(int fault, int cell);
  void bleed(std::size_t cell, bool is_on);
  void post() const;
  void post_own() const;
  void post_module(int module) const;
  [[nodiscard]] RowId row(Row which) const { return rows_[static_cast<std::size_t>(which)]; }

  SimulatorSettings settings_;
  std::unique_ptr<sim::Bench> bench_;
  Clock& clock_;
  std::array<RowId, std::size(kRows)> rows_{};
  std::optional<Target> pack_;
  std::vector<std::optional<Target>> modules_;  // one that is the pack itself where there is one
  Inbox* inbox_ = nullptr;                      // null: not running
  SteadyTime last_{};                           // up to when the simulated time has passed
  SteadyTime simulated_{};                      // of the bench
  std::optional<SteadyTime> charge_until_, heat_until_;
  Times bleed_until_;  // [cell]
  int fault_ = 0, fault_cell_ = 1;
  bool is_contactor_on_;  // as ordered; a fault may open it all the same
  std::uint64_t charge_timeouts_ = 0, bleed_timeouts_ = 0, heater_timeouts_ = 0, skipped_s_ = 0;
};

Result<std::unique_ptr<Adapter>> make_simulator(const std::any& settings, Resources& resources);

}  // namespace b2m::simulator
