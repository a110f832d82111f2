// SPDX-License-Identifier: MIT
// Newer plugs, which want an account and speak KLAP: found by the search, logged in to, switched,
// and guarded by their own timer, by the whole program.
#include <algorithm>

#include <fmt/format.h>

#include "tests/support/kasa_rig.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;

constexpr auto kAccount = "username = \"me@example.org\"\npassword = \"secret\"\n";

/// Ids: garage (P110 with a charger), lamp (KP125M), heater (EP25 of hardware 2.6).
class GatewaySmartPlug : public KasaRig {
 protected:
  std::string account = kAccount;  // of the gateway

  [[nodiscard]] std::string world() const override {
    return peer(1, "garage", "P110", "kind = \"charger\"\n  " + garage_load) +
           peer(2, "lamp", "KP125M", "kind = \"lamp\"\n  watts = 40\n") +
           peer(3, "heater", "EP25/2.6", "kind = \"lamp\"\n  watts = 900\n");
  }
  [[nodiscard]] std::string plug_tables() const override {
    std::string text = fmt::format(R"([[kasa]]
id = "plugs"
{}broadcast = ["127.0.2.1", "127.0.2.2", "127.0.2.3"]
tdp_port = {}
discovery_port = {}
discovery_interval_s = 10
poll_s = 1
fast_poll_s = 1
)",
                                   account, tdp_port_, xor_port_);
    int number = 0;
    for (const std::string& id : devices())
      text +=
          fmt::format("[[kasa.plug]]\nid = \"{}\"\nmatch = {{ mac = \"C0:06:C3:00:00:{:02X}\" }}\n",
                      id, ++number);
    return text;
  }
  [[nodiscard]] std::vector<std::string> devices() const override {
    return {"garage", "lamp", "heater"};
  }
  [[nodiscard]] std::size_t place(const std::string& plug, std::string_view text,
                                  std::size_t from = 0) {
    const auto lines = lines_of(plug, from);
    const auto at = std::ranges::find_if(
        lines, [&](const std::string& line) { return line.find(text) != std::string::npos; });
    return at == lines.end() ? std::string::npos : static_cast<std::size_t>(at - lines.begin());
  }
  [[nodiscard]] bool was_switched(const std::string& plug) {
    return place(plug, "relay=") != std::string::npos;
  }

 private:
  [[nodiscard]] std::string peer(int number, const std::string& id, const std::string& model,
                                 const std::string& load) const {
    return fmt::format(
        "[[kasa]]\nid = \"{}\"\nmodel = \"{}\"\naddress = \"127.0.2.{}\"\ntransport = "
        "\"klap_v2\"\ntdp_port = {}\n{}  [[kasa.load]]\n  {}",
        id, model, number, tdp_port_, kAccount, load);
  }

  int tdp_port_ = free_port(), xor_port_ = free_port();
};

TEST_F(GatewaySmartPlug, AChargerIsSwitchedOnBehindItsGuardAndOffAgain) {
  start_site();

  ASSERT_TRUE(start_charge()) << gateway->log() << peers->said();

  const std::size_t armed = place("garage", "timer=armed seconds=180");
  ASSERT_NE(armed, std::string::npos) << peers->said();
  EXPECT_LT(armed, place("garage", "relay=on by=lan"));
  EXPECT_TRUE(eventually([&] { return number("garage/guard_remaining") > 1500; }));
  EXPECT_LE(number("garage/guard_remaining"), 1801);  // ours are known by an odd second
  EXPECT_TRUE(eventually([&] { return number("garage/power") > 50; })) << number("garage/power");
  const std::size_t before = peers->said().size();

  publish("garage/relay/set", "OFF");

  EXPECT_TRUE(peers->wait_for("kasa id=garage relay=off by=lan\n")) << gateway->log();
  EXPECT_TRUE(is("garage/relay", "OFF"));
  EXPECT_TRUE(is("garage/guard_remaining", "None"));
  EXPECT_TRUE(eventually([&] {
    return place("garage", "timer=stopped", before) != std::string::npos;
  })) << peers->said();
  EXPECT_EQ(place("garage", "relay=on", before), std::string::npos) << "by a timer left behind";
}

TEST_F(GatewaySmartPlug, TheGuardIsRenewedWhileItCharges) {
  charger_lines += "guard_min = 1\nguard_renew_min = 0.3\n";
  start_fast_site(10);

  ASSERT_TRUE(start_charge()) << gateway->log();

  for (int i = 0; i < 4; ++i)  // longer than a guard that is not renewed
    ASSERT_TRUE(peers->wait_for("kasa id=garage timer=renewed seconds=6", 20s))
        << peers->said() << gateway->log();
  EXPECT_EQ(place("garage", "relay=off"), std::string::npos) << peers->said();
}

TEST_F(GatewaySmartPlug, SeveralAreSwitchedOneByOne) {
  start_site();

  publish("lamp/relay/set", "ON");
  EXPECT_TRUE(peers->wait_for("kasa id=lamp relay=on by=lan\n")) << gateway->log();
  EXPECT_TRUE(is("lamp/relay", "ON"));
  EXPECT_TRUE(eventually([&] { return std::abs(number("lamp/power") - 40) < 2; }))
      << number("lamp/power");
  EXPECT_FALSE(was_switched("heater"));

  publish("heater/relay/set", "ON");
  EXPECT_TRUE(is("heater/relay", "ON"));
  publish("lamp/relay/set", "OFF");
  EXPECT_TRUE(peers->wait_for("kasa id=lamp relay=off by=lan\n"));
  EXPECT_TRUE(is("lamp/relay", "OFF"));
  EXPECT_EQ(tap->last(topic("heater/relay")), "ON");
  EXPECT_FALSE(was_switched("garage"));
}

TEST_F(GatewaySmartPlug, AWrongPasswordIsSaidAndNothingIsSwitched) {
  account = "username = \"me@example.org\"\npassword = \"wrong\"\n";
  start_plugs();
  start_gateway();

  EXPECT_TRUE(wait_event({"plug_warning", "\"lamp\"", "password"}, 0)) << gateway->log();
  publish("lamp/relay/set", "ON");

  EXPECT_TRUE(wait_event({"command_failed", "\"lamp\""}, 0)) << gateway->log();
  EXPECT_FALSE(was_switched("lamp"));
}

}  // namespace
}  // namespace b2m::test
