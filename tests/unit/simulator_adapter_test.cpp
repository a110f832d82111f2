// SPDX-License-Identifier: MIT
// The virtual pack under a virtual clock: what it offers and reports, and that nothing of it stays
// on without orders.
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "adapters/simulator/adapter.hpp"
#include "config/profiles.hpp"
#include "tests/support/can_adapter_fixture.hpp"
#include "tests/support/running.hpp"

namespace b2m::simulator {
namespace {

using namespace std::chrono_literals;

SimulatorSettings two_modules() {
  SimulatorSettings s;
  s.id = "virtual";
  s.chemistry = "nmc";
  s.modules = 2;
  s.cells = 3;
  s.capacity_ah = 5;
  s.charger_current_a = 4;
  s.load_current_a = 0;
  s.heater_w = 10;
  return s;
}

/// Of a program that was held up: sleepers wake late.
struct LateClock final : Clock {
  explicit LateClock(test::VirtualClock& its_inner) : inner(its_inner) {}
  [[nodiscard]] SteadyTime now() const override { return inner.now() + late; }
  [[nodiscard]] WallTime wall() const override { return inner.wall(); }
  Awaitable<Result<>> sleep_until(SteadyTime when) override {
    return inner.sleep_until(when - late);
  }
  test::VirtualClock& inner;
  SteadyDuration late{};
};

class SimulatorAdapterTest : public testing::Test {
 protected:
  ~SimulatorAdapterTest() override { stop(); }
  void make(const SimulatorSettings& settings = two_modules()) {
    stop();
    auto made = make_simulator(settings, resources_);
    ASSERT_TRUE(made) << made.error().text();
    adapter_ = std::move(*made);
    SitePlan plan;
    plan.adapters.push_back({"virtual", "simulator", adapter_->offers(), {}});
    PackPlan& pack = plan.packs.emplace_back();
    pack.slug = "pack";
    pack.sources = {{0, std::string(kPart)}};
    plan.allowed = {Control::charging, Control::balancing, Control::limits, Control::contactors};
    site_ = std::make_unique<Site>(points_, plan);
    adapter_->bind(*site_, 0);
    inbox_.attach(*site_);
    start();
  }
  void start() { running_ = std::make_unique<test::Running<>>(clock_, adapter_->run(inbox_)); }
  void stop() {  // it must not outlive the adapter
    if (running_) running_->cancel();
    running_.reset();
  }

  Result<> order(std::string_view key, double value, int index = 0, int module = 0,
                 double guard_s = 0, bool keep = false) {
    Order o;
    o.part = kPart;
    o.row = points_.find(key);
    o.value = value;
    o.index = index;
    o.module = module;
    o.guard_s = guard_s;
    o.keep = keep;
    return test::finish(clock_, adapter_->execute(std::move(o)));
  }
  Result<> charge(bool is_on) { return order("charging", is_on ? 1 : 0); }
  Result<> bleed(int module, int cell, double guard_s, bool keep = false) {
    return order("cell_{}_bleed", 1, cell - 1, module, guard_s, keep);
  }
  Result<> fail(std::string_view word, int cell = 1) {
    const auto at = std::ranges::find(kFaultWords, word);
    if (const auto chosen = order("simulated_fault_cell", cell); !chosen) return chosen;
    return order("simulated_fault", static_cast<double>(at - kFaultWords.begin()));
  }
  [[nodiscard]] std::string text(const std::string& key, const std::string& device = "pack",
                                 int decimals = 0) const {
    return inbox_.last(device, key, decimals);
  }
  [[nodiscard]] double volts(int module, int cell) const {
    return std::stod(inbox_.last("pack_module" + std::to_string(module),
                                 "cell_0" + std::to_string(cell) + "_voltage", 6));
  }
  [[nodiscard]] double amperes() const { return std::stod(text("current", "pack", 3)); }

