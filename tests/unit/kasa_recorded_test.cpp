// SPDX-License-Identifier: MIT
// Every recorded plug and strip of both command sets is understood. The recordings are no part of
// the project: the tests are skipped without them.
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "adapters/kasa/device.hpp"
#include "tests/support/recorded_plug.hpp"
#include "tests/support/running.hpp"
#include "tests/support/virtual_clock.hpp"

namespace b2m::kasa {
namespace {

using test::finish;
using test::VirtualClock;

struct Known {
  std::string name;
  std::size_t sockets;
  bool has_meter;
  double power_w;
};
const std::vector<Known> kIot = {
    {"EP10(US)_1.0_1.0.2", 1, false, 0},        {"EP25(US)_1.0_1.0.14", 1, true, 0},
    {"EP40(US)_1.0_1.0.2", 2, false, 0},        {"HS100(UK)_4.1_1.1.0", 1, false, 0},
    {"HS100(US)_1.0_1.2.5", 1, false, 0},       {"HS103(US)_2.1_1.1.2", 1, false, 0},
    {"HS110(EU)_1.0_1.2.5", 1, true, 0.928511}, {"HS110(EU)_4.0_1.0.4", 1, true, 61.753},
    {"HS110(US)_1.0_1.2.6", 1, true, 7.677094}, {"HS300(US)_1.0_1.0.10", 6, true, 0.017},
    {"HS300(US)_1.0_1.0.21", 6, true, 62.43},   {"HS300(US)_2.0_1.0.12", 6, true, 0.277},
    {"HS300(US)_2.0_1.0.3", 6, true, 0},        {"KP115(EU)_1.0_1.0.16", 1, true, 63.499},
    {"KP115(US)_1.0_1.0.17", 1, true, 0},       {"KP115(US)_1.0_1.0.21", 1, true, 0},
    {"KP125(US)_1.0_1.0.6", 1, true, 100.277},  {"KP303(UK)_1.0_1.0.3", 3, false, 0},
    {"KP303(US)_2.0_1.0.3", 3, false, 0},       {"KP303(US)_2.0_1.0.9", 3, false, 0},
};
const std::vector<Known> kSmart = {
    {"EP25(US)_2.6_1.0.1", 1, true, 0},       {"EP25(US)_2.6_1.0.2", 1, true, 0},
    {"EP40M(US)_1.0_1.1.0", 2, false, 0},     {"KP125M(US)_1.0_1.1.3", 1, true, 17.654},
    {"KP125M(US)_1.0_1.2.3", 1, true, 1.003}, {"P110(EU)_1.0_1.0.7", 1, true, 0},
    {"P110(UK)_1.0_1.3.0", 1, true, 0},       {"P110M(AU)_1.0_1.2.3", 1, true, 74.116},
    {"P110M(EU)_1.0_1.2.3", 1, true, 0},      {"P115(US)_1.0_1.1.3", 1, true, 0},
    {"P304M(UK)_1.0_1.0.3", 4, true, 0},
};

void expect_state(const DeviceState& state, const Known& known) {
  EXPECT_EQ(state.sockets.size(), known.sockets);
  EXPECT_EQ(state.is_strip, known.sockets > 1);
  EXPECT_EQ(state.has_meter, known.has_meter);
  EXPECT_TRUE(known.name.ends_with("_" + state.firmware)) << state.firmware;
  EXPECT_EQ(state.mac.size(), 17U);
  EXPECT_NE(state.is_overheated, true);
  for (const auto& socket : state.sockets) EXPECT_TRUE(socket.is_on.has_value());
}

void check_iot(const Known& known) {
  VirtualClock clock;
  auto plug = make_iot_device(
      std::make_unique<test::RecordedIotPlug>(test::kasa_recording("iot", known.name)), clock);

  const auto state = finish(clock, plug->identify(kNoDeadline));

  ASSERT_TRUE(state);
  expect_state(*state, known);
  EXPECT_EQ(state->model, known.name.substr(0, known.name.find('_')));
  EXPECT_TRUE(state->is_led_on.has_value());
  ASSERT_TRUE(state->rssi_dbm.has_value());
  EXPECT_LT(*state->rssi_dbm, -20);
  for (const auto& socket : state->sockets) EXPECT_EQ(socket.id.empty(), !state->is_strip);
  const auto meter = finish(clock, plug->read_meter(0, kNoDeadline));
  ASSERT_EQ(meter.has_value(), known.has_meter);
  if (!meter) return;
  EXPECT_NEAR(*meter->power_w, known.power_w, 1e-9);
  EXPECT_GT(*meter->voltage_v, 110);
  EXPECT_LT(*meter->voltage_v, 245);
  EXPECT_LE(*meter->power_w, *meter->voltage_v * *meter->current_a + 0.6);
  EXPECT_LT(*meter->counter_kwh, 100);
}

void check_smart(const Known& known) {
  VirtualClock clock;
  auto plug = make_smart_device(
      std::make_unique<test::RecordedSmartPlug>(test::kasa_recording("smart", known.name)), clock);

  const auto state = finish(clock, plug->identify(kNoDeadline));

  ASSERT_TRUE(state);
  expect_state(*state, known);
  EXPECT_EQ(state->model, known.name.substr(0, known.name.find('(')));
  EXPECT_EQ(state->alias, "#MASKED_NAME#");
  EXPECT_EQ(state->is_overheated, false);
  EXPECT_NE(state->is_overloaded, true);
  const auto again = finish(clock, plug->read_state(kNoDeadline));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->has_meter, state->has_meter);
  const auto meter = finish(clock, plug->read_meter(0, kNoDeadline));
  ASSERT_EQ(meter.has_value(), known.has_meter);
  if (meter) {
    EXPECT_NEAR(*meter->power_w, known.power_w, 1e-9);
    EXPECT_TRUE(meter->counter_kwh.has_value());
  }
  EXPECT_TRUE(finish(clock, plug->worries(0, kNoDeadline)));
}

void check_each(const std::string& command_set, const std::vector<Known>& all,
                void (*check)(const Known&)) {
  const std::size_t there = test::kasa_recordings(command_set).size();
  if (there == 0) GTEST_SKIP() << "no recordings beside this checkout (../shared/data/kasa)";
  EXPECT_EQ(there, all.size());
  for (const Known& known : all) {
    SCOPED_TRACE(known.name);
    check(known);
  }
}

TEST(KasaIotRecorded, EveryDeviceIsUnderstood) { check_each("iot", kIot, check_iot); }

TEST(KasaSmartRecorded, EveryDeviceIsUnderstood) { check_each("smart", kSmart, check_smart); }

}  // namespace
}  // namespace b2m::kasa
