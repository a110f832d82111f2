// SPDX-License-Identifier: MIT
// A ring of Tesla modules: enumerates them, reads them in turn, bleeds their cells. One
// conversation, which orders join between two requests. Facts: docs/protocols/tesla-uart.md.
#pragma once

#include <any>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "adapters/adapter.hpp"
#include "adapters/tesla_uart/module.hpp"
#include "adapters/tesla_uart/ring.hpp"
#include "adapters/tesla_uart/roll_call.hpp"
#include "adapters/tesla_uart/settings.hpp"

namespace b2m::tesla_uart {

inline constexpr std::string_view kPart = "modules";

class TeslaAdapter final : public Adapter {
 public:
  TeslaAdapter(TeslaSettings settings, Resources& resources);

  [[nodiscard]] std::vector<Offer> offers() const override;
  void bind(const Site& site, AdapterIndex self) override;
  void attach(Memory& memory) override;
  Awaitable<Result<>> run(Inbox& inbox) override;
  Awaitable<Result<>> execute(Order order) override;
  Awaitable<Result<std::string>> rescan() override;
  [[nodiscard]] std::vector<Counter> counters() const override;
  [[nodiscard]] std::vector<Detail> details() const override;

 private:
  /// What comes from outside and has to wait for its turn on the ring.
  struct Job {
    explicit Job(const Executor& executor) : done(executor) {}
    std::optional<Order> order;  // empty: enumerate again
    SteadyTime arrived{};
    bool is_given_up = false;
    std::optional<Result<std::string>> result;
    Bell done;
  };
  using JobPtr = std::shared_ptr<Job>;

  // ---- the line (adapter.cpp)
  Awaitable<Result<>> talk();
  Awaitable<Result<>> converse();
  Awaitable<Result<std::string>> join(JobPtr job, SteadyTime deadline);
  void end_jobs();

  // ---- who is there (set_up.cpp)
  Awaitable<Result<>> begin();
  Awaitable<Result<>> wake();
  Awaitable<Result<>> send_settings();
  Awaitable<Result<>> set_up(Module& m);
  Awaitable<Result<>> clear_own_flags(Module& m);
  Awaitable<Result<>> write_limits(Module& m);
  Awaitable<Result<>> read_limits(Module& m);
  Awaitable<Result<>> look_for_lost(SteadyTime began);
  Awaitable<Result<>> look_for(Module& m);
  Module* next_lost();
  Awaitable<Result<>> look_for_more();
  Awaitable<Result<std::string>> enumerate_again();
  Roll forget_news();
  void keep_roll();
  void recall_roll();
  void follow_roll(const Roll& before);
  void follow_seat(Module& m, Seat before);
  void lose(Module& m, Seat now = Seat::missing);
  Error nobody();
  [[nodiscard]] bool is_present(const Module& m) const;

  // ---- the cycle (cycle.cpp)
  Awaitable<Result<>> cycle();
  Awaitable<Result<>> start_conversion();
  Awaitable<Result<>> bring_to_rest();
  Awaitable<Result<>> bring_to_rest(Module& m);
  Awaitable<Result<>> read_module(Module& m);
  Awaitable<Result<std::optional<Measurement>>> measure(Module& m);
  struct Look {
    std::optional<Measurement> measurement;  // empty: not ready, or not a reading
    bool is_garbled = false;
  };
  Awaitable<Result<Look>> read_once(Module& m);
  Awaitable<Result<>> keep_house(Module& m);
  Awaitable<Result<>> test_one();
  Awaitable<Result<>> test_life(Module& m);
  Awaitable<Result<bool>> power_sensors(Module& m, std::uint8_t bits);
  Awaitable<Result<Proof>> prove_life(Module& m);
  Awaitable<Result<Proof>> prove_start(Module& m, std::uint8_t whom);
  Awaitable<Result<>> rest(SteadyTime began);
  [[nodiscard]] SteadyDuration interval() const;
  [[nodiscard]] bool is_bleeding() const;
  [[nodiscard]] bool is_told_alone(const Module& m) const;
  void silent(Module& m);

  // ---- orders (orders.cpp)
  Awaitable<Result<>> serve(bool only_off);
  Module* module_of(const Order& order);
  void take_back(const Order& order);
  Awaitable<Result<>> carry_out(const Job& job, bool is_reading);
  Awaitable<Result<>> bleed(Module& m, const Job& job, bool is_reading);
  Awaitable<Result<>> bleed_on(Module& m, const Order& order, SteadyTime arrived);
  Awaitable<Result<>> bleed_off(Module& m, int cell, bool is_reading);
  enum class Bleeds { none, as_wanted };
  Awaitable<Result<bool>> put_bleed(Module& m, Bleeds wanted);
  Awaitable<Result<bool>> try_bleed(Module& m, Bleeds wanted);
  Awaitable<Result<>> renew_bleed(Module& m);
  Awaitable<Result<>> read_bleed(Module& m);
  Awaitable<Result<>> set_limit(Module& m, std::size_t limit, double value);
  Awaitable<Result<>> clear_flags(Module& m);
  Awaitable<Result<>> clear_register(Module& m, std::uint8_t reg, std::uint8_t bits);

  Executor executor_;
  Clock& clock_;
  OpenSerial open_serial_;
  TeslaSettings settings_;
  Ring ring_;
  RollCall roll_call_;
  Roll roll_;
  std::vector<std::unique_ptr<Module>> modules_;  // [address - 1]
  Memory* memory_ = nullptr;
  Inbox* inbox_ = nullptr;

  bool is_running_ = false;
  std::deque<JobPtr> jobs_;
  Bell wanted_;
  std::string last_failure_;
  bool has_read_ = false;  // a module, since the line was opened
  SteadyTime last_read_{};
  SteadyTime settings_due_{};
  SteadyTime lost_due_{};
  SteadyDuration lost_pause_{};
  bool is_extra_told_ = false;
  bool is_started_ = false;  // the conversion of this cycle, for everybody
  bool is_asleep_ = false;
  SteadyDuration last_cycle_{};
  std::uint64_t cycles_ = 0, unready_ = 0, renumberings_ = 0;
};

Result<std::unique_ptr<Adapter>> make_tesla_uart(const std::any& settings, Resources& resources);

}  // namespace b2m::tesla_uart