  test::VirtualClock clock_;
  LateClock late_clock_{clock_};
  PointTable points_;
  std::unique_ptr<Network> network_ = make_network(clock_.executor(), clock_);
  config::Profiles profiles_{"", {B2M_SOURCE_DIR "/config/profiles"}};
  Resources resources_{
      clock_.executor(),
      late_clock_,
      points_,
      {},
      *network_,
      [this](std::string_view area, std::string_view name) { return profiles_.find(area, name); }};
  test::RecordingInbox inbox_;
  std::unique_ptr<Adapter> adapter_;
  std::unique_ptr<Site> site_;
  std::unique_ptr<test::Running<>> running_;
};

TEST_F(SimulatorAdapterTest, ReportsEveryCellOfEveryModuleAndStartsWithNothingOn) {
  make();

  for (const int module : {1, 2})
    for (const int cell : {1, 2, 3}) EXPECT_NEAR(volts(module, cell), 3.75, 0.05);
  EXPECT_EQ(text("charging"), "0");
  EXPECT_EQ(text("contactor"), "1");
  EXPECT_EQ(text("soc"), "50");
  EXPECT_EQ(text("simulated_fault"), "0");
  EXPECT_EQ(text("simulated_heater"), "0");
  EXPECT_EQ(text("cell_02_bleed", "pack_module2"), "0");
  EXPECT_TRUE(adapter_->is_simulated());
}

TEST_F(SimulatorAdapterTest, ChargingRaisesEveryCellAndEndsByItselfWithoutOrders) {
  make();
  const double before = volts(2, 3);
  ASSERT_TRUE(charge(true));
  for (int i = 0; i < 20; ++i) {
    clock_.advance(1s);
    ASSERT_TRUE(charge(true));
  }
  EXPECT_EQ(text("charging"), "1");
  EXPECT_NEAR(amperes(), 4, 0.01);
  EXPECT_GT(volts(2, 3), before + 0.05);

  clock_.advance(4900ms);
  EXPECT_EQ(text("charging"), "1");
  clock_.advance(200ms);
  EXPECT_EQ(text("charging"), "0");
  clock_.advance(2s);
  EXPECT_DOUBLE_EQ(amperes(), 0);
}

TEST_F(SimulatorAdapterTest, ABleedEndsWithItsGuardAndLowersItsCellOnly) {
  SimulatorSettings s = two_modules();
  s.bleed_ohm = 2;
  make(s);
  clock_.advance(2s);
  const double bled = volts(2, 1), neighbour = volts(1, 1);

  ASSERT_TRUE(bleed(2, 1, 20));
  EXPECT_EQ(text("cell_01_bleed", "pack_module2"), "1");
  clock_.advance(10s);
  ASSERT_TRUE(bleed(2, 1, 20, true));
  EXPECT_LT(volts(2, 1), bled - 0.01);
  EXPECT_DOUBLE_EQ(volts(1, 1), neighbour);
  clock_.advance(19s);
  EXPECT_EQ(text("cell_01_bleed", "pack_module2"), "1");
  clock_.advance(2s);
  EXPECT_EQ(text("cell_01_bleed", "pack_module2"), "0");

  EXPECT_FALSE(bleed(2, 1, 20, true)) << "a renewal never switches on";
  EXPECT_EQ(text("cell_01_bleed", "pack_module2"), "0");
}

TEST_F(SimulatorAdapterTest, FaultsShowAndClear) {
  make();
  ASSERT_TRUE(fail("open_sensor", 4));
  EXPECT_EQ(text("cell_01_voltage", "pack_module2"), "unknown");
  EXPECT_NE(text("cell_03_voltage", "pack_module1"), "unknown");

  ASSERT_TRUE(fail("short", 1));
  EXPECT_NE(text("cell_01_voltage", "pack_module2"), "unknown") << "one fault at a time";
  clock_.advance(10s);
  EXPECT_LT(volts(1, 1), volts(1, 2) - 0.1);

  ASSERT_TRUE(order("simulated_fault", 0));
  const double hurt = volts(1, 1);
  clock_.advance(60s);
  EXPECT_GT(volts(1, 1), hurt);
  EXPECT_FALSE(fail("leak", 7)) << "there are six cells";
}

TEST_F(SimulatorAdapterTest, AContactorThatDropsOutEndsTheCurrentOfLoadAndCharger) {
  make();
  ASSERT_TRUE(order("simulated_load", 3));
  clock_.advance(2s);
  EXPECT_NEAR(amperes(), -3, 1e-9);

  ASSERT_TRUE(fail("contactor_open"));
  ASSERT_TRUE(charge(true));
  clock_.advance(2s);

  EXPECT_EQ(text("contactor"), "0");
  EXPECT_DOUBLE_EQ(amperes(), 0);
}

TEST_F(SimulatorAdapterTest, OpeningTheContactorEndsLoadAndChargeAndClosingItDoesNotChargeAgain) {
  make();
  ASSERT_TRUE(order("simulated_load", 3));
  ASSERT_TRUE(charge(true));
  clock_.advance(2s);
  ASSERT_NEAR(amperes(), 1, 0.01);

  ASSERT_TRUE(order("simulated_contactor", 0));
  EXPECT_EQ(text("simulated_contactor"), "0");
  EXPECT_EQ(text("contactor"), "0");
  EXPECT_EQ(text("charging"), "0");
  EXPECT_FALSE(charge(true)) << "into an open contactor";
  clock_.advance(2s);
  EXPECT_DOUBLE_EQ(amperes(), 0);
  const double open = volts(2, 3);

  ASSERT_TRUE(order("simulated_contactor", 1));
  clock_.advance(2s);
  EXPECT_EQ(text("contactor"), "1");
  EXPECT_EQ(text("charging"), "0");
  EXPECT_NEAR(amperes(), -3, 1e-9);
  EXPECT_LT(volts(2, 3), open - 0.02) << "the load shows in every voltage";
}

TEST_F(SimulatorAdapterTest, NothingClosesAnOpenContactorByItself) {
  SimulatorSettings s = two_modules();
  s.contactor_open = true;
  make(s);
  EXPECT_EQ(text("contactor"), "0");
  EXPECT_EQ(text("simulated_contactor"), "0");

  ASSERT_TRUE(order("simulated_contactor", 1));
  EXPECT_EQ(text("contactor"), "1");
  ASSERT_TRUE(fail("contactor_open"));
  EXPECT_EQ(text("contactor"), "0") << "whatever was ordered";
  ASSERT_TRUE(order("simulated_contactor", 0));
  ASSERT_TRUE(order("simulated_fault", 0));
  EXPECT_EQ(text("contactor"), "0");

  stop();
  start();
  EXPECT_EQ(text("contactor"), "0");
}

TEST_F(SimulatorAdapterTest, TheHeaterHasAGuardOfItsOwn) {
  make();
  ASSERT_TRUE(order("simulated_heater", 1));
  clock_.advance(599s);
  EXPECT_EQ(text("simulated_heater"), "1");
  clock_.advance(2s);
  EXPECT_EQ(text("simulated_heater"), "0");
  const double warm = std::stod(inbox_.last("pack_module1", "cell_01_temperature", 6));
  clock_.advance(60s);
  EXPECT_LT(std::stod(inbox_.last("pack_module1", "cell_01_temperature", 6)), warm);
}

TEST_F(SimulatorAdapterTest, AChargeEndsAtItsTimeHoweverLateTheProgramIs) {
  SimulatorSettings s = two_modules();
  s.capacity_ah = 1000;
  s.charger_current_a = 100;
  s.interval_s = 0.1;
  s.speed = 1000;
  make(s);
  ASSERT_TRUE(charge(true));
  clock_.advance(4900ms);
  const double before = std::stod(text("soc", "pack", 6));
  late_clock_.late = 1900ms;
  clock_.advance(100ms);

  EXPECT_EQ(text("charging"), "0");
  const double gained_ah = 1000 * (std::stod(text("soc", "pack", 6)) - before) / 100;
  EXPECT_NEAR(gained_ah, 100 * 100 / 3600.0, 0.5) << "of the 0.1 s that were left";
}

TEST_F(SimulatorAdapterTest, NothingIsOnAfterAStopAndANewStart) {
  make();
  ASSERT_TRUE(charge(true));
  ASSERT_TRUE(bleed(1, 1, 600));
  ASSERT_TRUE(order("simulated_heater", 1));
  ASSERT_TRUE(fail("leak", 2));
  clock_.advance(1s);

  stop();
  EXPECT_FALSE(charge(true)) << "nobody would end it";
  clock_.advance(1h);
  start();

  for (const char* key : {"charging", "simulated_heater", "simulated_fault"})
    EXPECT_EQ(text(key), "0") << key;
  EXPECT_EQ(text("cell_01_bleed", "pack_module1"), "0");
  clock_.advance(1s);
  EXPECT_DOUBLE_EQ(amperes(), 0);
}

TEST_F(SimulatorAdapterTest, TimePassesFasterWhereItShallAndALongPauseDoesNotCount) {
  SimulatorSettings s = two_modules();
  s.speed = 60;
  s.load_current_a = 2;
  make(s);
  clock_.advance(60s);
  EXPECT_EQ(text("soc"), "10") << "an hour with 2 A";

  s.speed = 1;
  make(s);
  stop();
  clock_.advance(1h);
  start();
  clock_.advance(1s);
  EXPECT_EQ(text("soc"), "50");
}

TEST_F(SimulatorAdapterTest, AnUnknownCellSetIsRefusedWithThePlace) {
  SimulatorSettings s = two_modules();
  s.cell_set = "chen2021";
  s.place = {"home.toml", 7, 1};

  const auto made = make_simulator(s, resources_);

  ASSERT_FALSE(made);
  EXPECT_NE(made.error().text().find("home.toml:7:1"), std::string::npos);
  EXPECT_NE(made.error().text().find("chen2021"), std::string::npos) << made.error().text();
}

}  // namespace
}  // namespace b2m::simulator
