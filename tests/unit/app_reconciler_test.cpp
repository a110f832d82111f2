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

TEST_F(ReconcilerTest, ToldOnceMoreWhenTheUserAsksAgain) {
  outcome = Errc::buffer_full;
  run(2s, 0);
  ASSERT_EQ(notes.size(), 1U);

  Decision decision;
  decision.outputs.push_back({site.slot("charging"), 0});
  decision.outputs[0].resend = decision.outputs[0].asked = true;
  reconciler.step(site.model().freeze(site.now()), decision);
  run(2s, 0);

  EXPECT_EQ(notes.size(), 2U);
}

TEST_F(ReconcilerTest, TriesAFailingOnLessAndLessAndAFailingOffForever) {
  outcome = Errc::disconnected;
  want(1);
  run(60s, 1);
  EXPECT_EQ(orders.size(), 10U);  // at 0, 0.5, 1.5, 3.5, 8.5, 18.5 ... 58.5

  orders.clear();
  run(10s, 0);
  EXPECT_GE(orders.size(), 19U);
  orders.clear();
  run(60s, 0);
  EXPECT_GE(orders.size(), 59U);

  orders.clear();
  run(250ms, 1);
  EXPECT_EQ(orders.size(), 1U) << "what is wanted has changed";
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

/// With everything that an order can carry, and a device whose answer the test gives.
struct OutputTest : testing::Test {
  OutputTest() : site(with_confirmation()) { site.connect_adapter(); }

  static test::PackSpec with_confirmation() {
    test::PackSpec spec;
    spec.charging = true;
    spec.optimistic = false;
    spec.confirms = true;
    return spec;
  }

  test::SiteFixture site;
  std::vector<Order> orders;
  std::vector<Failure> failures;
  std::vector<Note> notes;
  Result<> outcome;
  app::Reconciler reconciler{site.site(),
                             [this](AdapterIndex, Order o, std::function<void(Result<>)> done) {
                               orders.push_back(std::move(o));
                               done(outcome);
                             },
                             [this](DeviceId, const Note& n) { notes.push_back(n); },
                             [this](Failure f) { failures.push_back(std::move(f)); }};

  Output output(double value) {
    Output o;
    o.slot = site.slot("charging");
    o.value = value;
    return o;
  }
  void step(std::vector<Output> outputs) {
    Decision decision;
    decision.outputs = std::move(outputs);
    reconciler.step(site.model().freeze(site.now()), decision);
  }
  void run(SteadyDuration d, const Output& wanted) {
    for (SteadyDuration t{}; t < d; t += 250ms) {
      site.advance(250ms);
      step({wanted});
    }
  }
};

TEST_F(OutputTest, OnceMeansOneOrderAndNoOpinionAfterwards) {
  Output once = output(1);
  once.once = true;
  step({once});
  site.set(site.slot("charging"), 0);  // somebody has pressed the button on the plug
  for (int i = 0; i < 40; ++i) {
    site.advance(250ms);
    step({});
  }

  EXPECT_EQ(orders.size(), 1U);
  EXPECT_TRUE(reconciler.all_off(site.model().freeze(site.now())))
      << "an output that nobody holds keeps no gateway from ending";
}

TEST_F(OutputTest, OnceIsNotTriedAgainButItsFailureIsSaid) {
  outcome = Errc::timeout;
  Output once = output(1);
  once.once = true;
  step({once});
  for (int i = 0; i < 10; ++i) {
    site.advance(250ms);
    step({});
  }

  EXPECT_EQ(orders.size(), 1U);
  EXPECT_EQ(notes.size(), 1U);
  EXPECT_EQ(failures.size(), 1U);
}

TEST_F(OutputTest, TheGuardGoesWithTheOrder) {
  Output on = output(1);
  on.guard_s = 1800;
  step({on});

  ASSERT_EQ(orders.size(), 1U);
  EXPECT_EQ(orders[0].guard_s, 1800);
}

TEST_F(OutputTest, IsRefreshedAsOftenAsItAsksAndNoOftener) {
  Output on = output(1);
  on.guard_s = 1800;
  on.refresh_s = 600;
  site.set(site.slot("charging"), 1);
  step({on});
  run(590s, on);
  EXPECT_EQ(orders.size(), 1U);

  run(15s, on);

  EXPECT_EQ(orders.size(), 2U);
}

TEST_F(OutputTest, WhatWasReadBackIsNotRepeated) {
  step({output(0)});
  run(30s, output(0));

  EXPECT_EQ(orders.size(), 1U) << "a device that confirms has heard the first \"off\"";
}

TEST_F(OutputTest, AFailedOrderIsToldToTheRules) {
  outcome = Error(Errc::refused, "the guard cannot be armed");
  step({output(1)});

  ASSERT_EQ(failures.size(), 1U);
  EXPECT_EQ(failures[0].slot, site.slot("charging"));
  EXPECT_EQ(failures[0].value, 1);
  EXPECT_NE(failures[0].reason.find("the guard cannot be armed"), std::string::npos);
}

TEST_F(OutputTest, WhatMayStayOnDoesNotHoldUpTheEnd) {
  Output on = output(1);
  on.guard_s = 1800;
  step({on});
  site.set(site.slot("charging"), 1);
  EXPECT_FALSE(reconciler.all_off(site.model().freeze(site.now())));

  on.may_stay = true;
  step({on});

  EXPECT_TRUE(reconciler.all_off(site.model().freeze(site.now())));
}

}  // namespace
}  // namespace b2m
