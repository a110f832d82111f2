// SPDX-License-Identifier: MIT
// What the tests of the Kasa adapter begin with: one plug called garage, and what it was asked.
#pragma once

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/kasa_adapter_fixture.hpp"

namespace b2m::test {

inline constexpr auto kMac1 = "C0:06:C3:00:00:01";
inline constexpr auto kMac2 = "C0:06:C3:00:00:02";

class KasaAdapter : public testing::Test, public KasaAdapterFixture {
 protected:
  /// One KP115 "Rad Battery 1" at 127.0.1.1, configured as garage by its name.
  kasa::PlugPeer& start_garage() {
    kasa::PlugPeer& garage = add(peer("127.0.1.1", "Rad Battery 1", kMac1));
    settings.plugs.push_back(plug("garage", by_alias("rad battery  1 ")));
    start();
    return garage;
  }
  static std::size_t position(const kasa::PlugPeer& peer, const std::string& what) {
    const auto& requests = peer.requests();
    const auto at = std::ranges::find_if(
        requests, [&](const std::string& r) { return r.find(what) != std::string::npos; });
    return static_cast<std::size_t>(at - requests.begin());
  }
  static long count(const kasa::PlugPeer& peer, const std::string& what) {
    return std::ranges::count_if(
        peer.requests(), [&](const std::string& r) { return r.find(what) != std::string::npos; });
  }
};

}  // namespace b2m::test
