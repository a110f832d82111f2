// SPDX-License-Identifier: MIT
// Queue, order, places and ends of jobs, without a database.
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/simulation_rig.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;
using app::JobState;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

TEST(SimulationService, HandsOutJobsByPriorityAndThenInTheOrderOfArrival) {
  SimulationRig rig;
  rig.submit(R"("id":"first")");
  rig.submit(R"("id":"b")");
  rig.submit(R"("id":"c")");
  rig.submit(R"("id":"urgent","priority":5)");
  rig.submit(R"("id":"some_day","priority":-5)");

  for (const char* id : {"first", "urgent", "b", "c", "some_day"}) rig.place->end(id);

  EXPECT_THAT(rig.place->started(), ElementsAre("first", "urgent", "b", "c", "some_day"));
  EXPECT_EQ(rig.state("some_day"), "done");
}

TEST(SimulationService, RefusesWhatDoesNotFitIntoTheQueueAndSaysSo) {
  SimulationRig rig(0);
  for (int i = 0; i < 2000; ++i) ASSERT_THAT(rig.submit(""), StartsWith("job-"));

  EXPECT_THAT(rig.submit(""), HasSubstr("the queue is full: 2000 jobs wait"));
  EXPECT_EQ(rig.service->counts().refused, 1U);
}

TEST(SimulationService, RefusesAWrongRequestBeforeQueueingItAndNamesTheField) {
  SimulationRig rig;

  const auto answer =
      rig.ask("simulate", SimulationRig::cell_job(R"("id":"x","lowerVoltage":4.1)"));
  const auto wrong = rig.ask("simulate", R"({"simulationType":"cell","lowerVoltage":"low"})");

  EXPECT_EQ(wrong["data"]["field"], "lowerVoltage");
  EXPECT_THAT(wrong["error"].get<std::string>(), StartsWith("lowerVoltage: "));
  EXPECT_NE(answer["error"], "");
  EXPECT_THAT(rig.place->started(), IsEmpty());
  EXPECT_THAT(rig.published, IsEmpty());
}

TEST(SimulationService, EchoesTheCallersIdAsHeWroteIt) {
  SimulationRig rig;

  const auto number = rig.ask("simulate", SimulationRig::cell_job(R"("id":17)"));
  const auto text = rig.ask("simulate", SimulationRig::cell_job(R"("id":"seventeen")"));
  const auto none = rig.ask("simulate", SimulationRig::cell_job(""));

  EXPECT_EQ(number["data"]["id"], 17);
  EXPECT_EQ(number["data"]["job"], "17");
  EXPECT_EQ(text["data"]["id"], "seventeen");
  EXPECT_EQ(none["data"]["id"], none["data"]["job"]);
  EXPECT_EQ(rig.topic("17")["id"], 17);
}

TEST(SimulationService, TheSameRequestWithTheSameIdIsTheSameJob) {
  SimulationRig rig;
  rig.submit(R"("id":"a")");

  EXPECT_EQ(rig.submit(R"("id":"a")"), "a");
  rig.place->end("a");
  EXPECT_EQ(rig.submit(R"("id":"a")"), "a");

  EXPECT_EQ(rig.place->orders.size(), 1U);
}

TEST(SimulationService, AnotherRequestWithAKnownIdIsRefused) {
  SimulationRig rig;
  rig.submit(R"("id":"a")");

  EXPECT_THAT(rig.submit(R"("id":"a","scaleNominal":true)"),
              HasSubstr("belongs to another job, which is running"));
}

TEST(SimulationService, AnIdThatIsTakenByAnotherSpellingGetsATopicOfItsOwn) {
  SimulationRig rig(0);
  EXPECT_EQ(rig.submit(R"("id":17)"), "17");

  const std::string other = rig.submit(R"("id":"17")");

  EXPECT_THAT(other, StartsWith("job-"));
  EXPECT_EQ(rig.topic(other)["id"], "17");
}

TEST(SimulationService, AJobGoesFromQueuedOverRunningToDone) {
  SimulationRig rig(0);
  rig.submit(R"("id":"a")");
  EXPECT_EQ(rig.topic("a")["state"], "queued");

  rig.place->set_room(1);
  rig.service->tick();
  EXPECT_EQ(rig.topic("a")["state"], "running");

  rig.place->end("a");
  const auto over = rig.topic("a");
  EXPECT_EQ(over["state"], "done");
  EXPECT_EQ(over["progress"], 1);
  EXPECT_EQ(over["rows"], 3);
  EXPECT_EQ(over["end"], "lower_voltage");
  EXPECT_EQ(over["reason"], "2.5 V reached");
}

TEST(SimulationService, PublishesProgressAtMostOnceASecond) {
  SimulationRig rig;
  rig.submit(R"("id":"a")");
  rig.service->tick();
  const std::size_t before = rig.published["a"].size();

  for (int i = 1; i <= 40; ++i) {
    rig.clock.advance(100ms);
    rig.place->progress("a", i / 40.0);
    rig.service->tick();
  }

  EXPECT_LE(rig.published["a"].size() - before, 4U);
  EXPECT_GE(rig.published["a"].size() - before, 3U);
}

