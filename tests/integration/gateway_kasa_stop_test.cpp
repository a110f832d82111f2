// SPDX-License-Identifier: MIT
// What becomes of plugs when the program ends, and which of them it takes for its own when it is
// back.
#include <algorithm>

#include "tests/support/kasa_rig.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;

constexpr int kFast = 10;

class GatewayKasaStop : public KasaRig {
 protected:
  [[nodiscard]] bool said_of(const std::string& plug, const std::string& text,
                             std::size_t from = 0) {
    const auto lines = lines_of(plug, from);
    return std::ranges::any_of(
        lines, [&](const std::string& line) { return line.find(text) != std::string::npos; });
  }
};

TEST_F(GatewayKasaStop, WithKeepTheChargeGoesOnUntilTheTimerInThePlugEndsIt) {
  charger_lines += "on_stop = \"keep\"\nguard_min = 1\nguard_renew_min = 0.3\n";
  start_fast_site(kFast);
  publish("lamp/relay/set", "ON");
  ASSERT_TRUE(is("lamp/relay", "ON")) << gateway->log();
  ASSERT_TRUE(charge()) << gateway->log();
  const std::size_t before = peers->said().size();

  ASSERT_EQ(stop_gateway(), 0) << gateway->log();

  EXPECT_TRUE(said_of("garage", "timer=renewed seconds=60 act=off", before)) << peers->said();
  EXPECT_FALSE(said_of("garage", "by=lan", before)) << peers->said() << gateway->log();
  EXPECT_TRUE(is("garage/availability", "offline"));
  EXPECT_TRUE(peers->wait_for("kasa id=garage relay=off by=timer\n", 15s)) << peers->said();
  EXPECT_FALSE(said_of("lamp", "relay=off")) << "a plain plug is left as it is";
}

TEST_F(GatewayKasaStop, WhatIsStillBeingProbedGoesOffInSpiteOfKeep) {
  charger_lines += "on_stop = \"keep\"\n";
  start_site();
  ASSERT_TRUE(start_charge()) << gateway->log();

  ASSERT_EQ(stop_gateway(), 0) << gateway->log();

  EXPECT_TRUE(peers->wait_for("kasa id=garage relay=off by=lan\n", 100ms)) << peers->said();
}

TEST_F(GatewayKasaStop, AHostWhereAnotherPlugAnswersAfterARestartIsNotSwitched) {
  lamp_mac.clear();
  start_site();
  ASSERT_EQ(stop_gateway(), 0) << gateway->log();
  peers->fault("kind=other_identity kasa=lamp");
  const std::size_t from = tap->mark();

  ASSERT_TRUE(run_again()) << gateway->log();

  EXPECT_TRUE(wait_event({"plug_warning", "\"lamp\"", "instead of lamp (MAC C0:06:C3:00:00:02)",
                          R"(add mac = \"C0:06:C3:00:00:99\" to its match)"},
                         from))
      << gateway->log();
  publish("lamp/relay/set", "ON");
  EXPECT_TRUE(wait_event({"command_failed", "\"lamp\""}, from)) << gateway->log();
  EXPECT_FALSE(said_of("lamp", "relay=on")) << peers->said();
  ASSERT_EQ(stop_gateway(), 0);

  lamp_mac = "C0:06:C3:00:00:99";
  use_tables();
  ASSERT_TRUE(run_again()) << gateway->log();
  ASSERT_TRUE(is("lamp/availability", "online")) << gateway->log();

  publish("lamp/relay/set", "ON");
  EXPECT_TRUE(peers->wait_for("kasa id=lamp relay=on by=lan\n")) << gateway->log();
}

}  // namespace
}  // namespace b2m::test
