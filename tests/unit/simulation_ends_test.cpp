// SPDX-License-Identifier: MIT
// Jobs that end, are deleted, pruned or cancelled at an awkward moment.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/app/simulation/local_place.hpp"
#include "gateway/app/simulation/sources.hpp"
#include "tests/support/broker.hpp"
#include "tests/support/simulation_rig.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;
using app::JobState;
using ::testing::HasSubstr;

constexpr const char* kCallback = R"("callback":"http://127.0.0.1:1/x")";

TEST(SimulationEnds, AJobWithAnIdUsedAgainDoesNotGetTheEndOfTheFormerOne) {
  SimulationRig rig(2);
  rig.submit(R"("id":"x")");
  const int former = rig.place->orders[0].attempt;
  ASSERT_TRUE(rig.service->remove("x"));
  rig.submit(R"("id":"x","scaleNominal":true)");
  ASSERT_EQ(rig.place->orders.size(), 2U);

  rig.place->hooks.progress("x", former, 0.5);
  rig.place->hooks.ended("x", former, app::JobResult());

  EXPECT_NE(rig.place->orders[1].attempt, former);
  EXPECT_EQ(rig.state("x"), "running");
  EXPECT_EQ(rig.service->status("x")->progress, 0);
  rig.place->end("x");
  EXPECT_EQ(rig.state("x"), "done");
}

TEST(SimulationEnds, StoppingSurvivesThoseWhoDeleteWhatEnds) {
  SimulationRig rig(3);
  rig.settings.keep_results = 1;
  for (const char* id : {"a", "b", "c"}) rig.submit(fmt::format(R"("id":"{}")", id));
  for (const char* id : {"a", "b", "c"}) {
    ASSERT_TRUE(rig.service->cancel(id));
    rig.service->when_over(id, [&](const app::JobStatus&) {
      for (const char* other : {"a", "b", "c"}) (void)rig.service->remove(other);
    });
  }

  rig.service->stop();

  EXPECT_EQ(rig.state("a"), "unknown");
}

class SimulationPruning : public ::testing::Test {
 protected:
  /// With these settings from the start on.
  explicit SimulationPruning(int keep_results = 2) {
    rig.settings.keep_results = keep_results;
    rig.restart();
  }
  void run(const std::string& id, int rows = 3, const std::string& fields = "") {
    rig.submit(fmt::format(R"("id":"{}"{}{})", id, fields.empty() ? "" : ",", fields));
    ASSERT_TRUE(rig.clock.run_until([&] { return rig.place->running.contains(id); }));
    rig.place->end(id, JobState::done, rows);
    rig.clock.advance(1s);
  }
  ScratchFolder folder;
  SimulationRig rig{1, folder / ""};
};

TEST_F(SimulationPruning, KeepsTheNewestResults) {
  for (const char* id : {"a", "b", "c"}) run(id);

  EXPECT_EQ(rig.state("a"), "unknown");
  EXPECT_EQ(rig.published["a"].back(), "");
  EXPECT_EQ(rig.state("b"), "done");
  EXPECT_EQ(rig.state("c"), "done");
}

TEST_F(SimulationPruning, AJobThatIsCancelledWithTheClockSetBackIsStillAnswered) {
  run("a");
  run("b");
  rig.place->set_room(0);
  rig.clock.jump_wall(-24h);
  rig.submit(R"("id":"c")");

  EXPECT_EQ(rig.ask("simulate_cancel", R"({"id":"c"})")["data"]["state"], "cancelled");

  EXPECT_EQ(rig.state("c"), "cancelled");
}

TEST_F(SimulationPruning, WhoIsToldMayDeleteAJobThatIsBeingCancelled) {
  rig.place->set_room(0);
  rig.submit(R"("id":"c")");
  rig.service->when_over("c", [&](const app::JobStatus&) { (void)rig.service->remove("c"); });

  EXPECT_EQ(rig.ask("simulate_cancel", R"({"id":"c"})")["data"]["id"], "c");

  EXPECT_EQ(rig.state("c"), "unknown");
}

