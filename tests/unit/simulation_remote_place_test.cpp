// SPDX-License-Identifier: MIT
// The gateway's side of workers on other machines, on a link that a test holds in its hands: what
// is lost, late, double, cancelled or from another world.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "gateway/app/simulation/remote_place.hpp"
#include "tests/support/recording_link.hpp"
#include "tests/support/virtual_clock.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;
using namespace app;

constexpr const char* kJobs = "base/simulation/jobs/lab/v1";
constexpr const char* kCancels = "base/simulation/cancel/lab/v1";
constexpr const char* kResults = "base/simulation/results/home/v1";

JobResult done(double voltage) {
  JobResult result;
  result.state = JobState::done;
  result.output.table.columns = {"voltage_v"};
  result.output.table.values = {voltage};
  return result;
}

class SimulationRemotePlace : public testing::Test {
 protected:
  SimulationRemotePlace() {
    auto link = std::make_unique<RecordingLink>();
    link_ = link.get();
    RemotePlaceSettings settings{"base", "lab", "home", 30};
    place_ = std::make_unique<RemotePlace>(settings, clock_.executor(), clock_, std::move(link));
    JobPlace::Hooks hooks;
    hooks.started = [this](const std::string& id, int a) { note("started", id, a); };
    hooks.progress = [this](const std::string& id, int a, double) { note("progress", id, a); };
    hooks.lost = [this](const std::string& id, int a) { note("lost", id, a); };
    hooks.ended = [this](const std::string& id, int a, JobResult result) {
      note(kJobStates[static_cast<int>(result.state)], id, a);
      results_.push_back(std::move(result));
    };
    hooks.has_room = [] {};
    place_->set_hooks(hooks);
    link_->user->on_online();
  }

  void note(const std::string& what, const std::string& id, int attempt) {
    notes_.push_back(what + " " + id + " " + std::to_string(attempt));
  }
  void hear(const std::string& topic, const std::string& payload) {
    mqtt::Incoming message;
    message.topic = topic;
    message.payload = payload;
    link_->user->on_message(message);
    clock_.settle();
  }
  void worker_comes(const std::string& name, std::size_t takes = 4) {
    hear("base/simulation/workers/" + name,
         simulation_wire::encode(
             simulation_wire::Presence{simulation_wire::kVersion, "0.1.0", "lab", 1, takes}));
  }
  void worker_goes(const std::string& name) { hear("base/simulation/workers/" + name, ""); }
  void says(const std::string& worker, decltype(simulation_wire::Answer::said) what) {
    hear(kResults, simulation_wire::encode(simulation_wire::Answer{worker, std::move(what)}));
  }
  void has(const std::string& worker, const std::vector<std::string>& tokens,
           bool is_running = true) {
    simulation_wire::Signs signs;
    for (const std::string& token : tokens) signs.signs.push_back({token, is_running, 0.5});
    says(worker, signs);
  }
  void answers(const std::string& worker, const simulation_wire::Ticket& ticket, double voltage) {
    for (simulation_wire::ResultPart& part : simulation_wire::encode_result(ticket, done(voltage)))
      says(worker, std::move(part));
  }
  void start(const std::string& id, int attempt = 1) {
    place_->start(JobOrder{id, attempt, "{\"job\":\"" + id + "\"}", 5});
    clock_.settle();
  }
  [[nodiscard]] std::vector<simulation_wire::Order> orders() const {
    std::vector<simulation_wire::Order> all;
    for (const std::string& payload : link_->on(kJobs))
      if (auto order = simulation_wire::parse_order(payload)) all.push_back(std::move(*order));
    return all;
  }
  [[nodiscard]] simulation_wire::Ticket ticket(std::size_t n = 0) const {
    return orders().at(n).ticket;
  }
  [[nodiscard]] std::vector<std::string> cancelled() const {
    std::vector<std::string> tokens;
    for (const std::string& payload : link_->on(kCancels))
      if (auto cancel = simulation_wire::parse_cancel(payload)) tokens.push_back(cancel->token);
    return tokens;
  }
  using Notes = std::vector<std::string>;

  VirtualClock clock_;
  RecordingLink* link_ = nullptr;
  std::unique_ptr<RemotePlace> place_;
  Notes notes_;
  std::vector<JobResult> results_;
};

TEST_F(SimulationRemotePlace, HasNoRoomUntilSomebodyIsThere) {
  EXPECT_EQ(place_->room(), 0U);

  worker_comes("attic", 4);
  worker_comes("cellar", 6);
  start("a");

  EXPECT_EQ(place_->room(), 9U);
  link_->online = false;
  EXPECT_EQ(place_->room(), 0U);
}

