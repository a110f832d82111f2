// SPDX-License-Identifier: MIT
// Hours of virtual time with random faults on a ring whose modules all differ: no value is ever
// shown for a module that does not have it, and no cell bleeds longer than it was ordered to.
#include <algorithm>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "tests/support/tesla_fixture.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;
using tesla_uart::RingFaultKind;

constexpr int kModules = 5;
constexpr SteadyDuration kChipTimer = 10s;

/// Cell 1 of module 3: 3.31 V.
Volts voltage_of(std::size_t module, std::size_t cell) {
  return Volts(3.0 + 0.1 * static_cast<double>(module + 1) + 0.01 * static_cast<double>(cell + 1));
}

class TeslaChaos : public testing::TestWithParam<unsigned>, public test::TeslaFixture {
 protected:
  void begin() {
    peer_settings.seed = GetParam();
    make_ring(kModules);
    for (std::size_t m = 0; m < cells.size(); ++m)
      for (std::size_t c = 0; c < 6; ++c) cells[m]->voltages[c] = voltage_of(m, c);
    start();
  }
  void expect_own_values(const std::string& when) {
    for (int m = 1; m <= kModules; ++m)
      for (int c = 1; c <= 6; ++c) {
        const auto at = static_cast<std::size_t>(m - 1), cell = static_cast<std::size_t>(c - 1);
        const std::string text = last(m, "cell_0" + std::to_string(c) + "_voltage");
        if (text == "nothing" || text == "suspect" || text == "unknown") continue;
        ASSERT_NEAR(std::stod(text), voltage_of(at, cell).value, 0.001)
            << "module " << m << " cell " << c << " " << when;
      }
  }
  /// Two neighbours for unlike times, or one of them off, sometimes with nobody waiting for it.
  void order_something() {
    const int m = 1 + roll(kModules), c = 1 + roll(6);
    SteadyTime& until = until_[{m, c}];
    patience = roll(2) == 0 ? SteadyDuration::zero() : SteadyDuration(5s);
    if (roll(3) == 0) {
      bleed(m, c, false);
      until = std::min(until, clock.now() + kChipTimer);  // not renewed, whatever becomes of it
      return;
    }
    const double guard_s = 2 + roll(20);
    bleed(m, c, true, guard_s);
    until = std::max(until, clock.now() + from_seconds(guard_s));
  }
  void expect_bleeds_within_their_time() {
    peer->advance_to(clock.now());
    for (int m = 1; m <= kModules; ++m)
      for (int c = 1; c <= 6; ++c) {
        const bool is_on =
            peer->is_bleeding(static_cast<std::size_t>(m - 1), static_cast<std::size_t>(c - 1));
        ASSERT_TRUE(!is_on || clock.now() < until_[std::pair(m, c)])
            << "module " << m << " cell " << c;
      }
  }
  int roll(int most) { return static_cast<int>(dice_() % static_cast<unsigned>(most)); }

 private:
  std::mt19937 dice_{GetParam()};
  std::map<std::pair<int, int>, SteadyTime> until_;
};

TEST_P(TeslaChaos, ShowsNoValueThatTheModuleDoesNotHaveAndBleedsNoLongerThanOrdered) {
  constexpr std::array kKinds{
      RingFaultKind::dead,          RingFaultKind::deaf,        RingFaultKind::noise,
      RingFaultKind::echo,          RingFaultKind::byte_loss,   RingFaultKind::late,
      RingFaultKind::corrupt,       RingFaultKind::board_reset, RingFaultKind::broken,
      RingFaultKind::no_data_ready, RingFaultKind::stuck};
  begin();
  int shown = 0;
  for (int round = 0; round < 150; ++round) {
    const RingFaultKind kind = kKinds[static_cast<std::size_t>(roll(kKinds.size()))];
    fault(kind, roll(kModules + 1), {}, 0, std::chrono::seconds(1 + roll(15)));
    if (roll(12) == 0) {
      line.unplug();
      supervise(2s);
      line.plug_in();
    }
    for (int i = roll(4); i > 0; --i) order_something();
    inbox.forget();
    for (int i = 0; i < 1 + roll(25); ++i) {
      supervise(1s);
      expect_own_values("in round " + std::to_string(round));
      expect_bleeds_within_their_time();
      if (HasFatalFailure()) return;
    }
    if (last(1, "cell_01_voltage") != "nothing") ++shown;
  }
  EXPECT_GT(shown, 30);

  peer->clear_faults();
  supervise(120s);
  if (!detail("ring").starts_with("5 of 5")) (void)rescan();
  supervise(60s);
  for (int m = 1; m <= kModules; ++m) EXPECT_LT(age(m, "cell_01_voltage"), 1s) << detail("ring");
  expect_own_values("at the end");
}

INSTANTIATE_TEST_SUITE_P(Seeds, TeslaChaos, testing::Range(1U, 5U));

}  // namespace
}  // namespace b2m
