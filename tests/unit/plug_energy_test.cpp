// SPDX-License-Identifier: MIT
#include "gateway/rules/plug_energy.hpp"

#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "gateway/model/model.hpp"
#include "gateway/rules/local_time.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;

struct PlugEnergy : testing::Test {
  PlugEnergy() {
    setenv("TZ", "Europe/Berlin", 1);
    tzset();
    SitePlan plan;
    AdapterPlan kasa{"kasa", "kasa", {}, {}};
    Offer& offer = kasa.offers.emplace_back();
    offer.part = "1";
    offer.row = point::energy_counter.row;
    DeviceOffer& device = kasa.devices.emplace_back();
    device.part = "1";
    device.slug = "plug1";
    plan.adapters.push_back(std::move(kasa));
    site = std::make_unique<Site>(points, plan);
    begin();
  }
  ~PlugEnergy() override {
    setenv("TZ", "UTC", 1);
    tzset();
  }
  void begin() {
    model = std::make_unique<Model>(*site);
    rule = std::make_unique<rules::PlugEnergy>(
        *site, [this](std::string_view key) -> std::optional<std::string> {
          const auto at = kept.find(std::string(key));
          if (at == kept.end()) return std::nullopt;
          return at->second;
        });
  }
  void step() {
    Decision out;
    rule->step({model->freeze(now), {}, false, wall, {}}, out);
    for (const Computed& c : out.computed) model->compute(c, now);
    for (const Kept& k : out.kept) {
      kept[k.key] = k.value;
      ++writes;
    }
  }
  void read(double kwh, SteadyDuration later = 10s) {
    now += later;
    wall += std::chrono::duration_cast<WallTime::duration>(later);
    Report report(Target{site->find("plug1")->id, 0});
    report.add(point::energy_counter.row, kwh);
    model->apply(report, now);
    step();
  }
  const Reading& value(const char* key) { return model->view(now)[site->find("plug1", key)->slot]; }

  PointTable points;
  std::unique_ptr<Site> site;
  std::unique_ptr<Model> model;
  std::unique_ptr<rules::PlugEnergy> rule;
  std::map<std::string, std::string> kept;
  int writes = 0;
  SteadyTime now = SteadyTime{} + 1h;
  WallTime wall = rules::from_unix(1795201200);  // 2026-11-20 20:00 in Berlin
};

TEST_F(PlugEnergy, IsMissingUntilTheCounterWasRead) {
  step();
  EXPECT_EQ(value("energy_total").quality, Quality::missing);
}

TEST_F(PlugEnergy, CountsDifferencesAndNotWhatThePlugHadBefore) {
  read(123.0);
  read(123.01);
  EXPECT_NEAR(value("energy_total").value, 0.01, 1e-9);
}

TEST_F(PlugEnergy, ACounterThatStartsAnewTakesNothingAwayAndAddsNothing) {
  read(123.0);
  read(123.01);
  read(0);
  read(0.02);
  EXPECT_NEAR(value("energy_total").value, 0.03, 1e-9);
}

TEST_F(PlugEnergy, AMomentaryGlitchAddsNothing) {
  read(123.0);
  read(0);
  read(123.0);
  EXPECT_NEAR(value("energy_total").value, 0, 1e-9);
}

TEST_F(PlugEnergy, TodayBeginsAtLocalMidnight) {
  read(1.0);
  read(1.05);
  EXPECT_NEAR(value("energy_today").value, 0.05, 1e-9);
  read(1.06, 4h);
  EXPECT_NEAR(value("energy_today").value, 0.01, 1e-9);
  EXPECT_NEAR(value("energy_total").value, 0.06, 1e-9);
}

TEST_F(PlugEnergy, SurvivesARestartWithWhatWasDrawnMeanwhile) {
  read(1.0);
  read(1.05);
  read(1.06, 11min);
  begin();
  read(1.16, 30min);
  EXPECT_NEAR(value("energy_total").value, 0.16, 1e-9);
  EXPECT_NEAR(value("energy_today").value, 0.16, 1e-9);
}

TEST_F(PlugEnergy, IsNotWrittenAllTheTime) {
  for (int i = 0; i <= 360; ++i) read(1 + i * 0.001);  // one hour at 360 W
  EXPECT_LE(writes, 8);
  const int before = writes;
  for (int i = 0; i <= 360; ++i) read(1.36);
  EXPECT_LE(writes - before, 1);
}

}  // namespace
}  // namespace b2m