TEST_F(SimulationRemotePlace, OrdersCarryTheRequestAndExpire) {
  worker_comes("attic");
  start("a");

  ASSERT_EQ(orders().size(), 1U);
  EXPECT_EQ(orders()[0].request, "{\"job\":\"a\"}");
  EXPECT_EQ(orders()[0].gateway, "home");
  EXPECT_EQ(orders()[0].time_limit_s, 5);
  EXPECT_EQ(link_->sent.back().qos, 1);
  EXPECT_GT(link_->sent.back().expiry_s, 0U);
}

TEST_F(SimulationRemotePlace, AnAnswerEndsTheJobOnce) {
  worker_comes("attic");
  start("a");
  has("attic", {ticket().token});

  answers("attic", ticket(), 3.7);
  answers("attic", ticket(), 3.7);  // the broker delivers at least once

  EXPECT_EQ(notes_, (Notes{"started a 1", "progress a 1", "done a 1"}));
  EXPECT_EQ(results_.at(0).output.table.values.at(0), 3.7);
  EXPECT_EQ(place_->room(), 4U);
}

TEST_F(SimulationRemotePlace, AnOrderThatNobodyTakesUpIsHandedOutAgainWithoutBlame) {
  worker_comes("attic");
  start("a");

  clock_.advance(9s);
  EXPECT_EQ(orders().size(), 1U);
  clock_.advance(2s);

  EXPECT_EQ(orders().size(), 2U);
  EXPECT_EQ(cancelled(), (Notes{ticket().token}));
  EXPECT_TRUE(notes_.empty());
}

TEST_F(SimulationRemotePlace, AnOrderThatNobodyIsThereForIsQueuedAgain) {
  worker_comes("attic");
  start("a");
  worker_goes("attic");

  clock_.advance(11s);

  EXPECT_EQ(notes_, (Notes{"lost a 1"}));
}

TEST_F(SimulationRemotePlace, AWaitingJobLivesAsLongAsItsWorkerSaysSo) {
  worker_comes("attic");
  start("a");
  for (int i = 0; i < 60; ++i) {
    clock_.advance(2s);
    has("attic", {ticket().token}, false);
  }

  clock_.advance(29s);
  EXPECT_EQ(orders().size(), 1U);
  clock_.advance(2s);
  EXPECT_EQ(orders().size(), 2U);
  EXPECT_TRUE(notes_.empty());
}

TEST_F(SimulationRemotePlace, AnAnswerToAnEarlierAttemptIsNotTakenForTheLater) {
  worker_comes("attic");
  start("a", 1);
  has("attic", {ticket().token});
  notes_.clear();
  clock_.advance(31s);
  start("a", 2);

  answers("attic", ticket(0), 1.0);
  EXPECT_EQ(notes_, (Notes{"lost a 1"}));
  answers("attic", ticket(1), 2.0);

  EXPECT_EQ(notes_, (Notes{"lost a 1", "done a 2"}));
  EXPECT_EQ(results_.at(0).output.table.values.at(0), 2.0);
}

TEST_F(SimulationRemotePlace, AJobThatItsWorkerDoesNotHaveAnyMoreIsLostAtOnce) {
  worker_comes("attic");
  start("a");
  start("b");
  has("attic", {ticket(0).token});
  has("attic", {ticket(0).token, ticket(1).token}, false);
  notes_.clear();

  has("cellar", {});  // another worker's list says nothing about it
  EXPECT_TRUE(notes_.empty());
  has("attic", {});

  EXPECT_EQ(notes_, (Notes{"lost a 1"})) << "b was not begun";
  EXPECT_EQ(orders().size(), 3U);
}

TEST_F(SimulationRemotePlace, AWorkerThatIsGoneLosesItsJobsSoon) {
  worker_comes("attic");
  worker_comes("cellar");
  start("a");
  start("b");
  has("attic", {ticket(0).token});
  has("cellar", {ticket(1).token});
  notes_.clear();

  worker_goes("attic");
  clock_.advance(4s);

  EXPECT_EQ(notes_, (Notes{"lost a 1"}));
}

TEST_F(SimulationRemotePlace, AWorkerThatComesBackInTimeKeepsItsJobs) {
  worker_comes("attic");
  start("a");
  has("attic", {ticket().token}, false);

  worker_goes("attic");
  clock_.advance(2s);
  worker_comes("attic");
  has("attic", {ticket().token}, false);
  clock_.advance(20s);

  EXPECT_TRUE(notes_.empty());
}

