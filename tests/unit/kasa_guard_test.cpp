// SPDX-License-Identifier: MIT
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/kasa/guard.hpp"
#include "tests/support/running.hpp"
#include "tests/support/virtual_clock.hpp"

namespace b2m::kasa {
namespace {

using test::finish;
using test::VirtualClock;
using testing::ElementsAre;
using testing::HasSubstr;

/// The one slot of a socket, with the quirks that were seen or are feared.
class FakeSlot final : public TimerSlot {
 public:
  Awaitable<Result<TimerRules>> read(SteadyTime) override {
    log.push_back("read");
    if (read_error) co_return *read_error;
    co_return rules;
  }
  Awaitable<Result<>> add(int delay_s, SteadyTime) override {
    log.push_back("add");
    if (!rules.empty()) co_return Error(Errc::buffer_full, "table is full");
    co_return put(delay_s);
  }
  Awaitable<Result<>> edit(std::string id, int delay_s, SteadyTime) override {
    log.push_back("edit");
    if (refuses_edits) co_return Error(Errc::out_of_range, "argument");
    if (rules.empty() || rules.at(0).id != id) co_return Error(Errc::unknown_key, "entry");
    if (ignores_edits) co_return Result<>();
    if (loss == Loss::before) {
      loss = Loss::none;
      co_return Error(Errc::disconnected, "lost");
    }
    const auto old_id = rules.at(0).id;
    rules.clear();
    auto done = put(delay_s);
    if (!rules.empty()) rules.at(0).id = old_id;
    if (is_mute_after_edit) read_error = Error(Errc::timeout, "no reply");
    co_return done;
  }
  Awaitable<Result<>> replace(std::string, int delay_s, SteadyTime) override {
    log.push_back("replace");
    rules.clear();
    co_return put(delay_s);
  }
  Awaitable<Result<>> remove(TimerRule rule, SteadyTime) override {
    log.push_back("remove");
    std::erase_if(rules, [&](const TimerRule& r) { return r.id == rule.id; });
    co_return Result<>();
  }
  [[nodiscard]] bool can_edit_elapsed() const override { return false; }

  TimerRules rules;
  std::vector<std::string> log;
  std::optional<Error> read_error;
  bool refuses_edits = false;
  bool ignores_edits = false;
  bool tells_remaining = true;
  bool does_nothing = false;
  bool is_mute_after_edit = false;
  std::optional<bool> ends_on = false;
  enum class Loss { none, before, after } loss = Loss::none;  // of the next order

 private:
  Result<> put(int delay_s) {
    const auto lost = std::exchange(loss, Loss::none);
    if (lost == Loss::before) return Error(Errc::disconnected, "lost");
    TimerRule rule;
    rule.id = "N" + std::to_string(++made_);
    rule.is_enabled = true;
    rule.ends_on = ends_on;
    rule.delay_s = delay_s;
    if (tells_remaining) rule.remaining_s = delay_s - 1;
    rule.is_ours = true;
    if (!does_nothing) rules.push_back(rule);
    if (lost == Loss::after) return Error(Errc::disconnected, "lost");
    return {};
  }
  int made_ = 0;
};

struct KasaGuard : testing::Test {
  VirtualClock clock;
  FakeSlot slot;
  std::optional<OwnTimer> own;

