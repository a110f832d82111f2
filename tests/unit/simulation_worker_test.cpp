// SPDX-License-Identifier: MIT
// The worker's side, on a link and on threads that a test holds in its hands: what it takes, what
// it gives back, and what it says meanwhile.
#include <deque>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include "gateway/app/simulation/wire_result.hpp"
#include "gateway/app/simulation/worker.hpp"
#include "tests/support/recording_link.hpp"
#include "tests/support/virtual_clock.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;
using namespace app;

constexpr const char* kPresence = "base/simulation/workers/attic";
constexpr const char* kResults = "base/simulation/results/home/v1";
constexpr const char* kNonsense = R"({"model":"nonsense"})";  // fails, which is an answer, too

/// Threads that work when the test says so.
class PatientWorkers final : public Workers {
 public:
  explicit PatientWorkers(std::size_t threads) : threads_(threads) {}
  Result<> run(std::function<void()> work, std::function<void()> done) override {
    if (is_out_of_threads) return Error(Errc::io_error, "there are no threads");
    ++busy_;
    jobs.push_back([this, work = std::move(work), done = std::move(done)] {
      work();
      --busy_;
      done();
    });
    return {};
  }
  [[nodiscard]] std::size_t threads() const override { return threads_; }
  [[nodiscard]] std::size_t busy() const override { return busy_; }

  void finish_one() {
    const auto job = std::move(jobs.front());
    jobs.pop_front();
    job();
  }
  std::deque<std::function<void()>> jobs;
  bool is_out_of_threads = false;

 private:
  std::size_t threads_;
  std::size_t busy_ = 0;
};

class SimulationWorkerTest : public testing::Test {
 protected:
  SimulationWorkerTest() {
    SimulationWorkerSettings settings;
    settings.base_topic = "base";
    settings.group = "lab";
    settings.name = "attic";
    settings.version = "0.1.0";
    auto workers = std::make_unique<PatientWorkers>(1);
    workers_ = workers.get();
    worker_ = std::make_unique<SimulationWorker>(settings, clock_.executor(), clock_, link_,
                                                 std::move(workers));
    worker_->start();
    link_.user->on_online();
  }
  void hear(const std::string& topic, const std::string& payload) {
    mqtt::Incoming message;
    message.topic = topic;
    message.payload = payload;
    link_.user->on_message(message);
    clock_.settle();
  }
  void order(const std::string& token) {
    const simulation_wire::Order order{{token, "job " + token}, "home", 5, 2, kNonsense};
    hear("base/simulation/jobs/lab/v1", simulation_wire::encode(order));
  }
  void cancel(const std::string& token) {
    hear("base/simulation/cancel/lab/v1",
         simulation_wire::encode(simulation_wire::Cancel{"home", token}));
  }
  void finish_one() {
    workers_->finish_one();
    clock_.settle();
  }
  template <class Said>
  [[nodiscard]] std::vector<Said> said() const {
    std::vector<Said> all;
    for (const std::string& payload : link_.on(kResults)) {
      const auto answer = simulation_wire::parse_answer(payload);
      if (answer && std::holds_alternative<Said>(answer->said))
        all.push_back(std::get<Said>(answer->said));
    }
    return all;
  }
  [[nodiscard]] std::vector<std::string> given_back() const {
    std::vector<std::string> tokens;
    for (const auto& returned : said<simulation_wire::Returned>())
      tokens.push_back(returned.ticket.token);
    return tokens;
  }
  [[nodiscard]] std::vector<std::string> answered() const {
    std::vector<std::string> tokens;
    for (const auto& part : said<simulation_wire::ResultPart>())
      tokens.push_back(part.ticket.token);
    return tokens;
  }
  void stop() {
    boost::asio::co_spawn(clock_.context(), worker_->stop(), boost::asio::detached);
    clock_.settle();
  }
  using Texts = std::vector<std::string>;

  VirtualClock clock_;
  RecordingLink link_;
  PatientWorkers* workers_ = nullptr;
  std::unique_ptr<SimulationWorker> worker_;
};

TEST_F(SimulationWorkerTest, SubscribesToItsGroupsSharedTopic) {
  EXPECT_EQ(link_.filters.at(0), "$share/lab/base/simulation/jobs/lab/v1");
}

