// SPDX-License-Identifier: MIT
// Every discovery message against Home Assistant's schema, and what the checker cannot know.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "discovery/home_assistant.hpp"
#include "tests/support/discovery_sites.hpp"

namespace b2m::discovery {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const std::string kRoot = B2M_SOURCE_DIR;
constexpr std::size_t kMaxModuleBytes = 10'000, kMaxDeviceBytes = 128'000;

const std::vector<PointRow> kExtras =
    test::setting_rows_and({"reset", Scope::pack, Origin::setting, Platform::button, kind::kButton,
                            "Reset", 0, Category::config, true, Control::charging});

class HomeAssistant : public testing::Test {
 protected:
  const Topics topics{"bat", "homeassistant", "home"};
  const HomeAssistantOptions options{"0.1.0", "", ""};

  std::string text(const test::DiscoverySite& site, std::string_view slug) {
    return device_config(*site, *site->find(slug), topics, options);
  }
  json config(const test::DiscoverySite& site, std::string_view slug = "pack1") {
    return json::parse(text(site, slug));
  }
  /// What tests/support/ha_check.py says of all messages of a site; empty: nothing.
  std::string findings(const test::DiscoverySite& site) {
    std::string pattern = (fs::temp_directory_path() / "b2m_discovery_XXXXXX").string();
    const fs::path folder = mkdtemp(pattern.data());
    std::string command = "python3 " + kRoot + "/tests/support/ha_check.py --gateway home";
    for (const Device& device : site->devices()) {
      const fs::path file = folder / (device.slug + ".json");
      std::ofstream(file) << device_config(*site, device, topics, options);
      command += " " + file.string();
    }
    std::string out;
    FILE* pipe = popen((command + " 2>&1").c_str(), "r");
    for (int c = 0; (c = fgetc(pipe)) != EOF;) out += static_cast<char>(c);
    const int status = pclose(pipe);
    fs::remove_all(folder);
    return status == 0 ? "" : out;
  }
};

TEST_F(HomeAssistant, TakesEveryShapeOfDevice) {
  EXPECT_EQ(findings(test::DiscoverySite()), "");
  EXPECT_EQ(findings(test::DiscoverySite(test::Packs{{.cells = 24, .modules = 2}})), "");
  EXPECT_EQ(findings(test::DiscoverySite(test::Packs(1), {})), "") << "read-only";
  EXPECT_EQ(findings(test::DiscoverySite(test::Packs(1), {Control::charging}, kExtras)), "");
  EXPECT_EQ(findings(test::DiscoverySite(test::Packs(1), {}, kExtras)), "");
}

TEST_F(HomeAssistant, TakesEveryRowOfThePointTable) {
  std::vector<std::string> alarms;
  std::vector<PointRow> rows;
  for (const PointRow& row : kPoints) {
    if (row.scope == Scope::alarm) alarms.emplace_back(row.key);  // a charger's too
    if (row.scope == Scope::pack) rows.push_back(row);
  }
  test::DiscoveryPack pack;
  pack.alarms = alarms;

  EXPECT_EQ(findings(test::DiscoverySite({pack}, {Control::charging}, rows)), "");
}

const std::vector<Control> kEverything = {Control::charging, Control::plugs, Control::limits};
const std::vector<test::DiscoveryPlug> kPlugs = {{"garage", "Garage", true},
                                                 {"lamp", "Lamp", false},
                                                 {"strip_socket1", "Strip 1", true, "strip"}};

TEST_F(HomeAssistant, TakesPlugsStripsAndChargers) {
  EXPECT_EQ(findings(test::DiscoverySite({}, kEverything, {}, kPlugs)), "");
  EXPECT_EQ(findings(test::DiscoverySite({}, {}, {}, kPlugs)), "") << "read-only";
}

TEST_F(HomeAssistant, RelayOfAChargerBelongsToChargingAndThatOfAPlugToPlugs) {
  const test::DiscoverySite charging({}, {Control::charging}, {}, kPlugs);
  const test::DiscoverySite plugs({}, {Control::plugs}, {}, kPlugs);

  EXPECT_EQ(config(charging, "garage")["cmps"]["relay"]["p"], "switch");
  EXPECT_EQ(config(charging, "lamp")["cmps"]["relay"]["p"], "binary_sensor");
  EXPECT_EQ(config(plugs, "garage")["cmps"]["relay"]["p"], "binary_sensor");
  EXPECT_EQ(config(plugs, "lamp")["cmps"]["relay"]["p"], "switch");
}

TEST_F(HomeAssistant, ASocketStandsBelowItsStrip) {
  const test::DiscoverySite site({}, {}, {}, kPlugs);

  EXPECT_EQ(config(site, "strip_socket1")["dev"]["via_device"], "home_strip");
  EXPECT_EQ(config(site, "strip")["dev"]["via_device"], "home_bridge");
}

class GoldenMessage : public HomeAssistant, public testing::WithParamInterface<const char*> {};

TEST_P(GoldenMessage, IsTheSame) {
  const test::DiscoverySite site(test::Packs(1), kEverything, {}, kPlugs);
  const std::string path = fmt::format("{}/tests/vectors/discovery/{}.json", kRoot, GetParam());
  const std::string now = config(site, GetParam()).dump(1) + "\n";
  if (std::getenv("B2M_UPDATE_GOLDEN")) std::ofstream(path) << now;
  std::ifstream file(path);

  const std::string golden{std::istreambuf_iterator<char>(file), {}};

  EXPECT_TRUE(now == golden) << path << " differs; meant? then run this test with "
                             << "B2M_UPDATE_GOLDEN=1 and look at the difference";
}
INSTANTIATE_TEST_SUITE_P(Devices, GoldenMessage, testing::Values("pack1", "garage", "lamp"));

TEST_F(HomeAssistant, MessagesStaySmall) {
  const test::DiscoverySite modules(test::Packs{{.cells = 24, .modules = 2}});
  const test::DiscoverySite large(test::Packs{{.cells = 96}});

  EXPECT_LE(text(modules, "pack1_module1").size(), kMaxModuleBytes);
  EXPECT_LE(text(large, "pack1").size(), kMaxDeviceBytes / 2);
}

TEST_F(HomeAssistant, NamesTheParentAndSharesTheAvailability) {
  const test::DiscoverySite site(test::Packs{{.cells = 4, .modules = 2}});

  const json module = config(site, "pack1_module1");

  EXPECT_EQ(module["dev"]["via_device"], "home_pack1");
  EXPECT_EQ(config(site, "pack1")["dev"]["via_device"], "home_bridge");
  EXPECT_EQ(module["avty"],
            json::parse(R"([{"t":"bat/bridge/state"},{"t":"bat/pack1_module1/availability"}])"));
  EXPECT_EQ(module["avty_mode"], "all");
  EXPECT_FALSE(module["cmps"]["cell_01_voltage"].contains("avty"));
}

TEST_F(HomeAssistant, ConnectionCanBeShownAsLost) {
  const test::DiscoverySite site;

  EXPECT_EQ(config(site, "bridge")["cmps"]["connection"]["avty"], json::array());
  EXPECT_EQ(config(site, "bridge")["cmps"]["connection"]["pl_off"], "offline");
  EXPECT_EQ(config(site)["cmps"]["connected"]["avty"], json::parse(R"([{"t":"bat/bridge/state"}])"))
      << "hidden by the device's own availability it could never be off";
}

TEST_F(HomeAssistant, SwitchThatMayNotBeSwitchedIsABinarySensor) {
  const json allowed = config(test::DiscoverySite())["cmps"]["charging"];
  const json locked = config(test::DiscoverySite(test::Packs(1), {}))["cmps"]["charging"];

  EXPECT_EQ(allowed["p"], "switch");
  EXPECT_EQ(allowed["cmd_t"], "bat/pack1/charging/set");
  EXPECT_EQ(allowed["qos"], 1);
  EXPECT_FALSE(allowed.contains("opt"));
  EXPECT_EQ(locked["p"], "binary_sensor");
  EXPECT_FALSE(locked.contains("cmd_t"));
}

TEST_F(HomeAssistant, SwitchWithoutReadBackIsOptimistic) {
  const test::DiscoverySite site(test::Packs{{.optimistic = true}});

  EXPECT_EQ(config(site)["cmps"]["charging"]["opt"], true);
}

TEST_F(HomeAssistant, ReadOnlySettingsAreSensorsAndButtonsAreLeftOut) {
  const json c = config(test::DiscoverySite(test::Packs(1), {}, kExtras))["cmps"];

  EXPECT_EQ(c["target"]["p"], "sensor");
  EXPECT_EQ(c["target"]["ent_cat"], "diagnostic") << "config on a sensor jams Home Assistant";
  EXPECT_EQ(c["mode"]["dev_cla"], "enum");
  EXPECT_EQ(c["nickname"]["p"], "sensor");
  EXPECT_FALSE(c.contains("reset"));
}

TEST_F(HomeAssistant, ChatterIsOffByDefault) {
  const json c = config(test::DiscoverySite(), "bridge")["cmps"];

  EXPECT_EQ(c["bench_restarts"]["en"], false);
  EXPECT_FALSE(c["bench_connected"].contains("en"));
}

}  // namespace
}  // namespace b2m::discovery