  Result<GuardState> arm(double seconds = 1800) {
    return finish(clock, arm_timer(slot, clock, own, seconds, kNoDeadline));
  }
  void put(bool ours, bool enabled, double remaining, bool on = false) {
    TimerRule rule;
    rule.id = ours ? "OURS" : "APP";
    rule.is_enabled = enabled;
    rule.ends_on = on;
    rule.delay_s = 1800;
    rule.remaining_s = remaining;
    rule.is_ours = ours;
    slot.rules.push_back(rule);
  }
};

TEST_F(KasaGuard, ArmsAnEmptySlotAndReadsItBack) {
  const auto state = arm();

  ASSERT_TRUE(state);
  EXPECT_TRUE(state->is_armed);
  EXPECT_EQ(state->remaining_s, 1799);
  ASSERT_TRUE(own);
  EXPECT_EQ(own->delay_s, 1800);
  EXPECT_THAT(slot.log, ElementsAre("read", "add", "read"));
}

TEST_F(KasaGuard, RenewsByOneEditWithoutAMomentUnguarded) {
  ASSERT_TRUE(arm());
  slot.log.clear();
  slot.rules.at(0).remaining_s = 1200;
  clock.advance(std::chrono::seconds(600));

  ASSERT_TRUE(arm());

  EXPECT_THAT(slot.log, ElementsAre("read", "edit", "read"));
  EXPECT_EQ(slot.rules.at(0).remaining_s, 1799);
}

TEST_F(KasaGuard, FindsItsOwnTimerAfterARestart) {
  put(true, true, 300);

  ASSERT_TRUE(arm());

  EXPECT_THAT(slot.log, ElementsAre("read", "edit", "read"));
}

TEST_F(KasaGuard, AnElapsedEntryStillTakesTheSlotAndIsReplaced) {
  put(true, false, 0);
  ASSERT_TRUE(arm());
  EXPECT_THAT(slot.log, ElementsAre("read", "replace", "read"));

  slot.rules.clear();
  slot.log.clear();
  put(false, false, 0);
  ASSERT_TRUE(arm());
  EXPECT_THAT(slot.log, ElementsAre("read", "replace", "read"));
}

TEST_F(KasaGuard, LeavesATimerOfTheAppAloneAndSaysSo) {
  put(false, true, 600);

  const auto state = arm();

  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, Errc::refused);
  EXPECT_THAT(state.error().text(), HasSubstr("app"));
  EXPECT_THAT(state.error().text(), HasSubstr("only timer slot"));
  EXPECT_EQ(slot.rules.at(0).id, "APP");
  EXPECT_THAT(slot.log, ElementsAre("read"));
}

TEST_F(KasaGuard, ATimerThatMayRunIsNotTakenForElapsed) {
  put(false, true, 600);
  slot.rules.at(0).is_enabled.reset();

  EXPECT_FALSE(arm());
  EXPECT_EQ(slot.rules.at(0).id, "APP");
}

TEST_F(KasaGuard, AnEditThatFailsOrDoesNothingEndsInAReplacement) {
  put(true, true, 300);
  slot.refuses_edits = true;
  ASSERT_TRUE(arm());
  EXPECT_THAT(slot.log, ElementsAre("read", "edit", "read", "replace", "read"));

  slot = FakeSlot();
  own.reset();
  put(true, true, 300);
  slot.ignores_edits = true;
  ASSERT_TRUE(arm());
  EXPECT_THAT(slot.log, ElementsAre("read", "edit", "read", "replace", "read"));
}

TEST_F(KasaGuard, ARuleThatIsGoneIsMadeAnew) {
  ASSERT_TRUE(arm());
  slot.rules.clear();
  slot.log.clear();

  ASSERT_TRUE(arm());

  EXPECT_THAT(slot.log, ElementsAre("read", "add", "read"));
}

TEST_F(KasaGuard, ALostAnswerIsNotRepeatedWhenTheTimerRuns) {
  slot.loss = FakeSlot::Loss::after;

  ASSERT_TRUE(arm());

  EXPECT_THAT(slot.log, ElementsAre("read", "add", "read"));
}

TEST_F(KasaGuard, ALostOrderIsGivenAgainOnceTheSlotIsSeenToBeEmpty) {
  slot.loss = FakeSlot::Loss::before;

  ASSERT_TRUE(arm());

  EXPECT_THAT(slot.log, ElementsAre("read", "add", "read", "add", "read"));
}

TEST_F(KasaGuard, ALostEditIsEditedAgainAndNotReplaced) {
  put(true, true, 300);
  slot.loss = FakeSlot::Loss::before;

  ASSERT_TRUE(arm());

  EXPECT_THAT(slot.log, ElementsAre("read", "edit", "read", "edit", "read"));
}

TEST_F(KasaGuard, AYesWithoutATimerIsAnError) {
  slot.does_nothing = true;

  const auto state = arm();

  ASSERT_FALSE(state);
  EXPECT_THAT(state.error().text(), HasSubstr("has none when asked"));
  EXPECT_FALSE(own);
}

TEST_F(KasaGuard, ATimerThatWouldSwitchOnIsNoGuard) {
  slot.ends_on = true;
  EXPECT_FALSE(arm());

  slot.rules.clear();
  slot.ends_on.reset();
  EXPECT_FALSE(arm());
}

TEST_F(KasaGuard, APlugThatDoesNotTellWhatIsLeftIsBelievedOnlyRightAfterTheOrder) {
  slot.tells_remaining = false;

  const auto first = arm();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->remaining_s, 1800);
  slot.log.clear();
  ASSERT_TRUE(arm());
  EXPECT_THAT(slot.log, ElementsAre("read", "edit", "read"));
}

