// SPDX-License-Identifier: MIT
// A pack made of modules that sit on two rings.
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "discovery/value.hpp"
#include "gateway/model/model.hpp"
#include "gateway/rules/device_commands.hpp"
#include "gateway/rules/pack_figures.hpp"
#include "gateway/rules/pack_obstacle.hpp"
#include "gateway/rules/presence.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

Offer offer(int module, RowId row, int count, bool commandable = false) {
  Offer o;
  o.part = "ring";
  o.module = module;
  o.row = row;
  o.count = count;
  o.commandable = commandable;
  return o;
}

AdapterPlan ring(const char* id, std::vector<int> modules) {
  AdapterPlan plan{id, "tesla_uart", {}, {}};
  for (const int m : modules) {
    plan.offers.push_back(offer(m, point::cell_voltage.row, 2));
    plan.offers.push_back(offer(m, point::cell_bleed.row, 2, true));
    plan.offers.push_back(offer(m, core_row("chip_fault"), 1));
    plan.offers.push_back(offer(m, core_row("chip_cell_voltage_high"), 1, true));
    plan.offers.push_back(offer(m, core_row("clear_chip_faults"), 1, true));
  }
  return plan;
}

SitePlan two_rings(std::vector<int> first, std::vector<int> second) {
  SitePlan plan;
  plan.adapters = {ring("ring1", std::move(first)), ring("ring2", std::move(second))};
  PackPlan pack;
  pack.slug = "pack1";
  pack.name = "Pack 1";
  pack.sources = {{0, "ring"}, {1, "ring"}};
  plan.packs.push_back(std::move(pack));
  plan.allowed = {Control::balancing, Control::limits};
  return plan;
}

class ModulePack : public testing::Test {
 protected:
  ModulePack()
      : site(points, two_rings({1, 2}, {3})),
        model(site),
        figures(site),
        presence(site),
        commands(site) {
    for (const int m : {1, 2, 3}) fill(m, 4.0 + 0.01 * m, 4.0 + 0.03 * m);
    step();
  }
  void fill(int module, double first_v, double second_v) {
    const auto adapter = static_cast<AdapterIndex>(module == 3 ? 1 : 0);
    Report report(*site.target(adapter, "ring", module));
    report.add(point::cell_voltage, Volts(first_v), 0).add(point::cell_voltage, Volts(second_v), 1);
    report.add(core_row("chip_fault"), 0);
    model.apply(report, now);
  }
  Decision step(std::vector<Intent> intents = {}) {
    for (const AdapterIndex a : {AdapterIndex{0}, AdapterIndex{1}})
      model.compute({site.slot(kBridge, point::adapter_connected, a), 1}, now);
    Decision out;
    const Snapshot snapshot = model.freeze(now);
    const rules::Input in{snapshot, intents, false, {}, {}};
    presence.step(in, out);
    figures.step(in, out);
    commands.step(in, out);
    for (const Computed& c : out.computed) model.compute(c, now);
    return out;
  }
  const Reading& at(const char* device, const char* key) {
    shown = model.view(now)[site.find(device, key)->slot];
    return shown;
  }

  PointTable points;
  Site site;
  Model model;
  rules::PackFigures figures;
  rules::Presence presence;
  rules::DeviceCommands commands;
  SteadyTime now = SteadyTime{} + 1h;
  Reading shown;
};

TEST_F(ModulePack, FiguresRunThroughTheModulesOfBothRings) {
  EXPECT_NEAR(at("pack1", "voltage").value, 24.24, 1e-9);
  EXPECT_NEAR(at("pack1", "cell_voltage_spread").value, 0.08, 1e-9);
  EXPECT_NEAR(at("pack1", "module_voltage_spread").value, 0.04, 1e-9);
  EXPECT_EQ(at("pack1", "worst_cell").value, 6);
}

TEST_F(ModulePack, AModuleHasItsOwnFigures) {
  EXPECT_NEAR(at("pack1_module3", "voltage").value, 8.12, 1e-9);
  EXPECT_NEAR(at("pack1_module3", "cell_voltage_spread").value, 0.06, 1e-9);
  EXPECT_NEAR(at("pack1_module2", "cell_voltage_min").value, 4.02, 1e-9);
}

TEST_F(ModulePack, ASilentModuleGoesOfflineAndThePackHasNoSmallerSum) {
  now += 5500ms;
  fill(1, 4, 4);
  fill(3, 4, 4);
  step();
  EXPECT_EQ(at("pack1_module2", "connected").value, 0) << "although its flags are kept longer";
  EXPECT_EQ(at("pack1", "connected").value, 1);
  EXPECT_EQ(at("pack1", "voltage").quality, Quality::missing);
  EXPECT_EQ(at("pack1", "module_voltage_spread").quality, Quality::missing);
  EXPECT_EQ(at("pack1_module2", "voltage").quality, Quality::missing);
  EXPECT_EQ(at("pack1_module1", "voltage").value, 8);
}

