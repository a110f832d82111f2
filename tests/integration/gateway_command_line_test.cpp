// SPDX-License-Identifier: MIT
// The commands of the program, their exit status, and secrets that show nowhere.
#include <fstream>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "tests/support/gateway_rig.hpp"

namespace b2m::test {
namespace {

using Json = nlohmann::json;

class GatewayCommandLine : public GatewayRig {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder / name) << text;
    return folder / name;
  }
};

std::size_t count(const std::string& text, const std::string& word) {
  std::size_t n = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++n;
  return n;
}

TEST_F(GatewayCommandLine, CheckNamesEveryMistakeOnALineOfItsOwn) {
  const std::string path = write("bad.toml", R"([gateway]
idd = "x"
control_interval_ms = 1
[mqtt]
url = "http://broker"
keep_alive_ms = 30000
[control]
allow = ["charging", "everything"]
[[can]]
id = "bench"
interface = "slcan:/dev/null"
profile = "two_packs"
[[pack]]
id = "bridge"
chemistry = "led_12v"
source = "bnech/1"
[[pack]]
id = "pack1"
chemistry = "lead_12v"
source = "bench/9"
)");

  const Ran ran = run_program({"check", "-c", path});

  EXPECT_EQ(ran.status, 78) << ran.log;
  for (const char* at : {":2:", ":3:", ":5:", ":6:", ":8:", ":14:", ":15:", ":16:"})
    EXPECT_NE(ran.log.find(path + at), std::string::npos) << at << "\n" << ran.log;
  EXPECT_GE(count(ran.log, ": error: "), 8U) << ran.log;
  for (const char* hint : {"did you mean id", "keep_alive_s", "lead_12v", "\"bench\""})
    EXPECT_NE(ran.log.find(hint), std::string::npos) << hint << "\n" << ran.log;
}

TEST_F(GatewayCommandLine, CheckNamesAPartThatTheProfileDoesNotHave) {
  GatewayFile wrong;
  wrong.url = "mqtt://127.0.0.1:1";
  wrong.state_dir = folder / "state";
  wrong.interface = "slcan:/dev/null";
  wrong.packs = {1, 9};

  const Ran ran = run_program({"check", "-c", write("b.toml", wrong.text())});

  EXPECT_EQ(ran.status, 78) << ran.output << ran.log;
  EXPECT_NE(ran.log.find("pack9"), std::string::npos) << ran.log;
}

TEST_F(GatewayCommandLine, CheckOfAGoodFileSaysWhatWouldRun) {
  file.url = "mqtt://127.0.0.1:1";

  const Ran ran = run_program({"check", "-c", write_config()});

  EXPECT_EQ(ran.status, 0) << ran.log;
  EXPECT_NE(ran.output.find("adapter bench (can)"), std::string::npos) << ran.output;
  EXPECT_NE(ran.output.find("pack pack2 (lead_12v) from bench/2"), std::string::npos);
}

TEST_F(GatewayCommandLine, RunRefusesABadFileWith78) {
  const Ran ran = run_program({"run", "-c", write("bad.toml", "[gateway]\nid = 3\n")});
  EXPECT_EQ(ran.status, 78);
  EXPECT_NE(ran.log.find("bad.toml:2:"), std::string::npos) << ran.log;
}

TEST_F(GatewayCommandLine, AMissingFileIsSaidToBeMissing) {
  const Ran ran = run_program({"run", "-c", folder / "none.toml"});
  EXPECT_EQ(ran.status, 78);
  EXPECT_NE(ran.log.find(folder / "none.toml"), std::string::npos) << ran.log;
}

TEST_F(GatewayCommandLine, ASyntaxErrorIsSaidWithItsPlace) {
  const Ran ran = run_program({"check", "-c", write("b.toml", "[gateway]\nid = \"x\n")});
  EXPECT_EQ(ran.status, 78);
  EXPECT_NE(ran.log.find("b.toml:2:"), std::string::npos) << ran.log;
}

