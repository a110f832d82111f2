// SPDX-License-Identifier: MIT
// From a configuration with chargers to a site with their points, and the requests about them.
#include <cstdlib>

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.hpp"
#include "gateway/app/loading.hpp"
#include "gateway/app/wiring.hpp"
#include "tests/support/config_file.hpp"

namespace b2m::app {
namespace {

using ::testing::SizeIs;

struct Wiring : ::testing::Test {
  void SetUp() override { setenv("BATTERY2MQTT_PROFILES", B2M_SOURCE_DIR "/config/profiles", 1); }
  void TearDown() override { unsetenv("BATTERY2MQTT_PROFILES"); }

  Wired wire_text(const std::string& text) {
    const std::vector<AdapterKind> kinds = adapter_kinds();
    config::Loaded loaded = config::load(folder.write("b.toml", text), kinds);
    EXPECT_TRUE(loaded.config) << config::list(loaded.mistakes);
    resources.emplace(make_resources(io.get_executor(), *clock, points, *network, *loaded.config));
    auto wired = wire(*loaded.config, *resources);
    EXPECT_TRUE(wired) << wired.error().text();
    return std::move(*wired);
  }

  testing::ConfigFolder folder;
  boost::asio::io_context io{1};
  std::unique_ptr<Clock> clock = make_clock(io.get_executor());
  PointTable points;
  std::unique_ptr<Network> network = make_network(io.get_executor(), *clock);
  std::optional<Resources> resources;
};

constexpr const char* kText =
    "[control]\nallow = [\"charging\"]\n[[kasa]]\nid = \"k\"\n[[kasa.plug]]\nid = "
    "\"garage\"\nmatch "
    "= { host = \"192.0.2.1\" }\n[[kasa.plug]]\nid = \"lamp\"\nmatch = { host = \"192.0.2.2\" }\n"
    "[[circuit]]\nid = \"shed\"\nmax_chargers = 1\n[[charger]]\nid = \"c\"\nplug = \"garage\"\n"
    "profile = \"rad_48v\"\ncircuit = \"shed\"\nprice_topic = \"tariff\"\n";

TEST_F(Wiring, AChargerStandsOnItsPlugWithTheInputsThatAreConfigured) {
  const Wired wired = wire_text(kText);

  EXPECT_TRUE(wired.site->find("garage", "charge_state"));
  EXPECT_TRUE(wired.site->find("garage", "price"));
  EXPECT_FALSE(wired.site->find("garage", "ambient_temperature")) << "no topic gives it";
  EXPECT_FALSE(wired.site->find("lamp", "charge_state"));
  EXPECT_TRUE(wired.site->find("garage", "relay")->writable);
  EXPECT_FALSE(wired.site->find("lamp", "relay")->writable) << "needs \"plugs\"";
  EXPECT_FALSE(wired.site->find("garage", "clear_fault")->writable) << "needs \"limits\"";
}

TEST_F(Wiring, TheRulesGetCompleteSettings) {
  const Wired wired = wire_text(kText);

  ASSERT_THAT(wired.chargers, SizeIs(1));
  EXPECT_EQ(wired.chargers[0].profile.capacity_ah, 14);
  EXPECT_EQ(wired.chargers[0].plug, "garage");
  ASSERT_THAT(wired.circuits, SizeIs(1));
  EXPECT_EQ(wired.circuits[0].max_chargers, 1);
}

}  // namespace
}  // namespace b2m::app