TEST_F(SimulationPruning, ResultsTakeNoMoreThanTheirMegabytes) {
  rig.settings.keep_results = 100;
  rig.settings.keep_mb = 1;
  rig.restart();
  for (const char* id : {"a", "b", "c"}) run(id, 30'000);  // 0.48 MB each

  EXPECT_EQ(rig.state("a"), "unknown");
  EXPECT_EQ(rig.state("b"), "done");
  rig.restart();
  run("d", 30'000);
  EXPECT_EQ(rig.state("b"), "unknown");  // the sizes are known after a restart, too
  EXPECT_EQ(rig.state("c"), "done");
}

TEST_F(SimulationPruning, ResultsWhoseCallBackIsPendingStayAndMoreCallBacksAreRefused) {
  for (const char* id : {"a", "b"}) run(id, 3, kCallback);
  run("c");

  EXPECT_EQ(rig.state("a"), "done");
  EXPECT_EQ(rig.state("b"), "done");
  EXPECT_THAT(rig.submit(kCallback), HasSubstr("2 results wait for whoever"));
  rig.service->callback_done("a");
  EXPECT_THAT(rig.submit(kCallback), ::testing::StartsWith("job-"));
}

TEST_F(SimulationPruning, AClockThatIsSetForwardAgesNothing) {
  rig.clock.jump_wall(-24h * 365 * 50);  // as after a start without a battery for the clock
  run("a");
  rig.clock.jump_wall(24h * 365 * 50);
  rig.clock.advance(61s);
  rig.service->tick();
  EXPECT_EQ(rig.state("a"), "done");

  rig.restart();
  EXPECT_EQ(rig.state("a"), "done");
  rig.clock.advance(31 * 24h);
  rig.service->tick();
  EXPECT_EQ(rig.state("a"), "unknown");
}

TEST_F(SimulationPruning, WhatAnotherRunHasLeftAgesByTheWallClock) {
  run("a");
  rig.clock.jump_wall(31 * 24h);
  EXPECT_EQ(rig.state("a"), "done");

  rig.restart();

  EXPECT_EQ(rig.state("a"), "unknown");
}

TEST_F(SimulationPruning, RowsThatWouldHarmTheTopicsAreNotUnderstood) {
  run("a");
  rig.clock.run_until([&] { return rig.store->load_all()->size() == 1; });
  auto harmful = rig.store->load_all()->front();
  harmful.id = "a/+/#";
  ASSERT_TRUE(rig.store->save(harmful));
  harmful.id = "b";
  harmful.id_json = R"({"broken)";
  ASSERT_TRUE(rig.store->save(harmful));

  rig.restart();

  EXPECT_EQ(rig.service->counts().stored, 1U);
}

TEST_F(SimulationPruning, AJobThatTheDiskDoesNotTakeIsRefused) {
  rig.place->set_room(0);
  ASSERT_TRUE(rig.database->execute("BEGIN IMMEDIATE"));

  const auto answer = rig.ask("simulate", SimulationRig::cell_job(R"("id":"a")"));

  EXPECT_THAT(answer["error"].get<std::string>(), HasSubstr("cannot be kept"));
  EXPECT_EQ(rig.state("a"), "unknown");
  ASSERT_TRUE(rig.database->execute("COMMIT"));
}

TEST_F(SimulationPruning, RequestsThatAreBeingReadCount) {
  rig.limits.request_bytes = 2000;
  rig.restart();
  std::vector<std::string> errors;
  for (int i = 0; i < 50; ++i)
    rig.service->submit_later(
        SimulationRig::cell_job(""), {},
        [&](const app::SimulationService::Submitted& s) { errors.push_back(s.error.text); });

  EXPECT_GT(errors.size(), 20U);  // before any was read
  EXPECT_THAT(errors.front(), HasSubstr("are being read"));
}

TEST_F(SimulationPruning, AFetchWaitsForRoomAmongTheAnswers) {
  run("a");
  rig.has_answer_room = false;
  int answers = 0;
  rig.service->request({"simulate_fetch", R"({"id":"a"})"}).later([&](const app::Answer&) {
    ++answers;
  });
  rig.service->tick();
  rig.clock.settle();
  EXPECT_EQ(answers, 0);

  rig.has_answer_room = true;
  rig.service->tick();

  EXPECT_TRUE(rig.clock.run_until([&] { return answers == 1; }));
}

struct RealPlace {
  RealPlace() : place(clock.executor(), 1, app::RequestLimits()) {
    app::JobPlace::Hooks hooks;
    hooks.started = [](const std::string&, int) {};
    hooks.progress = [](const std::string&, int, double) {};
    hooks.lost = [](const std::string&, int) {};
    hooks.has_room = [] {};
    hooks.ended = [this](const std::string&, int attempt, app::JobResult result) {
      ends.emplace_back(attempt, std::move(result));
    };
    place.set_hooks(std::move(hooks));
  }
  static app::JobOrder order(int attempt) {
    app::JobOrder made;
    made.id = "x";
    made.attempt = attempt;
    const auto sources = app::request_sources({}, B2M_SOURCE_DIR "/config/x.toml");
    const auto parsed = app::parse_request(
        R"({"model":"dfn","soc":0.5,"step_s":3600,"repeat":10000,)"
        R"("experiment":["Discharge at C/5 for 10 minutes","Charge at C/5 for 10 minutes"]})",
        sources, {});
    EXPECT_TRUE(parsed.request) << parsed.error.text;
    if (parsed.request) made.request = parsed.request->self_contained;
    return made;
  }
  VirtualClock clock;
  app::LocalPlace place;
  std::vector<std::pair<int, app::JobResult>> ends;
};

TEST(SimulationLocalPlace, CountsAThreadUntilItIsReallyFree) {
  RealPlace real;
  real.place.start(RealPlace::order(1));
  real.place.cancel("x");
  real.place.start(RealPlace::order(2));  // the same id again

  real.clock.run_until([&] { return real.ends.size() == 1; }, 60s);

  EXPECT_EQ(real.ends.front().first, 1);
  EXPECT_EQ(real.ends.front().second.state, JobState::cancelled);
  EXPECT_EQ(real.place.room(), 0U);
  real.place.cancel("x");
  EXPECT_TRUE(real.clock.run_until([&] { return real.ends.size() == 2; }, 60s));
  EXPECT_EQ(real.place.room(), 1U);
}

TEST(SimulationLocalPlace, EndsAJobAtItsTimeLimit) {
  RealPlace real;
  app::JobOrder order = RealPlace::order(1);
  order.time_limit_s = 1e-6;

  real.place.start(order);

  ASSERT_TRUE(real.clock.run_until([&] { return real.ends.size() == 1; }, 60s));
  EXPECT_EQ(real.ends.front().second.state, JobState::timed_out);
  EXPECT_THAT(real.ends.front().second.error, HasSubstr("not finished after"));
}

}  // namespace
}  // namespace b2m::test