TEST(SimulationService, ProgressNeverGoesBackNorBecomesNonsense) {
  SimulationRig rig;
  rig.submit(R"("id":"a")");
  for (const double part : {0.5, 0.25, std::nan(""), -1.0}) rig.place->progress("a", part);

  EXPECT_EQ(rig.service->status("a")->progress, 0.5);
  rig.place->progress("a", 7);
  EXPECT_EQ(rig.service->status("a")->progress, 1);
}

TEST(SimulationService, CancelsAJobThatWaitsAtOnce) {
  SimulationRig rig(0);
  rig.submit(R"("id":"a")");

  EXPECT_EQ(rig.ask("simulate_cancel", R"({"id":"a"})")["data"]["state"], "cancelled");
  rig.place->set_room(1);

  EXPECT_THAT(rig.place->started(), IsEmpty());
  EXPECT_EQ(rig.topic("a")["state"], "cancelled");
}

TEST(SimulationService, CancelsAJobThatRunsThroughItsPlace) {
  SimulationRig rig;
  rig.submit(R"("id":"a")");

  EXPECT_TRUE(rig.service->cancel("a"));
  EXPECT_THAT(rig.place->cancelled, ElementsAre("a"));
  EXPECT_EQ(rig.state("a"), "running");
  rig.place->end("a", JobState::cancelled, 2);

  EXPECT_EQ(rig.state("a"), "cancelled");
  EXPECT_EQ(rig.service->status("a")->rows, 2);
}

TEST(SimulationService, AJobThatIsOverCannotBeCancelled) {
  SimulationRig rig;
  rig.submit(R"("id":"a")");
  rig.place->end("a");

  EXPECT_THAT(rig.ask("simulate_cancel", R"({"id":"a"})")["error"].get<std::string>(),
              HasSubstr("is over already: done"));
}

TEST(SimulationService, AJobWhosePlaceIsGoneRunsAgain) {
  SimulationRig rig;
  rig.submit(R"("id":"a")");
  rig.place->progress("a", 0.5);

  rig.place->lose("a");

  EXPECT_EQ(rig.service->status("a")->attempt, 2);
  EXPECT_EQ(rig.service->status("a")->progress, 0);
  rig.place->end("a");
  EXPECT_EQ(rig.state("a"), "done");
}

TEST(SimulationService, AJobThatLosesItsPlaceThreeTimesIsGivenUp) {
  SimulationRig rig;
  rig.submit(R"("id":"a")");

  for (int i = 0; i < 3; ++i) rig.place->lose("a");

  EXPECT_EQ(rig.state("a"), "failed");
  EXPECT_THAT(rig.service->status("a")->reason, HasSubstr("3 times"));
  EXPECT_EQ(rig.place->orders.size(), 3U);
}

TEST(SimulationService, IgnoresAnswersToOlderAttempts) {
  SimulationRig rig;
  rig.submit(R"("id":"a")");
  rig.place->lose("a");

  rig.place->hooks.ended("a", rig.place->orders[0].attempt, app::JobResult());

  EXPECT_EQ(rig.state("a"), "running");
  rig.place->end("a");
  rig.place->hooks.ended("a", rig.place->orders[1].attempt, app::JobResult());
  EXPECT_EQ(rig.state("a"), "done");
  EXPECT_EQ(rig.ended.size(), 1U);
}

TEST(SimulationService, ALostJobThatIsBeingCancelledIsCancelled) {
  SimulationRig rig;
  rig.submit(R"("id":"a")");
  ASSERT_TRUE(rig.service->cancel("a"));

  rig.place->lose("a");

  EXPECT_EQ(rig.state("a"), "cancelled");
}

TEST(SimulationService, TellsOnceWhenAJobIsOver) {
  SimulationRig rig;
  rig.submit(R"("id":"a")");
  int told = 0;
  rig.service->when_over(
      "a", [&](const app::JobStatus& s) { told += s.state == JobState::failed ? 1 : 100; });

  rig.place->end("a", JobState::failed, 0);
  rig.service->when_over("a", [&](const app::JobStatus&) { ++told; });

  EXPECT_EQ(told, 2);
  EXPECT_EQ(rig.service->status("a")->reason, "because");
}

TEST(SimulationService, WhoIsToldMayDeleteTheJob) {
  SimulationRig rig;
  rig.submit(R"("id":"a")");
  rig.service->when_over("a",
                         [&](const app::JobStatus& s) { EXPECT_TRUE(rig.service->remove(s.id)); });

  rig.place->end("a");

  EXPECT_EQ(rig.state("a"), "unknown");
  EXPECT_EQ(rig.published["a"].back(), "");
}

TEST(SimulationService, DeletingARunningJobCancelsItAndItsAnswerIsIgnored) {
  SimulationRig rig;
  rig.submit(R"("id":"a")");

  EXPECT_EQ(rig.ask("simulate_delete", R"({"id":"a"})")["error"], "");
  rig.place->end("a");

  EXPECT_EQ(rig.state("a"), "unknown");
  EXPECT_THAT(rig.place->cancelled, ElementsAre("a"));
}

TEST(SimulationService, StoppingTakesNothingMoreAndCancelsWhatRuns) {
  SimulationRig rig;
  rig.submit(R"("id":"a")");

  rig.service->stop();

  EXPECT_THAT(rig.place->cancelled, ElementsAre("a"));
  EXPECT_EQ(rig.topic("a")["state"], "queued");
  EXPECT_THAT(rig.submit(""), HasSubstr("stopping"));
}

}  // namespace
}  // namespace b2m::test
