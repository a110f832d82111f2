// SPDX-License-Identifier: MIT
// Call-backs: when, with what, how often, over restarts, and never where nobody allowed it.
#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/http_face_rig.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr const char* kJob = R"({"simulationType":"cell","time":1})";

std::string with_callback(const std::string& url) {
  return R"({"simulationType":"cell","callback":")" + url + "\"}";
}

class SimulationHttpCallbacks : public testing::Test {
 protected:
  SimulationHttpCallbacks() {
    rig_.settings.http.callback_hosts.clear();
    rig_.settings.http.callback_url = "http://receiver:9000/done";
    rig_.start();
  }

  std::string finished_job() {
    const std::string id = rig_.publish(kJob).body;
    rig_.place->end(id, app::JobState::done, 2);
    return id;
  }
  /// A result is read on another thread: real time for that, virtual time stands still.
  bool settle_until(const std::function<bool()>& done) { return rig_.wait_until(done); }
  [[nodiscard]] bool is_pending(const std::string& id) {
    return rig_.service->status(id)->is_callback_pending;
  }
  /// Lets time pass in small steps with real threads between them, until it is done.
  SteadyDuration advance_until(const std::function<bool()>& done, SteadyDuration most) {
    const SteadyTime start = rig_.clock.now();
    const SteadyDuration step = std::max<SteadyDuration>(500ms, most / 100);
    while (!done() && rig_.clock.now() - start < most) {
      rig_.clock.advance(step);
      rig_.clock.run_until(done, std::chrono::milliseconds(2));
    }
    return rig_.clock.now() - start;
  }

  HttpFaceRig rig_;
};

TEST_F(SimulationHttpCallbacks, PostsWhatTheOriginalPostedWithTheNumber) {
  CallbackReceiver receiver(rig_);
  const std::string id = finished_job();
  ASSERT_TRUE(settle_until([&] { return !receiver.taken.empty() && !is_pending(id); }));
  const Json expected = {
      {"id", 1},
      {"status", "done"},
      {"simulationType", "cell"},
      {"reason", "2.5 V reached"},
      {"result",
       {{{"time", 0.0}, {"voltage", 4.0}}, {{"time", 1.0}, {"voltage", 4 - 1 / 1024.0}}}}};
  EXPECT_EQ(receiver.taken.front(), expected) << receiver.taken.front();
  EXPECT_EQ(receiver.paths.front(), "/done");
}

TEST_F(SimulationHttpCallbacks, AFailureIsToldToo) {
  CallbackReceiver receiver(rig_);
  const std::string id = rig_.publish(kJob).body;
  rig_.place->end(id, app::JobState::failed, 0);
  ASSERT_TRUE(settle_until([&] { return !receiver.taken.empty(); }));
  EXPECT_EQ(receiver.taken.front()["status"], "failed");
  EXPECT_EQ(receiver.taken.front()["reason"], "because");
  EXPECT_EQ(receiver.taken.front()["result"], nullptr);
}

TEST_F(SimulationHttpCallbacks, TriesAgainWithLongerPausesUntilSomebodyIsThere) {
  const std::string id = finished_job();
  const std::string second = finished_job();
  advance_until([] { return false; }, 20min);
  EXPECT_TRUE(is_pending(id));
  CallbackReceiver receiver(rig_);
  receiver.status = 500;
  advance_until([] { return false; }, 60min);
  EXPECT_GE(receiver.paths.size(), 5U);
  EXPECT_LE(receiver.paths.size(), 14U) << "the pauses have grown to ten minutes";
  receiver.status = 200;
  const auto took = advance_until([&] { return receiver.taken.size() == 2; }, 11min);
  EXPECT_EQ(receiver.taken.size(), 2U);
  EXPECT_LE(took, 10min + 10s);
  ASSERT_TRUE(settle_until([&] { return !is_pending(id) && !is_pending(second); }));
}

TEST_F(SimulationHttpCallbacks, WhoAnswersNoIsAskedAgainWithPauses) {
  CallbackReceiver receiver(rig_);
  receiver.status = 500;
  const std::string id = finished_job();
  advance_until([] { return false; }, 60s);
  EXPECT_GE(receiver.paths.size(), 4U);
  EXPECT_LE(receiver.paths.size(), 7U);  // after 1, 3, 7, 15, 31 s
  EXPECT_TRUE(is_pending(id));
  receiver.status = 200;
  advance_until([&] { return !receiver.taken.empty(); }, 65s);
  EXPECT_EQ(receiver.taken.size(), 1U);
}

TEST_F(SimulationHttpCallbacks, OneThatIsNotTakenHoldsUpNoOther) {
  CallbackReceiver receiver(rig_);
  receiver.status = 500;
  const std::string id = finished_job();
  advance_until([] { return false; }, 30min);
  receiver.status = 200;
  finished_job();
  ASSERT_TRUE(settle_until([&] { return !receiver.taken.empty(); }));
  EXPECT_EQ(receiver.taken.front()["id"], 2);
}