TEST_F(KasaGuard, LeavesAloneWhatTheUserHasSetBetweenTwoRenewals) {
  ASSERT_TRUE(arm());
  slot.rules.at(0).is_ours = false;
  slot.rules.at(0).remaining_s = 600;

  EXPECT_EQ(arm().error().code, Errc::refused);
  EXPECT_EQ(slot.rules.at(0).remaining_s, 600);
}

TEST_F(KasaGuard, LeavesAloneOurTimerWhenSomebodyHasShortenedIt) {
  for (const bool by_delay : {true, false}) {
    slot = FakeSlot();
    own.reset();
    ASSERT_TRUE(arm());
    if (by_delay) slot.rules.at(0).delay_s = 600;
    slot.rules.at(0).remaining_s = by_delay ? std::nullopt : std::optional<double>(600);

    const auto state = arm();

    ASSERT_FALSE(state);
    EXPECT_EQ(state.error().code, Errc::refused);
    EXPECT_THAT(state.error().text(), HasSubstr("app"));
    EXPECT_THAT(slot.log, testing::Not(testing::Contains("edit")));
  }
}

TEST_F(KasaGuard, AShorterTimerOfOursWhoseAnswerWasLostIsNotTakenForTheUsers) {
  ASSERT_TRUE(arm(1800));
  slot.is_mute_after_edit = true;
  ASSERT_FALSE(arm(600));
  slot.read_error.reset();
  slot.is_mute_after_edit = false;

  EXPECT_TRUE(arm(1800));
}

TEST_F(KasaGuard, APlainReadingSaysWhetherThePlugToldWhatIsLeft) {
  put(true, true, 600);
  EXPECT_TRUE(guard_of(slot.rules).tells_remaining);
  slot.rules.at(0).remaining_s.reset();
  EXPECT_FALSE(guard_of(slot.rules).tells_remaining);
}

TEST_F(KasaGuard, WithoutAReadingThereIsNoGuard) {
  slot.read_error = Error(Errc::timeout, "no reply");

  const auto state = arm();

  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, Errc::timeout);
}

TEST_F(KasaGuard, RemovesOnlyItsOwn) {
  put(false, true, 600);
  ASSERT_TRUE(finish(clock, remove_timer(slot, kNoDeadline)));
  EXPECT_EQ(slot.rules.size(), 1U);

  put(true, true, 600);
  ASSERT_TRUE(finish(clock, remove_timer(slot, kNoDeadline)));
  ASSERT_EQ(slot.rules.size(), 1U);
  EXPECT_FALSE(slot.rules.at(0).is_ours);
}

TEST_F(KasaGuard, TellsAForeignTimerAndOneThatHasFired) {
  put(false, true, 600, true);
  EXPECT_FALSE(guard_of(slot.rules).is_armed);
  EXPECT_FALSE(guard_of(slot.rules).is_ours);
  EXPECT_EQ(guard_of(slot.rules).remaining_s, 600);

  slot.rules.clear();
  put(true, false, 0);
  EXPECT_FALSE(guard_of(slot.rules).is_armed);
  EXPECT_EQ(guard_of(slot.rules).remaining_s, 0);
  EXPECT_FALSE(guard_of(TimerRules()).is_armed);
}

TEST(KasaGuardDelay, IsWholeSecondsAndNeverTooShortForAPlug) {
  EXPECT_EQ(*timer_delay(1799.2), 1800);
  EXPECT_EQ(*timer_delay(0), 10);
  EXPECT_EQ(*timer_delay(3), 10);
  for (const double wrong : {-1.0, 1e9, std::nan(""), std::numeric_limits<double>::infinity()})
    EXPECT_EQ(timer_delay(wrong).error().code, Errc::out_of_range) << wrong;
}

}  // namespace
}  // namespace b2m::kasa
