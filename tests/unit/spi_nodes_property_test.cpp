// SPDX-License-Identifier: MIT
// An hour of random faults: no value is shown that the node did not have, no bleed is longer than
// ordered, and once all is well again everything is read again.
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/spi_nodes_fixture.hpp"
#include "tests/support/spi_vectors.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;

constexpr int kLegacy = 2, kV2 = 3, kNodes = kLegacy + kV2;
constexpr double kGuardS = 20;

class Storm {
 public:
  explicit Storm(unsigned seed) : random_(seed) {
    for (int i = 0; i < kLegacy; ++i) nodes.add_legacy();
    for (int i = 0; i < kV2; ++i) nodes.add_v2();
    for (int i = 0; i < kNodes; ++i) set(i, 3500 + 100 * i);
    nodes.start();
  }

  void second() {
    const int i = below(kNodes);
    set(i, now_mv_[i] + 10 * (below(5) - 2));
    if (below(6) == 0) fault(below(kNodes));
    if (below(10) == 0) mend(below(kNodes));
    if (below(15) == 0) nodes.v2[static_cast<std::size_t>(below(kV2))]->restart();
    if (below(8) == 0) order();
    nodes.clock.advance(1s);
    check();
  }

  void calm() {
    for (int i = 0; i < kNodes; ++i) mend(i);
    nodes.clock.advance(40s);
  }

  SpiNodesFixture nodes;

 private:
  int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }

  void set(int i, int mv) {
    now_mv_[i] = std::clamp(mv, 3000, 4200) / 10 * 10;
    had_[i].insert(fmt::format("{:.3f}", now_mv_[i] / 1000.0));
    if (i < kLegacy)
      nodes.legacy[static_cast<std::size_t>(i)]->centivolts = now_mv_[i] / 10;
    else
      nodes.v2[static_cast<std::size_t>(i - kLegacy)]->millivolts = now_mv_[i];
  }

  static void flip(std::vector<std::uint8_t>& bytes, int bit) {
    bytes[static_cast<std::size_t>(bit / 8) % bytes.size()] ^=
        static_cast<std::uint8_t>(0x80 >> bit % 8);
  }

  void fault(int i) {
    const std::string line = SpiNodesFixture::device(i + 1);
    switch (below(5)) {
      case 0:
        return nodes.bus.damage_miso(line, [](auto& b) { std::fill(b.begin(), b.end(), 0xFF); });
      case 1:
        return nodes.bus.fail(line, Error(Errc::io_error, "storm"), 1 + below(20));
      case 2:  // now and then a lost edge
        return nodes.bus.damage_miso(line, [this](auto& b) {
          if (below(3) == 0) b = shifted(b, 1 + below(3));
        });
      case 3:
        return nodes.bus.damage_mosi(line, [this](auto& b) { flip(b, below(120)); });
      default:
        return nodes.bus.damage_miso(line, [this](auto& b) {
          for (int n = below(3); n > 0; --n) flip(b, below(120));
        });
    }
  }

  void mend(int i) {
    nodes.bus.damage_miso(SpiNodesFixture::device(i + 1), {});
    nodes.bus.damage_mosi(SpiNodesFixture::device(i + 1), {});
  }

  void order() {
    const int i = below(kV2);
    const bool is_on = below(3) > 0;
    (void)nodes.bleed(kLegacy + i + 1, is_on, kGuardS);
    if (is_on) may_bleed_until_[i] = nodes.clock.now() + from_seconds(kGuardS);
  }

  void check() {
    for (int i = 0; i < kNodes; ++i) {
      const std::string shown = nodes.last(fmt::format("cell_{:02}_voltage", i + 1));
      const bool is_value = shown != "unknown" && shown != "nothing";
      EXPECT_TRUE(!is_value || had_[i].contains(shown)) << "cell " << i + 1 << " " << shown;
    }
    for (int i = 0; i < kV2; ++i)
      EXPECT_TRUE(!nodes.v2[static_cast<std::size_t>(i)]->is_bleeding() ||
                  nodes.clock.now() <= may_bleed_until_[i])
          << "node " << i;
  }

  std::mt19937 random_;
  std::map<int, int> now_mv_;
  std::map<int, std::set<std::string>> had_;
  std::map<int, SteadyTime> may_bleed_until_;
};

TEST(SpiNodesProperty, NothingIsShownThatWasNotAndNothingBleedsTooLong) {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    Storm storm(seed);
    for (int s = 0; s < 900; ++s) storm.second();
    storm.calm();

    EXPECT_TRUE(storm.nodes.is_running());
    for (int i = 1; i <= kNodes; ++i)
      EXPECT_EQ(storm.nodes.last(fmt::format("cell_{:02}_node_state", i)), "ok")
          << seed << " " << i;
  }
}

}  // namespace
}  // namespace b2m::test
