// SPDX-License-Identifier: MIT
// The original's addresses with a scripted place: shapes of answers, numbers, clients that go.
#include <gtest/gtest.h>

#include "tests/support/http_face_rig.hpp"

namespace b2m::test {
namespace {

using Json = nlohmann::json;

const std::string kCell = R"({"simulationType":"cell","time":1,"upperVoltage":4.2,)"
                          R"("lowerVoltage":2.5,"nominalCell":8,"controlCurrent":4})";

constexpr const char* kUnreachable = R"({"simulationType":"cell","lowerVoltage":4.5})";

class SimulationHttpFace : public testing::Test {
 protected:
  /// Of the job that was asked for last.
  std::string job() { return rig_.place->orders.empty() ? "" : rig_.place->orders.back().id; }
  HttpReply simulate(app::JobState state, int rows) {
    HttpClient client(rig_.clock, rig_.network, 8084);
    client.send("POST", "/cell/simulate", kCell);
    if (has_orders(1)) rig_.place->end(job(), state, rows);
    return client.receive();
  }
  /// Requests are read on another thread.
  bool has_orders(std::size_t many) {
    return rig_.wait_until([&] { return rig_.place->orders.size() == many; });
  }
  HttpFaceRig rig_;
};

TEST_F(SimulationHttpFace, AnswersWithRowsInTheOriginalsWords) {
  rig_.start();
  const HttpReply reply = simulate(app::JobState::done, 2);
  EXPECT_EQ(reply.status, 200);
  const Json expected = {
      {"jobStarted", true},
      {"simulationType", "cell"},
      {"simulationResults",
       {{{"time", 0.0}, {"voltage", 4.0}}, {{"time", 1.0}, {"voltage", 4 - 1 / 1024.0}}}}};
  EXPECT_EQ(reply.json(), expected) << reply.body;
}

TEST_F(SimulationHttpFace, AFailureIs200WithItsReason) {
  rig_.start();
  const HttpReply reply = simulate(app::JobState::failed, 0);
  EXPECT_EQ(reply.status, 200);
  const Json expected = {{"jobStarted", false},
                         {"simulationType", "cell"},
                         {"simulationResults", nullptr},
                         {"reason", "because"}};
  EXPECT_EQ(reply.json(), expected) << reply.body;
}

TEST_F(SimulationHttpFace, StrictStatusMakesFailures4xx) {
  rig_.settings.http.strict_status = true;
  rig_.start();
  EXPECT_EQ(simulate(app::JobState::failed, 0).status, 422);
  EXPECT_EQ(rig_.cell(R"({"lowerVoltage":4.5})").status, 400);
  EXPECT_EQ(rig_.cell("{").status, 400);
  EXPECT_EQ(rig_.ask(8084, "POST", "/cell/simulate", kCell, "text/plain").status, 415);
  EXPECT_EQ(rig_.ask(8084, "POST", "/drivecycle/simulate", "{").status, 400);
}

TEST_F(SimulationHttpFace, WhatIsNoJsonHasTheTwoShapesOfTheOriginal) {
  rig_.start();
  const auto error = [&](const char* path, const std::string& body, const char* type) {
    const HttpReply reply = rig_.ask(8084, "POST", path, body, type);
    EXPECT_EQ(reply.status, 200);
    return reply.json();
  };
  Json cell = error("/cell/simulate", kCell, "text/plain");
  EXPECT_TRUE(cell["error"].get<std::string>().starts_with("415 Unsupported Media Type: "));
  EXPECT_FALSE(cell.contains("jobStarted"));
  for (const char* body : {"", "{", "[]", "7", "nul", "{\"time\":NaN}", "\xff"})
    EXPECT_TRUE(
        error("/cell/simulate", body, "application/json")["error"].get<std::string>().starts_with(
            "400 Bad Request: "))
        << body;
  Json cycle = error("/drivecycle/simulate", "{", "application/json; charset=utf-8");
  EXPECT_EQ(cycle["jobStarted"], false);
  EXPECT_TRUE(cycle["error"].get<std::string>().starts_with("Error: 400 Bad Request: "));
  EXPECT_TRUE(rig_.place->orders.empty());
}

TEST_F(SimulationHttpFace, DeepAndLongBodiesAreBounded) {
  rig_.start();
  const std::string deep = "{\"time\":" + std::string(30'000, '[') + std::string(30'000, ']') + "}";
  EXPECT_TRUE(rig_.cell(deep).json()["error"].get<std::string>().starts_with("400 "));
  EXPECT_TRUE(rig_.cell(R"({"time":[1]})").json()["reason"].get<std::string>().starts_with("time"));
  EXPECT_EQ(rig_.cell("{\"a\":\"" + std::string(100'000, 'x') + "\"}").status, 413);
}

TEST_F(SimulationHttpFace, ARefusalNamesTheFieldAndStartsNothing) {
  rig_.start();
  for (const char* body : {R"({"time":0})", R"({"time":"1"})", R"({"time":null})",
                           R"({"time":1e300})", R"({"time":-1})"}) {
    const Json json = rig_.cell(body).json();
    EXPECT_EQ(json["jobStarted"], false) << body;
    EXPECT_TRUE(json["reason"].get<std::string>().starts_with("time: ")) << json;
  }
  EXPECT_TRUE(rig_.place->orders.empty());
}

TEST_F(SimulationHttpFace, FieldsThatTheOriginalDidNotKnowAreLeftOutAndIdsAreNoMatter) {
  rig_.start();
  for (int i = 0; i < 2; ++i) {
    HttpClient client(rig_.clock, rig_.network, 8084);
    client.send("POST", "/cell/simulate",
                i == 0 ? R"({"id":7,"jobStarted":null,"simulationType":"driveCycle","time":1})"
                       : R"({"id":7,"time":2})");
    ASSERT_TRUE(has_orders(static_cast<std::size_t>(i + 1)));
    rig_.place->end(job());
    EXPECT_EQ(client.receive().json()["simulationType"], "cell");
  }
}

TEST_F(SimulationHttpFace, AClientThatGoesAwayCancelsItsJob) {
  rig_.start();
  HttpClient client(rig_.clock, rig_.network, 8084);
  client.send("POST", "/cell/simulate", kCell);
  ASSERT_TRUE(has_orders(1));
  EXPECT_TRUE(rig_.place->cancelled.empty());
  client.close();
  EXPECT_EQ(rig_.place->cancelled, std::vector<std::string>{job()});
}

TEST_F(SimulationHttpFace, AClientThatGoesBeforeItsRequestIsReadLeavesNoJobBehind) {
  rig_.start();
  HttpClient client(rig_.clock, rig_.network, 8084);
  client.send("POST", "/cell/simulate", kCell);
  client.close();
  EXPECT_TRUE(rig_.wait_until(
      [&] { return rig_.service->counts().cancelled == 1 || !rig_.place->cancelled.empty(); }));
}

TEST_F(SimulationHttpFace, RowsThatAreTooManyAreRefusedWithAnotherWay) {
  constexpr int kRows = 500'000;  // 20 MB and more
  rig_.start();
  const HttpReply reply = simulate(app::JobState::done, kRows);
  EXPECT_LT(reply.body.size(), 1000U);
  EXPECT_NE(reply.json()["reason"].get<std::string>().find("simulate_fetch"), std::string::npos);

  EXPECT_EQ(rig_.publish(kCell).body, "1");
  ASSERT_TRUE(has_orders(2));
  rig_.place->end("1", app::JobState::done, kRows);
  const Json one = rig_.ask(8081, "GET", "/getSimulation/1").json();
  EXPECT_EQ(one["state"], "done");
  EXPECT_EQ(one["simulationResults"], nullptr);
  EXPECT_NE(one["reason"].get<std::string>().find("simulate_fetch"), std::string::npos);
}

TEST_F(SimulationHttpFace, RowsOfManyMegabytesArriveWhole) {
  constexpr int kRows = 100'000;
  rig_.start();
  const HttpReply reply = simulate(app::JobState::done, kRows);
  EXPECT_EQ(reply.json()["simulationResults"].size(), static_cast<std::size_t>(kRows));
}

TEST_F(SimulationHttpFace, StoppingCancelsWhatNobodyWaitsForAnyMore) {
  rig_.start();
  HttpClient client(rig_.clock, rig_.network, 8084);
  client.send("POST", "/cell/simulate", kCell);
  ASSERT_TRUE(has_orders(1));
  rig_.stop();
  EXPECT_EQ(client.receive().status, 0);
}

TEST_F(SimulationHttpFace, PublishHandsBackNumbersThatNameTheJobs) {
  rig_.start();
  EXPECT_EQ(rig_.publish(kCell).body, "1");
  EXPECT_EQ(rig_.publish(kCell).body, "2");
  EXPECT_EQ(rig_.ask(8081, "GET", "/getSimulation/1").json()["state"], "running");
  rig_.place->end("1", app::JobState::done, 2);
  Json one = rig_.ask(8081, "GET", "/getSimulation/1").json();
  EXPECT_EQ(one["id"], 1);
  EXPECT_EQ(one["state"], "done");
  EXPECT_EQ(one["jobStarted"], true);
  EXPECT_EQ(one["simulationResults"].size(), 2U);
  rig_.place->end("2", app::JobState::failed, 0);
  Json two = rig_.ask(8081, "GET", "/getSimulation/2").json();
  EXPECT_EQ(two["jobStarted"], false);
  EXPECT_EQ(two["simulationResults"], nullptr);
  EXPECT_EQ(two["reason"], "because");
  EXPECT_EQ(rig_.ask(8081, "GET", "/getSimulation/3").status, 404);
  EXPECT_EQ(rig_.ask(8081, "GET", "/getSimulation/").status, 404);
}

TEST_F(SimulationHttpFace, NumbersOfOthersAreLeftOut) {
  rig_.start();
  ASSERT_EQ(rig_.service->submit(R"({"id":41,"simulationType":"cell"})").id, "41");
  EXPECT_EQ(rig_.publish(kCell).body, "42");
  ASSERT_EQ(rig_.service->submit(R"({"id":43,"simulationType":"cell"})").id, "43");
  EXPECT_EQ(rig_.publish(kCell).body, "44");
}

TEST_F(SimulationHttpFace, PublishRefusesAtOnceWhatCannotBeCalculated) {
  rig_.start();
  const HttpReply reply = rig_.publish(kUnreachable);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.json()["jobStarted"], false) << reply.body;
  EXPECT_TRUE(reply.json()["reason"].get<std::string>().starts_with("lowerVoltage: "));
  EXPECT_EQ(rig_.publish("[]").json()["jobStarted"], false);
  EXPECT_EQ(rig_.ask(8081, "POST", "/queue/publish", kCell, "text/plain").status, 200);
  for (const char* url : {"http://elsewhere/x", "https://receiver:9000/x", "file:///etc/passwd"}) {
    const HttpReply refused =
        rig_.publish(R"({"simulationType":"cell","callback":")" + std::string(url) + "\"}");
    EXPECT_TRUE(refused.json()["reason"].get<std::string>().starts_with("callback: "))
        << refused.body;
  }
  EXPECT_TRUE(rig_.place->orders.empty());
}

TEST_F(SimulationHttpFace, StrictStatusIsThatOfPublishToo) {
  rig_.settings.http.strict_status = true;
  rig_.start();
  EXPECT_EQ(rig_.publish(kUnreachable).status, 400);
  EXPECT_EQ(rig_.publish("[]").status, 400);
  EXPECT_EQ(rig_.ask(8081, "POST", "/queue/publish", kCell, "text/plain").status, 415);
  EXPECT_EQ(rig_.publish(R"({"simulationType":"cell","callback":"http://elsewhere/x"})").status,
            400);
}

TEST_F(SimulationHttpFace, TextsAreTakenAsEver) {
  rig_.start();
  EXPECT_EQ(rig_.ask(8081, "GET", "/string/publish?message=hello").status, 200);
  EXPECT_EQ(rig_.ask(8081, "GET", "/string/publish").status, 400);
}

TEST_F(SimulationHttpFace, WrongAddressesAndMethods) {
  rig_.start();
  EXPECT_EQ(rig_.ask(8084, "POST", "/cell/simulat", kCell).status, 404);
  EXPECT_EQ(rig_.ask(8084, "GET", "/cell/simulate").status, 405);
  EXPECT_EQ(rig_.ask(8081, "POST", "/cell/simulate", kCell).status, 404);
}

TEST_F(SimulationHttpFace, IsOffUnlessSwitchedOn) {
  rig_.settings.http.enabled = config::SimulationHttp().enabled;
  rig_.start();
  EXPECT_EQ(rig_.cell(kCell).status, 0);
  EXPECT_EQ(rig_.publish(kCell).status, 0);
}

}  // namespace
}  // namespace b2m::test
