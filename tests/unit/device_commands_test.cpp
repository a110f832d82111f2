// SPDX-License-Identifier: MIT
#include "gateway/rules/device_commands.hpp"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "gateway/model/model.hpp"

namespace b2m {
namespace {

struct DeviceCommands : testing::Test {
  DeviceCommands() {
    SitePlan plan;
    AdapterPlan kasa{"kasa", "kasa", {}, {}};
    for (const char* part : {"1", "2"}) {
      for (const RowId row : {point::relay.row, point::led.row, point::alias}) {
        Offer& offer = kasa.offers.emplace_back();
        offer.part = part;
        offer.row = row;
        offer.commandable = true;
      }
      DeviceOffer& device = kasa.devices.emplace_back();
      device.part = part;
      device.slug = std::string("plug") + part;
    }
    plan.adapters.push_back(std::move(kasa));
    plan.chargers.push_back({"plug1", "test.toml:1:1", false, false});
    plan.allowed = {Control::plugs, Control::charging};
    site = std::make_unique<Site>(points, plan);
    model = std::make_unique<Model>(*site);
    rule = std::make_unique<rules::DeviceCommands>(*site);
    connect(true);
  }
  void connect(bool on) {
    model->compute({site->slot(kBridge, point::adapter_connected, 0), on ? 1.0 : 0.0}, now);
  }
  Decision command(const char* device, const char* key, double value, const char* text = "") {
    Intent intent;
    intent.slot = site->find(device, key)->slot;
    intent.value = value;
    intent.text = text;
    intent.ticket = 3;
    const std::vector<Intent> intents{intent};
    Decision out;
    rule->step({model->freeze(now), intents, is_stopping, {}, {}}, out);
    return out;
  }

  PointTable points;
  std::unique_ptr<Site> site;
  std::unique_ptr<Model> model;
  std::unique_ptr<rules::DeviceCommands> rule;
  SteadyTime now = SteadyTime{} + std::chrono::hours(1);
  bool is_stopping = false;
};

TEST_F(DeviceCommands, CarryOutOnceAndHoldNothing) {
  const Decision on = command("plug2", "relay", 1);
  ASSERT_EQ(on.outputs.size(), 1U);
  EXPECT_TRUE(on.outputs[0].once);
  ASSERT_EQ(on.verdicts.size(), 1U);
  EXPECT_TRUE(on.verdicts[0].accepted);
  EXPECT_EQ(command("plug2", "alias", 0, "garden").outputs[0].text, "garden");
}

TEST_F(DeviceCommands, TheRelayBehindAChargerIsNotTheirs) {
  EXPECT_TRUE(command("plug1", "relay", 1).outputs.empty());
  EXPECT_TRUE(command("plug1", "relay", 1).verdicts.empty());
  EXPECT_EQ(command("plug1", "led", 0).outputs.size(), 1U) << "but its LED is";
}

TEST_F(DeviceCommands, ASilentPlugRefusesWithItsName) {
  connect(false);
  const Decision out = command("plug2", "relay", 1);
  EXPECT_TRUE(out.outputs.empty());
  ASSERT_EQ(out.verdicts.size(), 1U);
  EXPECT_NE(out.verdicts[0].reason.find("Plug 2 does not answer"), std::string::npos)
      << out.verdicts[0].reason;
}

TEST_F(DeviceCommands, NothingIsSwitchedWhileTheGatewayStops) {
  is_stopping = true;
  EXPECT_FALSE(command("plug2", "relay", 1).verdicts[0].accepted);
}

}  // namespace
}  // namespace b2m
