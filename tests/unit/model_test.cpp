// SPDX-License-Identifier: MIT
#include "gateway/model/model.hpp"

#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/support/site_fixture.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;
using test::PackSpec;
using test::SiteFixture;

TEST(Model, AValueNeverSeenIsMissingAndNotZero) {
  SiteFixture site;

  EXPECT_EQ(site.reading("cell_03_voltage").quality, Quality::missing);
  EXPECT_TRUE(std::isnan(site.reading("cell_03_voltage").value));
}

TEST(Model, MarksAValueStaleOnceItIsOlderThanItsLimit) {
  SiteFixture site;
  site.fill(12.8_V, 25_degC);

  site.advance(5s);
  site.model().freeze(site.now());
  EXPECT_TRUE(site.reading("cell_03_voltage").is_good());
  site.advance(1ms);
  site.model().freeze(site.now());
  EXPECT_EQ(site.reading("cell_03_voltage").quality, Quality::stale);
}

TEST(Model, IgnoresASingleImplausibleSample) {
  SiteFixture site;
  site.fill(12.8_V, 25_degC);

  site.set_cell(3, 655.35_V);

  EXPECT_TRUE(site.reading("cell_03_voltage").is_good());
  EXPECT_DOUBLE_EQ(site.reading("cell_03_voltage").value, 12.8);
  EXPECT_EQ(site.model().rejected(), 1U);
}

TEST(Model, BelievesThatSomethingIsWrongWhenImplausibleSamplesGoOn) {
  SiteFixture site;
  site.fill(12.8_V, 25_degC);

  for (int i = 0; i < 3; ++i) site.set_cell(3, 0_V);

  EXPECT_EQ(site.reading("cell_03_voltage").quality, Quality::suspect);
}

TEST(Model, AnImplausibleFirstSampleIsSuspectAtOnce) {
  SiteFixture site;

  site.set_cell(1, Volts(std::nan("")));

  EXPECT_EQ(site.reading("cell_01_voltage").quality, Quality::suspect);
}

TEST(Model, ListsEachChangedPointOnce) {
  SiteFixture site;
  std::vector<Slot> dirty;
  site.fill(12.8_V, 25_degC);
  site.model().take_dirty(dirty);
  dirty.clear();

  site.set_cell(2, 12.9_V);
  site.set_cell(2, 13.0_V);
  site.set_cell(4, 12.8_V);  // unchanged
  site.model().take_dirty(dirty);

  EXPECT_EQ(dirty, std::vector<Slot>{site.slot("cell_02_voltage")});
}

TEST(Model, AWatchedValueAsksForATickOnlyWhenItCrossesItsLimit) {
  SiteFixture site;
  site.model().watch(site.slot("cell_01_voltage"), 10, 14);
  Report report(Target{site.pack(), 0});
  const auto apply = [&](Volts v) {
    report.clear();
    report.add(point::cell_voltage, v, 0);
    return site.model().apply(report, site.now());
  };

  EXPECT_FALSE(apply(14.00_V));
  EXPECT_TRUE(apply(14.01_V));
  EXPECT_FALSE(apply(14.02_V));
  EXPECT_TRUE(apply(13.90_V));
}

TEST(Model, ASampleForAPointTheDeviceDoesNotHaveChangesNothing) {
  SiteFixture site;
  Report report(Target{site.pack(), 0});

  report.add(point::cell_voltage, 12.8_V, 6);
  report.add(point::soc, Percent(50));
  site.model().apply(report, site.now());

  EXPECT_FALSE(site.model().has_dirty());
}

/// Two sources of one pack: a BMS and, ranked second, another that also knows the voltage.
struct RankedSources : testing::Test {
  RankedSources() {
    SitePlan plan;
    Offer voltage;
    voltage.part = "1";
    voltage.row = point::voltage.row;
    plan.adapters = {{"bms", "can", {voltage}}, {"shunt", "can", {voltage}}};
    PackPlan pack;
    pack.slug = "pack1";
    pack.name = "Pack 1";
    pack.sources = {{0, "1"}, {1, "1"}};
    plan.packs.push_back(pack);
    site = std::make_unique<Site>(points, plan);
    model = std::make_unique<Model>(*site);
  }
  void report(AdapterIndex adapter, Volts v) {
    Report r(*site->target(adapter, "1"));
    model->apply(r.add(point::voltage, v), now);
  }
  double voltage() { return model->freeze(now)[site->find("pack1", "voltage")->slot].value; }

  PointTable points;
  std::unique_ptr<Site> site;
  std::unique_ptr<Model> model;
  SteadyTime now = SteadyTime{} + 1h;
};

TEST_F(RankedSources, TheFirstSourceCountsWhileItIsFresh) {
  report(0, 50_V);
  report(1, 51_V);

  EXPECT_DOUBLE_EQ(voltage(), 50);
}

TEST_F(RankedSources, TheSecondSourceStepsInWhenTheFirstFallsSilent) {
  report(0, 50_V);
  now += 4s;
  report(1, 51_V);
  now += 2s;

  EXPECT_DOUBLE_EQ(voltage(), 51);
}

TEST(Site, KeysAndNamesCountFromOneAndSlotsFromZero) {
  const SiteFixture fixture;
  const Site& site = fixture.site();

  const Entity& third = site.entity(site.slot(fixture.pack(), point::cell_voltage, 2));

  EXPECT_EQ(third.key, "cell_03_voltage");
  EXPECT_EQ(third.name, "Cell 3 voltage");
  EXPECT_EQ(site.slot(fixture.pack(), point::cell_voltage, 6), kNoSlot);
}

TEST(Site, ModulesAreDevicesUnderTheirPackAndCellsRunThroughThem) {
  const SiteFixture fixture({.cells = 12, .modules = 2});
  const Site& site = fixture.site();

  const Device* second = site.find("pack1_module2");

  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->parent, fixture.pack());
  EXPECT_EQ(second->first_cell, 6);
  EXPECT_EQ(site.all_of(fixture.pack(), point::cell_voltage.row).size(), 12U);
  EXPECT_EQ(site.target(0, "1", 2)->device, second->id);
}

TEST(Site, RefusesAPackWithAnotherNumberOfCellsThanItsSourceReports) {
  PointTable points;
  SitePlan plan;
  Offer cells;
  cells.part = "1";
  cells.row = point::cell_voltage.row;
  cells.count = 6;
  plan.adapters = {{"bench", "can", {cells}}};
  PackPlan pack;
  pack.slug = "pack1";
  pack.cells_in_series = 8;
  pack.sources = {{0, "1"}};
  plan.packs = {pack};

  EXPECT_THROW(
      {
        try {
          const Site site(points, plan);
        } catch (const std::runtime_error& e) {
          EXPECT_STREQ(e.what(),
                       "pack \"pack1\": cells_in_series = 8, but its sources report 6 cells; "
                       "correct one of them");
          throw;
        }
      },
      std::runtime_error);
}

TEST(Site, AnOutputIsWritableOnlyWhenControlAllowsItsClass) {
  const SiteFixture allowed({.charging = true});
  const SiteFixture refused({.charging = true, .allowed = false});

  EXPECT_TRUE(allowed.site().find("pack1", "charging")->writable);
  EXPECT_FALSE(refused.site().find("pack1", "charging")->writable);
}

}  // namespace
}  // namespace b2m
