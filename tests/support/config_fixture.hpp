// SPDX-License-Identifier: MIT
// What the tests of whole configuration files begin with: the shipped profiles, and a text loaded
// as b2m.toml would be.
#pragma once

#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/config_file.hpp"

namespace b2m::testing {

inline constexpr const char* kShippedProfiles = B2M_SOURCE_DIR "/config/profiles";

class ConfigFixture : public ::testing::Test {
 protected:
  void SetUp() override { setenv("BATTERY2MQTT_PROFILES", kShippedProfiles, 1); }
  void TearDown() override { unsetenv("BATTERY2MQTT_PROFILES"); }

  config::Loaded load_text(const std::string& text) {
    const std::vector<AdapterKind> kinds = adapter_kinds();
    return config::load(folder_.write("b.toml", text), kinds);
  }
  std::vector<std::string> mistakes_of(const std::string& text) {
    return folder_.texts(load_text(text).mistakes);
  }

  ConfigFolder folder_;
};

}  // namespace b2m::testing