TEST_F(SimulationHttpCallbacks, AfterADayItIsGivenUpAndTheResultStays) {
  const std::string id = finished_job();
  for (int i = 0; i < 24 * 6 + 3; ++i) {
    rig_.clock.advance(10min);
    rig_.clock.run_until([&] { return !is_pending(id); }, std::chrono::milliseconds(3));
  }
  EXPECT_FALSE(is_pending(id));
  EXPECT_EQ(rig_.face->callbacks().waiting(), 0U);
  EXPECT_EQ(rig_.ask(8081, "GET", "/getSimulation/" + id).json()["simulationResults"].size(), 2U);
}

TEST_F(SimulationHttpCallbacks, AClockThatIsSetMakesNoCallBackOld) {
  const std::string id = finished_job();
  rig_.clock.jump_wall(std::chrono::hours(24 * 365 * 50));
  advance_until([] { return false; }, 60s);
  EXPECT_TRUE(is_pending(id));
  CallbackReceiver receiver(rig_);
  advance_until([&] { return !receiver.taken.empty(); }, 65s);
  EXPECT_EQ(receiver.taken.size(), 1U);
}

TEST_F(SimulationHttpCallbacks, ADeletedJobIsToldToNobody) {
  const std::string id = finished_job();
  advance_until([] { return false; }, 5s);
  ASSERT_TRUE(rig_.service->remove(id));
  CallbackReceiver receiver(rig_);
  advance_until([&] { return rig_.face->callbacks().waiting() == 0; }, 30s);
  EXPECT_EQ(rig_.face->callbacks().waiting(), 0U);
  EXPECT_TRUE(receiver.taken.empty());
}

TEST_F(SimulationHttpCallbacks, GoesNowhereThatTheConfigurationDoesNotName) {
  CallbackReceiver receiver(rig_);
  const char* const urls[] = {"http://127.0.0.1:1883/",
                              "http://receiver:9001/done",
                              "http://receiver.evil.example:9000/done",
                              "http://receiver:9000@evil.example/",
                              "https://receiver:9000/done",
                              "http://169.254.169.254/latest"};
  for (const char* url : urls) {
    const auto job = rig_.service->submit(with_callback(url));
    EXPECT_EQ(job.id, "") << url;
    EXPECT_EQ(job.error.field, "callback") << url << " " << job.error.text;
  }
  EXPECT_TRUE(rig_.place->orders.empty()) << "nothing is calculated that nobody may be told";
  const auto named = rig_.service->submit(with_callback("http://receiver:9000/done/7"));
  rig_.place->end(named.id);
  ASSERT_TRUE(settle_until([&] { return !receiver.taken.empty(); }));
  EXPECT_EQ(receiver.paths, std::vector<std::string>{"/done/7"});
}

class SimulationHttpCallbackRestart : public testing::Test {
 protected:
  SimulationHttpCallbackRestart() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~SimulationHttpCallbackRestart() override { std::filesystem::remove_all(folder_); }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("b2m-http-callbacks-" + std::to_string(getpid()));
};

TEST_F(SimulationHttpCallbackRestart, NothingIsLost) {
  HttpFaceRig rig(HttpFaceRig::Calculates::scripted, folder_.string());
  rig.settings.http.callback_url = "http://receiver:9000/done";
  rig.start();
  const std::string id = rig.publish(kJob).body;
  rig.place->end(id, app::JobState::done, 2);
  rig.clock.advance(5s);
  rig.stop();
  rig.start();
  EXPECT_TRUE(rig.service->status(id)->is_callback_pending);
  CallbackReceiver receiver(rig);
  rig.clock.advance(10s);
  ASSERT_TRUE(rig.wait_until([&] { return !receiver.taken.empty(); }));
  EXPECT_EQ(receiver.taken.front()["id"], 1);
  EXPECT_EQ(receiver.taken.front()["result"].size(), 2U);
  ASSERT_TRUE(rig.wait_until([&] { return !rig.service->status(id)->is_callback_pending; }));
  EXPECT_EQ(rig.publish(kJob).body, "2");
  rig.stop();
  rig.start();
  rig.clock.advance(5s);
  EXPECT_EQ(receiver.taken.size(), 1U);
}

TEST(SimulationHttpUrl, TakesHttpWithAHostAndNothingElse) {
  const auto url = web::parse_http_url("http://job-manager:8083/simulateCell?a=b#c");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->server, (Endpoint{"job-manager", 8083}));
  EXPECT_EQ(url->target, "/simulateCell?a=b");
  EXPECT_EQ(web::parse_http_url("http://10.0.0.1")->target, "/");
  EXPECT_EQ(web::parse_http_url("http://10.0.0.1?x")->target, "/?x");
  for (const char* bad : {"", "https://a/", "HTTP://a/", "file:///x", "http://", "http:///x",
                          "http://u:p@a/", "http://a:0/", "http://a:65536/", "http://a:/",
                          "http://[::1]/", "http://a b/", "http://a/\r\nX: y", "http://a:80x/"})
    EXPECT_FALSE(web::parse_http_url(bad)) << bad;
}

}  // namespace
}  // namespace b2m::test