TEST_F(GatewayCommandLine, VersionAndHelpGoToStandardOutput) {
  const Ran version = run_program({"--version"});
  const Ran help = run_program({"--help"});
  const Ran run_help = run_program({"run", "--help"});

  EXPECT_EQ(version.status, 0);
  EXPECT_TRUE(version.output.starts_with("battery2mqtt ")) << version.output;
  EXPECT_EQ(help.status, 0);
  for (const char* name : {"run", "check", "demo", "discover", "peers", "dump"})
    EXPECT_NE(help.output.find(fmt::format("\n  {}", name)), std::string::npos) << name;
  EXPECT_EQ(run_help.status, 0);
  EXPECT_NE(run_help.output.find("-c FILE"), std::string::npos);
}

TEST_F(GatewayCommandLine, AWrongCommandLineEndsWith2) {
  using Words = std::vector<std::string>;
  const Words wrong[] = {{},
                         {"frobnicate"},
                         {"run", "--turbo"},
                         {"run", "-c"},
                         {"run", "extra"},
                         {"peers"},
                         {"discover", "moon"},
                         {"demo", "--speed", "fast"},
                         {"demo", "--seconds", "-1"}};
  for (const Words& words : wrong) {
    const Ran ran = run_program(words);
    EXPECT_EQ(ran.status, 2) << fmt::format("{}", fmt::join(words, " "));
    EXPECT_FALSE(ran.log.empty());
  }
}

TEST_F(GatewayCommandLine, SecretsShowNowhere) {
  const std::string secret = "s3cret-Pa55word-9917";
  BrokerSettings settings;
  settings.username = "b2m";
  settings.password = secret;
  start_broker(settings);
  write("password", secret + "\n");
  file.gateway_lines = "log_level = \"debug\"\n";
  file.mqtt_lines = "username = \"b2m\"\npassword = { file = \"" + (folder / "password") + "\" }\n";
  start_all();
  const Ran dump = run_program({"dump", "-c", folder / "battery2mqtt.toml"});
  const Ran check = run_program({"check", "-c", folder / "battery2mqtt.toml"});
  command(topic("bridge/request/config_check"), "");
  command(topic("bridge/request/log_level"), "{}");

  ASSERT_EQ(dump.status, 0) << dump.log;
  for (const TapMessage& m : tap->all())
    EXPECT_EQ(m.payload.find(secret), std::string::npos) << m.topic;
  EXPECT_EQ(dump.output.find(secret), std::string::npos);
  EXPECT_EQ((check.output + check.log).find(secret), std::string::npos);
  EXPECT_EQ(stop_gateway(), 0);
  EXPECT_EQ(gateway->log().find(secret), std::string::npos);
}

TEST_F(GatewayCommandLine, AnInlinePasswordIsNotShownByAMistakeOnItsLine) {
  const Ran ran = run_program(
      {"check", "-c", write("b.toml", "[mqtt]\nusername = \"x\"\npasword = \"hidden-4711\"\n")});
  EXPECT_EQ(ran.status, 78);
  EXPECT_EQ((ran.output + ran.log).find("hidden-4711"), std::string::npos) << ran.log;
}

TEST_F(GatewayCommandLine, DumpShowsTheStateOfTheRunningGateway) {
  start_all();
  peers->fault("kind=cell_voltage pack=1 cell=3 value=12.75");
  ASSERT_TRUE(tap->wait_state(topic("pack1/cell_03_voltage"), "12.75"));

  const Ran dump = run_program({"dump", "-c", folder / "battery2mqtt.toml"});

  ASSERT_EQ(dump.status, 0) << dump.log;
  const Json json = Json::parse(dump.output, nullptr, false);
  ASSERT_TRUE(json.is_object()) << dump.output;
  EXPECT_EQ(json["devices"]["pack1"]["cell_03_voltage"]["value"], "12.75");
  EXPECT_EQ(json["devices"]["pack1"]["cell_03_voltage"]["quality"], "good");
  EXPECT_EQ(json["health"]["adapters"][0]["id"], "bench");
}

TEST_F(GatewayCommandLine, DumpWithoutAGatewaySaysSo) {
  file.url = "mqtt://127.0.0.1:1";
  const Ran dump = run_program({"dump", "-c", write_config()});
  EXPECT_EQ(dump.status, 1);
  EXPECT_NE(dump.log.find("is the gateway running"), std::string::npos) << dump.log;
}

}  // namespace
}  // namespace b2m::test
