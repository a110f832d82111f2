// SPDX-License-Identifier: MIT
// What goes wrong around a charger in a smart plug: the gateway killed, the broker gone, the plug
// deaf, without power, lying or welded. Times in comments are those of the faster clock.
#include <algorithm>
#include <csignal>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "tests/support/kasa_rig.hpp"

namespace b2m::test {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

constexpr int kFast = 10;

class GatewayKasaFault : public KasaRig {
 protected:
  [[nodiscard]] bool garage_said(const std::string& text, std::size_t from = 0) {
    const auto lines = lines_of("garage", from);
    return std::ranges::any_of(
        lines, [&](const std::string& line) { return line.find(text) != std::string::npos; });
  }
  [[nodiscard]] bool garage_says(const std::string& text, std::chrono::milliseconds limit = 20s) {
    return peers->wait_for("kasa id=garage " + text, limit);
  }
  [[nodiscard]] std::string reason() const {
    return tap->last(topic("garage/charge_reason")).value_or("");
  }
};

TEST_F(GatewayKasaFault, AfterAKillTheTimerInThePlugEndsTheCharge) {
  charger_lines += "guard_min = 1\nguard_renew_min = 0.3\n";
  start_fast_site(kFast);
  ASSERT_TRUE(charge()) << gateway->log();
  ASSERT_TRUE(garage_says("timer=renewed seconds=60 act=off")) << peers->said();
  const auto killed = SteadyClock::now();

  gateway->signal(SIGKILL);

  EXPECT_TRUE(garage_says("relay=off by=timer\n", 10s)) << peers->said();
  EXPECT_GE(SteadyClock::now() - killed, 1s) << "the timer had been renewed";
}

TEST_F(GatewayKasaFault, AChargeGoesOnAfterARestartInTheMiddle) {
  garage_load = "curve = \"rad\"\nlevel = 0.2\nwatts = 900\ncapacity_wh = 9000\n";
  charger_profile = "generic";
  start_site();
  ASSERT_TRUE(charge()) << gateway->log();
  ASSERT_TRUE(eventually([&] { return number("garage/session_energy") > 0.005; }));
  const double energy = number("garage/session_energy");
  const std::size_t said = peers->said().size();
  const std::size_t from = tap->mark();
  EXPECT_FALSE(exported().empty()) << "once that is answered, all so far is on the disk";
  gateway->signal(SIGKILL);
  ASSERT_TRUE(gateway->wait());

  ASSERT_TRUE(run_again()) << gateway->log();

  EXPECT_TRUE(garage_says("timer=renewed seconds=1800 act=off")) << peers->said();
  EXPECT_TRUE(wait_event({"charge_state", "-> charge_cc: restarted: the charge goes on"}, from))
      << gateway->log();
  EXPECT_TRUE(is("garage/charge_state", "charge_cc"));
  EXPECT_TRUE(eventually([&] { return number("garage/session_energy") >= energy; }))
      << number("garage/session_energy") << " after " << energy;
  EXPECT_FALSE(garage_said("relay=off", said)) << peers->said();
  publish("garage/charge_stop/set", "PRESS");
  ASSERT_TRUE(wait_event({"charge_session_finished", "stopped by the user"}, from));
  const std::string csv = exported();
  EXPECT_EQ(std::ranges::count(csv, '\n'), 2) << "one charge: " << csv;
}

TEST_F(GatewayKasaFault, ARelayThatIsOnWithoutASessionIsTakenInHandAfterAKill) {
  start_site();
  gateway->signal(SIGKILL);
  ASSERT_TRUE(gateway->wait());
  peers->fault("kind=button kasa=garage value=1");
  ASSERT_TRUE(garage_says("relay=on by=button\n"));

  ASSERT_TRUE(run_again()) << gateway->log();

  EXPECT_TRUE(eventually([&] { return garage_said("relay=off by=lan"); })) << peers->said();
  EXPECT_TRUE(is("garage/relay", "OFF"));
}

TEST_F(GatewayKasaFault, WithoutABrokerTheGuardIsRenewedAndTheChargeEndsWhenUnplugged) {
  charger_lines += "guard_min = 1\nguard_renew_min = 0.3\n";
  start_fast_site(kFast);
  ASSERT_TRUE(charge()) << gateway->log();
  tap.reset();
  broker->kill();
  ASSERT_TRUE(gateway->wait_for_log("offline:", 20s)) << gateway->log();
  const std::size_t said = peers->said().size();

  for (int i = 0; i < 5; ++i) ASSERT_TRUE(garage_says("timer=renewed")) << peers->said();
  EXPECT_FALSE(garage_said("relay=off", said)) << peers->said();
  peers->fault("kind=charger_unplugged kasa=garage");

  EXPECT_TRUE(garage_says("relay=off by=lan\n", 40s)) << gateway->log();
  EXPECT_TRUE(gateway->wait_for_log("unplugged after")) << gateway->log();
  broker->start();
  start_tap();
  EXPECT_TRUE(wait_event({"charge_session_finished", "unplugged"}, 0)) << gateway->log();
  EXPECT_TRUE(is("garage/charge_state", "no_load"));
}

TEST_F(GatewayKasaFault, SigtermSwitchesOffBeforeItEnds) {
  start_site();
  ASSERT_TRUE(start_charge()) << gateway->log();
  const auto asked = SteadyClock::now();

  gateway->signal(SIGTERM);

  EXPECT_EQ(gateway->wait(6s), 0) << gateway->log();
  EXPECT_LE(SteadyClock::now() - asked, 5s);
  EXPECT_TRUE(garage_says("relay=off by=lan\n", 100ms)) << peers->said();
  EXPECT_TRUE(is("garage/availability", "offline"));
}

TEST_F(GatewayKasaFault, SigtermSwitchesOffAlsoWhenTheClockIsFast) {
  start_fast_site(60);
  ASSERT_TRUE(charge()) << gateway->log();
  const auto asked = SteadyClock::now();

  gateway->signal(SIGTERM);

  EXPECT_EQ(gateway->wait(6s), 0) << gateway->log();
  EXPECT_LE(SteadyClock::now() - asked, 5s);
  EXPECT_TRUE(garage_says("relay=off by=lan\n", 100ms)) << peers->said();
}

TEST_F(GatewayKasaFault, APlugThatIsDeafForAMomentKeepsItsCharge) {
  start_fast_site(kFast);
  ASSERT_TRUE(charge()) << gateway->log();
  const std::size_t said = peers->said().size();
  const std::size_t logged = gateway->log().size();

  peers->fault("kind=deaf kasa=garage for_s=8");

  ASSERT_TRUE(gateway->wait_for_log("kasa: garage:", 20s, logged)) << "it was noticed";
  EXPECT_FALSE(garage_says("relay=off", 4s)) << gateway->log();
  EXPECT_TRUE(is("garage/charge_state", "charge_cc")) << reason();
  EXPECT_TRUE(is("garage/relay", "ON"));
  EXPECT_FALSE(garage_said("relay=", said)) << peers->said();
}

TEST_F(GatewayKasaFault, APlugThatWasDeafForTwentySecondsChargesOnInTheSameSession) {
  start_fast_site(kFast);
  ASSERT_TRUE(charge()) << gateway->log();
  const double energy = number("garage/session_energy");
  const std::size_t from = tap->mark();

  peers->fault("kind=deaf kasa=garage for_s=20");

  // 36 s of charging: more than the silence.
  EXPECT_TRUE(eventually([&] { return number("garage/session_energy") >= energy + 0.001; }, 40s))
      << gateway->log();
  EXPECT_FALSE(wait_event({"charge_state", "->"}, from, 0s)) << "so short a silence costs nothing";
  EXPECT_TRUE(is("garage/charge_state", "charge_cc", 40s)) << reason();
  EXPECT_GE(number("garage/session_energy"), energy);
  EXPECT_EQ(std::ranges::count(exported(), '\n'), 1) << "no charge has ended";
}

TEST_F(GatewayKasaFault, APlugThatStaysDeafEndsInStaleAndIsSwitchedOffWhenItIsBack) {
  start_fast_site(kFast);
  ASSERT_TRUE(charge()) << gateway->log();
  const std::size_t from = tap->mark();

  peers->fault("kind=deaf kasa=garage for_s=120");

  EXPECT_TRUE(wait_event({"charge_state", "-> stale", "no reading"}, from)) << gateway->log();
  EXPECT_TRUE(garage_says("relay=off by=lan\n", 40s)) << gateway->log();
}

TEST_F(GatewayKasaFault, APlugThatWasWithoutPowerIsNeverOnWithoutATimerOnceItIsReached) {
  start_fast_site(kFast);
  ASSERT_TRUE(charge()) << gateway->log();
  const std::size_t from = tap->mark();

  peers->fault("kind=power_cut kasa=garage");
  ASSERT_TRUE(garage_says("state=away cause=power_cut")) << peers->said();
  ASSERT_TRUE(garage_says("state=back")) << peers->said();
  const std::size_t back = peers->said().size();

  ASSERT_TRUE(eventually(
      [&] { return garage_said("timer=armed", back) || garage_said("relay=off", back); }, 20s))
      << gateway->log();
  EXPECT_TRUE(wait_event({"plug_restarted", "\"garage\""}, from)) << gateway->log();
  const auto read = tap->wait(
      [&](const TapMessage& m) { return m.topic == topic("garage/relay") && m.payload == "ON"; },
      from, 20s);
  if (!read) return;
  EXPECT_TRUE(eventually([&] { return number("garage/guard_remaining") > 1500; })) << peers->said();
}

TEST_F(GatewayKasaFault, ARelayThatDoesNotOpenIsAFaultThatSaysWelded) {
  start_fast_site(kFast);
  ASSERT_TRUE(charge()) << gateway->log();
  const std::size_t from = tap->mark();

  peers->fault("kind=ignores_off kasa=garage");
  publish("garage/charge_stop/set", "PRESS");

  EXPECT_TRUE(wait_event({"fault_raised", "\"garage\"", "may be welded"}, from, 30s))
      << gateway->log();
  EXPECT_TRUE(wait_event({"alarm_raised", "alarm_charger_fault", "may be welded"}, from));
  EXPECT_TRUE(is("garage/charge_state", "fault"));
  EXPECT_TRUE(is("garage/alarm_charger_fault", "ON"));

  peers->clear_faults();
  EXPECT_TRUE(garage_says("relay=off by=lan\n", 30s)) << "it is told until it obeys";
  EXPECT_TRUE(is("garage/relay", "OFF"));
  Json answer;
  EXPECT_TRUE(eventually([&] {
    answer = command(topic("garage/clear_fault/set"), "PRESS");
    return answer.value("status", "") == "ok";
  })) << answer;
  EXPECT_TRUE(is("garage/charge_state", "off"));
}

class GatewayKasaReplies : public GatewayKasaFault,
                           public testing::WithParamInterface<const char*> {};

TEST_P(GatewayKasaReplies, OfAnotherKindCostNeitherTheGatewayNorTheOtherPlugs) {
  start_fast_site(kFast);
  const std::size_t before_kib = gateway->resident_kib();
  const std::size_t from = tap->mark();

  peers->fault(fmt::format("kind={} kasa=lamp", GetParam()));

  ASSERT_TRUE(is("lamp/relay", "None")) << gateway->log();
  EXPECT_TRUE(is("lamp/availability", "offline"));
  EXPECT_TRUE(wait_event({"device_lost", "\"lamp\""}, from)) << gateway->log();
  EXPECT_EQ(tap->last(topic("strip_socket2/availability")), "online");
  publish("strip_socket2/relay/set", "ON");
  EXPECT_TRUE(is("strip_socket2/relay", "ON"));
  EXPECT_EQ(command(topic("lamp/relay/set"), "ON").value("status", ""), "error");
  EXPECT_LT(gateway->resident_kib(), before_kib + 16 * 1024);

  peers->clear_faults();

  EXPECT_TRUE(is("lamp/availability", "online")) << gateway->log();
  publish("lamp/relay/set", "ON");
  EXPECT_TRUE(is("lamp/relay", "ON")) << gateway->log();
}

INSTANTIATE_TEST_SUITE_P(Faults, GatewayKasaReplies,
                         testing::Values("huge_header", "garbage", "truncated", "reset"),
                         [](const auto& one) { return std::string(one.param); });

TEST_F(GatewayKasaFault, TheButtonAtThePlugIsNotFought) {
  start_fast_site(kFast);
  ASSERT_TRUE(charge()) << gateway->log();
  const std::size_t said = peers->said().size();

  peers->fault("kind=button kasa=garage value=0");

  ASSERT_TRUE(garage_says("relay=off by=button\n"));
  EXPECT_TRUE(is("garage/charge_state", "paused"));
  EXPECT_TRUE(eventually([&] { return reason().starts_with("switched off at the plug"); }))
      << reason();
  EXPECT_FALSE(garage_says("relay=on", 6s)) << "a minute later it is still off";
  EXPECT_FALSE(garage_said("relay=on", said));
  EXPECT_TRUE(start_charge()) << "the user's own wish counts: " << gateway->log();
}

}  // namespace
}  // namespace b2m::test
