// SPDX-License-Identifier: MIT
// Guards of chargers that need the site: sensors, strips, circuits, permissions, kept text.
#include <cmath>

#include <gtest/gtest.h>

#include "tests/support/charger_fixture.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;
using test::ChargerFixture;

void plan_always(ChargerFixture& f, int n = 1) {
  f.settings(n).mode = ChargeMode::full;
  f.settings(n).schedule = true;
  f.use_load({.level = 0.3}, n);
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(ChargeManagerSafety, AConfiguredTemperatureThatIsNotKnownStopsCharging) {
  ChargerFixture f({.has_ambient = true});
  plan_always(f);
  f.begin();
  f.run(20min);
  EXPECT_FALSE(f.is_on());
  EXPECT_TRUE(says(f.text("charge_reason"), "temperature_topic")) << f.text("charge_reason");
  f.set_ambient(20);
  f.run(5min);
  EXPECT_TRUE(f.is_on()) << f.text("charge_reason");
  f.run(60min);
  EXPECT_TRUE(f.is_on()) << "ten minutes are forgiven";
  f.run(10min);
  EXPECT_EQ(f.state(), ChargeState::paused);
  f.run(60min);
  EXPECT_FALSE(f.is_on());
}

TEST(ChargeManagerSafety, AnOverheatedStripIsATroubleOfItsSockets) {
  ChargerFixture f({.plugs = 2, .on_strip = true});
  plan_always(f, 2);
  f.begin();
  f.run(5min);
  ASSERT_TRUE(f.is_on(2)) << f.text("charge_reason", 2);
  f.overheat_strip();
  f.run(20s);

  EXPECT_EQ(f.state(2), ChargeState::fault);
  EXPECT_FALSE(f.is_on(2));
}

TEST(ChargeManagerSafety, AChargeBegunAtThePlugIsEndedWhenTheCircuitIsOverloaded) {
  ChargerFixture f({.plugs = 2});
  f.circuits().push_back({.id = "strip", .max_chargers = 0, .max_power_w = 150});
  for (int n : {1, 2}) f.settings(n).circuit = "strip";
  plan_always(f);
  f.use_load({.level = 0.3}, 2);
  f.begin();
  f.run(10min);
  ASSERT_TRUE(f.is_on(1));
  f.plug(2).turn(true, 0);
  f.run(2min);

  EXPECT_FALSE(f.is_on(2)) << f.text("charge_reason", 2);
  EXPECT_TRUE(f.is_on(1)) << f.text("charge_reason", 1);
  ASSERT_EQ(f.sessions.size(), 1U);
  EXPECT_EQ(f.sessions[0].result, "circuit");
}

TEST(ChargeManagerSafety, ARelayThatMayNotBeSwitchedHasNoSession) {
  ChargerFixture f({.allowed = false});
  plan_always(f);
  f.begin();
  f.run(2min);
  f.plug().turn(true, 0);
  f.run(1h);

  EXPECT_EQ(f.state(), ChargeState::off);
  EXPECT_TRUE(says(f.text("charge_reason"), "control.allow")) << f.text("charge_reason");
  EXPECT_TRUE(f.is_on());
  EXPECT_TRUE(f.sessions.empty());
  for (const Note& note : f.notes) EXPECT_NE(note.type, "charge_state") << note.message;
}

TEST(ChargeManagerSafety, InfiniteEnergyInKeptTextIsNone) {
  for (const char* kept : {"inf|1|0|1|0", "1|nan|0|1|0", "1|1|0|inf|0"}) {
    ChargerFixture f;
    f.kept["plug.plug1.energy"] = kept;
    f.begin();
    f.run(1min);
    EXPECT_TRUE(std::isfinite(f.reading("energy_total").value)) << kept;
    EXPECT_LT(f.reading("energy_total").value, 0.1) << kept;
  }
}

TEST(ChargeManagerSafety, TheRenewalMayNotSwitchOn) {
  ChargerFixture f;
  plan_always(f);
  f.begin();
  f.run(5min);
  ASSERT_TRUE(f.is_on());
  ASSERT_TRUE(f.has_output());
  EXPECT_TRUE(f.decision().outputs.front().keep);
}

TEST(ChargeManagerSafety, AFaultThatCannotBeClearedYetIsAnsweredOnceItIsKnown) {
  ChargerFixture f;
  plan_always(f);
  f.begin();
  f.run(10min);
  f.plug().ignores_off = true;
  (void)f.command("charge_stop");
  f.run(2min);
  ASSERT_EQ(f.state(), ChargeState::fault) << f.text("charge_reason");
  Verdict answer = f.command("clear_fault");
  EXPECT_EQ(answer.ticket, 0U) << "the plug has had no time to obey";
  for (int i = 0; i < 6 && answer.ticket == 0; ++i) {
    f.run(10s);
    if (!f.decision().verdicts.empty()) answer = f.decision().verdicts.front();
  }

  EXPECT_NE(answer.ticket, 0U);
  EXPECT_FALSE(answer.accepted);
  EXPECT_TRUE(says(answer.reason, "its relay still reads on")) << answer.reason;
}

struct GenericCase {
  ChargeMode mode;
  bool by_hand;
  const char* result;
};

class GenericProfile : public testing::TestWithParam<GenericCase> {};

TEST_P(GenericProfile, ChargesAnUnknownBatteryWithoutAnyFigure) {
  ChargerFixture f;
  rules::ChargingProfile generic;
  generic.name = "generic";
  generic.idle_w = 2;
  generic.full_power_w = 3;
  f.settings().profile = generic;
  f.settings().mode = GetParam().mode;
  f.settings().schedule = !GetParam().by_hand;
  f.use_load({.level = 0.75});
  f.begin();
  f.run(1min);
  if (GetParam().by_hand) {
    const Verdict verdict = f.command("charge_start");
    ASSERT_TRUE(verdict.accepted) << verdict.reason;
  }
  f.run(10h);

  ASSERT_GE(f.sessions.size(), 1U) << f.text("charge_reason");
  EXPECT_EQ(f.sessions[0].result, GetParam().result) << f.sessions[0].reason;
  EXPECT_FALSE(f.is_on());
}

INSTANTIATE_TEST_SUITE_P(Modes, GenericProfile,
                         testing::Values(GenericCase{ChargeMode::manual, true, "full"},
                                         GenericCase{ChargeMode::nominal, false, "done"},
                                         GenericCase{ChargeMode::full, false, "full"}));

}  // namespace
}  // namespace b2m
