// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "gateway/app/reconciler.hpp"
#include "tests/support/site_fixture.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;

struct ReconcilerTest : testing::Test {
  explicit ReconcilerTest(bool optimistic = true)
      : site({.charging = true, .optimistic = optimistic}) {
    site.connect_adapter();
  }

  test::SiteFixture site;
  std::vector<double> orders;
  std::vector<Note> notes;
  Result<> outcome;
  app::Reconciler reconciler{site.site(),
                             [this](AdapterIndex, Order o, std::function<void(Result<>)> done) {
                               orders.push_back(o.value);
                               done(outcome);
                             },
                             [this](DeviceId, const Note& n) { notes.push_back(n); }};

  void want(double value) {
    Decision decision;
    decision.outputs.push_back({site.slot("charging"), value});
    reconciler.step(site.model().freeze(site.now()), decision);
  }
  /// Ticks of 250 ms.
  void run(SteadyDuration d, double value) {
    for (SteadyDuration t{}; t < d; t += 250ms) {
      site.advance(250ms);
      want(value);
    }
  }
  bool all_off() { return reconciler.all_off(site.model().freeze(site.now())); }
};

TEST_F(ReconcilerTest, SendsOffFirstAndAFewTimes) {
  want(0);
  run(10s, 0);

  EXPECT_EQ(orders, (std::vector<double>{0, 0, 0}));
}

TEST_F(ReconcilerTest, RepeatsOnEverySecondWhileWanted) {
  want(1);
  run(4s, 1);

  EXPECT_EQ(orders, (std::vector<double>{1, 1, 1, 1, 1}));
}

TEST_F(ReconcilerTest, SendsNothingWhileTheAdapterIsGoneAndStartsWithWhatIsWantedThen) {
  want(1);
  site.connect_adapter(false);
  run(3s, 0);
  EXPECT_EQ(orders, std::vector<double>{1});

  site.connect_adapter(true);
  want(0);

  EXPECT_EQ(orders, (std::vector<double>{1, 0}));
}

TEST_F(ReconcilerTest, RetriesWhatFailedAndSaysSoOnce) {
  outcome = Errc::buffer_full;
  want(1);
  run(2s, 1);

  EXPECT_GT(orders.size(), 2U);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].type, "command_failed");
}

TEST_F(ReconcilerTest, IsNotOffBeforeOffHasBeenSent) {
  want(1);
  EXPECT_FALSE(all_off());

  want(0);

  EXPECT_TRUE(all_off());
}

struct AcknowledgedReconcilerTest : ReconcilerTest {
  AcknowledgedReconcilerTest() : ReconcilerTest(false) {}
};

TEST_F(AcknowledgedReconcilerTest, GoesOnSendingOffUntilItReadsOff) {
  site.set(site.slot("charging"), 1);
  want(0);
  run(10s, 0);
  EXPECT_GE(orders.size(), 10U);
  EXPECT_FALSE(all_off());
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].message.find("still on"), std::string::npos);

  site.set(site.slot("charging"), 0);

  EXPECT_TRUE(all_off());
}

}  // namespace
}  // namespace b2m
