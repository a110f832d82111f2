// SPDX-License-Identifier: MIT
// Jobs and results over restarts, and what is forgotten.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/broker.hpp"
#include "tests/support/simulation_rig.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SimulationRestart : public ::testing::Test {
 protected:
  void wait_for_start(const std::string& id) {
    ASSERT_TRUE(rig.clock.run_until([&] { return rig.place->running.contains(id); }));
  }
  ScratchFolder folder;
  SimulationRig rig{1, folder / ""};
};

TEST_F(SimulationRestart, KeepsResultsAndTheQueueInItsOrder) {
  for (const char* fields : {R"("id":"a")", R"("id":17)", R"("id":"c","priority":3)"})
    rig.submit(fields);
  rig.place->end("a");

  rig.restart(true);
  wait_for_start("c");

  EXPECT_EQ(rig.state("a"), "done");
  const auto parts = rig.fetch(R"({"id":"a"})");
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0]["rows"][2][0], 2);
  EXPECT_EQ(parts[0]["columns"][1], "voltage_v");
  rig.place->end("c");
  wait_for_start("17");
  rig.place->end("17");
  EXPECT_EQ(rig.topic("17")["id"], 17);
  EXPECT_THAT(rig.place->started(), ElementsAre("c", "17"));
}

TEST_F(SimulationRestart, AJobThatWasRunningRunsAgain) {
  rig.submit(R"("id":"a")");

  rig.restart(true);
  wait_for_start("a");

  EXPECT_EQ(rig.service->status("a")->attempt, 2);
  rig.place->end("a");
  EXPECT_EQ(rig.state("a"), "done");
}

TEST_F(SimulationRestart, AJobThatEndsTheProgramEachTimeIsGivenUp) {
  rig.submit(R"("id":"a")");
  for (int i = 0; i < 2; ++i) {
    rig.restart(true);
    wait_for_start("a");
  }

  rig.restart(true);

  EXPECT_EQ(rig.state("a"), "failed");
  EXPECT_THAT(rig.service->status("a")->reason, HasSubstr("ended 3 times"));
}

TEST_F(SimulationRestart, AnOrderlyEndIsNotHeldAgainstAJob) {
  rig.submit(R"("id":"a")");
  for (int i = 0; i < 5; ++i) {
    rig.restart();
    wait_for_start("a");
  }

  rig.place->end("a");
  EXPECT_EQ(rig.state("a"), "done");
}

TEST_F(SimulationRestart, ADeletedJobStaysAway) {
  rig.submit(R"("id":"a")");
  rig.place->end("a");
  ASSERT_TRUE(rig.service->remove("a"));

  rig.restart();

  EXPECT_EQ(rig.state("a"), "unknown");
  EXPECT_FALSE(rig.store->table("a"));
}

TEST_F(SimulationRestart, OldJobsAreForgottenAndTheirTopicsCleared) {
  rig.submit(R"("id":"a")");
  rig.place->end("a");

  rig.clock.advance(31 * 24h);
  rig.service->tick();

  EXPECT_EQ(rig.state("a"), "unknown");
  EXPECT_EQ(rig.published["a"].back(), "");
}

TEST_F(SimulationRestart, ACallBackThatWasNotMadeIsAskedForAgain) {
  rig.submit(R"("id":"a","callback":"http://127.0.0.1:1/x")");
  rig.place->end("a");
  rig.ended.clear();

  rig.restart(true);
  ASSERT_EQ(rig.ended.size(), 1U);
  EXPECT_TRUE(rig.ended[0].is_callback_pending);
  rig.service->callback_done("a");
  rig.ended.clear();
  rig.restart();

  EXPECT_TRUE(rig.ended.empty());
}

}  // namespace
}  // namespace b2m::test