TEST_F(SimulationRemotePlace, AJobGivenBackGoesToTheNextWorkerAsTheSameAttempt) {
  worker_comes("attic");
  worker_comes("cellar");
  start("a");
  const simulation_wire::Ticket first = ticket();

  says("attic", simulation_wire::Returned{first, "this worker has enough to do"});
  says("attic", simulation_wire::Returned{first, "this worker has enough to do"});  // once more

  ASSERT_EQ(orders().size(), 2U);
  EXPECT_NE(ticket(1).token, first.token);
  answers("cellar", ticket(1), 3.0);
  EXPECT_EQ(notes_, (Notes{"done a 1"}));
}

TEST_F(SimulationRemotePlace, AJobThatAllGiveBackWaitsAMoment) {
  worker_comes("attic");
  start("a");
  for (std::size_t i = 0; i < 2; ++i)
    says("attic", simulation_wire::Returned{ticket(i), "this worker has enough to do"});
  ASSERT_EQ(orders().size(), 2U);

  clock_.advance(300ms);

  EXPECT_EQ(orders().size(), 3U);
  EXPECT_TRUE(notes_.empty());
}

TEST_F(SimulationRemotePlace, WhatTheLastWorkerGivesBackIsQueuedAgain) {
  worker_comes("attic");
  start("a");
  worker_goes("attic");

  says("attic", simulation_wire::Returned{ticket(), "this worker stops"});

  EXPECT_EQ(notes_, (Notes{"lost a 1"}));
}

TEST_F(SimulationRemotePlace, CancelTellsTheWorkersAndEndsTheJob) {
  worker_comes("attic");
  start("a");

  place_->cancel("a");
  EXPECT_TRUE(notes_.empty()) << "not while the caller is in the middle of it";
  clock_.settle();
  answers("attic", ticket(), 3.0);
  place_->cancel("a");
  clock_.settle();

  EXPECT_EQ(notes_, (Notes{"cancelled a 1"}));
  EXPECT_EQ(cancelled(), (Notes{ticket().token}));
}

TEST_F(SimulationRemotePlace, JobsOfAnEarlierRunAreCalledOff) {
  worker_comes("attic");

  has("attic", {"anotherrun-17"});

  EXPECT_EQ(cancelled(), (Notes{"anotherrun-17"}));
}

TEST_F(SimulationRemotePlace, ADamagedResultIsCalculatedAgain) {
  worker_comes("attic");
  start("a");
  simulation_wire::ResultPart part = simulation_wire::encode_result(ticket(), done(3.0)).front();
  part.bytes.back() = static_cast<char>(part.bytes.back() ^ 1);

  says("attic", part);

  EXPECT_TRUE(notes_.empty());
  EXPECT_EQ(orders().size(), 2U);
}

TEST_F(SimulationRemotePlace, AnotherVersionOrGroupGetsNoJobs) {
  hear("base/simulation/workers/new", R"({"wire":2})");
  hear("base/simulation/workers/other", simulation_wire::encode(simulation_wire::Presence{
                                            simulation_wire::kVersion, "0.1.0", "kitchen", 4, 10}));
  hear("base/simulation/workers/odd", "online");

  EXPECT_EQ(place_->room(), 0U);
}

TEST_F(SimulationRemotePlace, ABrokerThatWasAwayCostsNoJob) {
  worker_comes("attic");
  start("a");
  has("attic", {ticket().token}, false);
  clock_.advance(25s);

  link_->online = false;
  link_->user->on_offline("gone");
  link_->online = true;
  link_->user->on_online();
  EXPECT_EQ(place_->room(), 0U) << "who is there now is not known yet";
  worker_comes("attic");
  clock_.advance(20s);
  answers("attic", ticket(), 3.0);

  EXPECT_EQ(notes_, (Notes{"done a 1"}));
}

TEST_F(SimulationRemotePlace, ASilentWorkerIsForgotten) {
  worker_comes("ghost");
  worker_comes("attic");
  start("a");
  for (int i = 0; i < 60; ++i) {
    clock_.advance(2s);
    has("attic", {ticket().token}, false);
  }

  EXPECT_EQ(place_->room(), 3U);
}

TEST_F(SimulationRemotePlace, ARequestBeyondTheLimitFailsWithTheReason) {
  worker_comes("attic");
  place_->start(JobOrder{"a", 1, std::string(simulation_wire::kMostOrderBytes + 1, ' '), 5});
  clock_.settle();

  EXPECT_EQ(notes_, (Notes{"failed a 1"}));
  EXPECT_NE(results_.at(0).error.find("too large"), std::string::npos);
  EXPECT_TRUE(orders().empty());
}

}  // namespace
}  // namespace b2m::test