TEST_F(ModulePack, ASilentModuleIsInTheWayOfACharge) {
  const rules::PackObstacle obstacle(site, site.find("pack1")->id, {}, 0);
  const Decision none;
  const auto find = [&] {
    const Snapshot snapshot = model.freeze(now);
    const rules::Input in{snapshot, {}, false, {}, {}};
    return obstacle.find(in, none).value_or("nothing");
  };
  EXPECT_EQ(find(), "nothing");
  now += 5500ms;
  fill(1, 4, 4);
  fill(3, 4, 4);
  step();
  EXPECT_THAT(find(), HasSubstr("Pack 1 module 2: Cell 1 voltage is stale"));
}

TEST_F(ModulePack, ACommandGoesOnceToAModuleThatAnswers) {
  Intent intent;
  intent.slot = site.find("pack1_module3", "chip_cell_voltage_high")->slot;
  intent.value = 4.2;
  const Decision out = step({intent});
  ASSERT_EQ(out.outputs.size(), 1U);
  EXPECT_TRUE(out.outputs[0].once);
  EXPECT_EQ(out.outputs[0].value, 4.2);
  EXPECT_EQ(site.entity(intent.slot).adapter, 1);

  now += 6s;
  fill(1, 4, 4);
  step();
  const Decision late = step({intent});
  EXPECT_TRUE(late.outputs.empty());
  ASSERT_EQ(late.verdicts.size(), 1U);
  EXPECT_EQ(late.verdicts[0].reason, "Pack 1 module 3 does not answer");
}

TEST_F(ModulePack, ALimitIsSetInTheStepsThatTheChipTakes) {
  const Entity& limit = *site.find("pack1_module1", "chip_cell_voltage_high");
  EXPECT_EQ(discovery::step_of(limit), 0.05);
  for (const char* good : {"2", "4.15", "4.2", "5.15"})
    EXPECT_TRUE(discovery::parse_command(limit, good)) << good;
  for (const char* bad : {"4.17", "4.151", "1.95", "5.2"})
    EXPECT_FALSE(discovery::parse_command(limit, bad)) << bad;
}

TEST_F(ModulePack, BalancingRowsStandWhereSomethingCanBleed) {
  for (const char* key :
       {"balancing", "balancing_reason", "bleed_time", "balance_difference", "balance_voltage"})
    EXPECT_NE(site.find("pack1", key), nullptr) << key;
  EXPECT_TRUE(site.find("pack1", "balancing")->writable);
  EXPECT_EQ(site.find("pack1_module1", "balancing"), nullptr);

  SitePlan plan = two_rings({1}, {2});
  for (AdapterPlan& adapter : plan.adapters)
    for (Offer& o : adapter.offers) o.commandable = false;
  const Site watched(points, plan);
  EXPECT_EQ(watched.find("pack1", "balancing"), nullptr);
  EXPECT_FALSE(watched.find("pack1_module1", "cell_01_bleed")->writable);
}

void expect_complaint(const PointTable& points, const SitePlan& plan, const char* text) {
  try {
    const Site site(points, plan);
    ADD_FAILURE() << "no complaint";
  } catch (const std::runtime_error& e) {
    EXPECT_THAT(e.what(), HasSubstr(text));
  }
}

TEST(ModulePackSites, TwoModulesOfOneNumberAreAMistake) {
  expect_complaint(PointTable(), two_rings({1, 2}, {2}), "two of its sources have a module 2");
}

TEST(ModulePackSites, CellsOfThePackAndOfModulesAreAMistake) {
  SitePlan plan = two_rings({1}, {2});
  plan.adapters[1].offers = {offer(0, point::cell_voltage.row, 4)};
  expect_complaint(PointTable(), plan, "count them twice");
}

TEST(ModulePackSites, TheBalanceVoltageStaysWithinThePlausibleCellVoltages) {
  SitePlan plan = two_rings({1}, {2});
  plan.packs[0].cell_low = 2;
  plan.packs[0].cell_high = 5;
  const PointTable points;
  const Site site(points, plan);
  EXPECT_EQ(site.find("pack1", "balance_voltage")->low, 2);
  EXPECT_EQ(site.find("pack1", "balance_voltage")->high, 5);
}

}  // namespace
}  // namespace b2m