TEST_F(SimulationWorkerTest, SaysThatItIsThereAgainAndAgain) {
  clock_.advance(65s);

  const auto payloads = link_.on(kPresence);
  ASSERT_EQ(payloads.size(), 3U);
  const auto presence = simulation_wire::parse_presence(payloads.back());
  ASSERT_TRUE(presence);
  EXPECT_EQ(presence->takes, jobs_at_a_time(1));
  EXPECT_TRUE(link_.sent.back().retain);
  EXPECT_GT(link_.sent.back().expiry_s, 65U);
}

TEST_F(SimulationWorkerTest, WhatWaitsBehindALongJobIsGivenBackForOthers) {
  order("long");
  order("small");
  clock_.advance(900ms);
  EXPECT_TRUE(given_back().empty());  // most jobs are over by then

  clock_.advance(200ms);
  finish_one();

  EXPECT_EQ(given_back(), (Texts{"small"}));
  EXPECT_EQ(answered(), (Texts{"long"}));
  EXPECT_TRUE(workers_->jobs.empty()) << "what was given back is not calculated, too";
}

TEST_F(SimulationWorkerTest, AnswersOnceForEachOrder) {
  order("a");
  order("a");  // the broker delivers at least once
  finish_one();

  EXPECT_EQ(answered(), (Texts{"a"}));
  EXPECT_TRUE(workers_->jobs.empty());
  simulation_wire::ResultAssembly assembly;
  const auto result = assembly.add(said<simulation_wire::ResultPart>().at(0));
  ASSERT_TRUE(result && result->has_value());
  EXPECT_EQ((*result)->state, JobState::failed);
  EXPECT_NE((*result)->error, "");
}

TEST_F(SimulationWorkerTest, ASlowJobIsNamedInTheSignsOfLife) {
  order("a");
  order("b");
  clock_.advance(150ms);

  ASSERT_EQ(said<simulation_wire::Signs>().size(), 1U);
  const auto signs = said<simulation_wire::Signs>().at(0).signs;
  ASSERT_EQ(signs.size(), 2U);
  EXPECT_TRUE(signs[0].is_running);
  EXPECT_FALSE(signs[1].is_running);

  clock_.advance(10s);
  EXPECT_EQ(said<simulation_wire::Signs>().size(), 6U);
}

TEST_F(SimulationWorkerTest, TheLastSignSaysThatNothingIsLeft) {
  order("a");
  clock_.advance(150ms);
  finish_one();
  clock_.advance(10s);

  ASSERT_EQ(said<simulation_wire::Signs>().size(), 2U);
  EXPECT_TRUE(said<simulation_wire::Signs>().at(1).signs.empty());
}

TEST_F(SimulationWorkerTest, MoreThanItCanDoSoonIsGivenBack) {
  for (const char* token : {"a", "b", "c", "d", "e", "f"}) order(token);

  EXPECT_EQ(given_back(), (Texts{"c", "d", "e", "f"}));
  EXPECT_EQ(workers_->jobs.size(), 1U) << "one thread";
}

TEST_F(SimulationWorkerTest, ACancelledJobIsNotAnsweredWhereverItStands) {
  order("a");
  order("b");
  cancel("a");
  cancel("b");
  cancel("c");
  order("c");  // its cancel was faster

  finish_one();

  EXPECT_TRUE(answered().empty());
  EXPECT_TRUE(workers_->jobs.empty());
  EXPECT_TRUE(given_back().empty());
}

TEST_F(SimulationWorkerTest, StoppingGivesBackWhatWaitsAndFinishesWhatRuns) {
  order("a");
  order("b");
  stop();
  order("c");

  EXPECT_EQ(link_.on(kPresence).back(), "");
  EXPECT_EQ(given_back(), (Texts{"b", "c"}));
  finish_one();
  clock_.advance(100ms);
  EXPECT_EQ(answered(), (Texts{"a"}));
}

TEST_F(SimulationWorkerTest, StoppingGivesBackWhatTakesTooLong) {
  order("a");
  stop();
  clock_.advance(2s);

  EXPECT_EQ(given_back(), (Texts{"a"}));
  finish_one();
  EXPECT_TRUE(answered().empty());
}

TEST_F(SimulationWorkerTest, NonsenseIsNoJob) {
  hear("base/simulation/jobs/lab/v1", "nonsense");
  hear("base/simulation/cancel/lab/v1", "nonsense");

  EXPECT_TRUE(workers_->jobs.empty());
  EXPECT_TRUE(link_.on(kResults).empty());
}

}  // namespace
}  // namespace b2m::test
