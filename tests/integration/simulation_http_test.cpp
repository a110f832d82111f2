// SPDX-License-Identifier: MIT
// The program itself with its two HTTP ports: Python's client and server as the other sides, a
// receiver of call-backs that is down at first, and a restart in between.
#include <csignal>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/support/gateway_rig.hpp"

namespace b2m::test {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;

constexpr auto kLong = 30s;  // also for a sanitized build on a busy machine
constexpr const char* kJob = R"({"simulationType":"cell","time":1,"controlCurrent":4})";

/// Prints the status and the body.
constexpr const char* kAsk = R"(
import http.client, sys
c = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=30)
c.request(sys.argv[2], sys.argv[3], sys.argv[4] or None, {"Content-Type": "application/json"})
r = c.getresponse()
print(r.status, r.read().decode())
)";
/// Prints every body that is posted to it.
constexpr const char* kReceive = R"(
import http.server, sys
class Taker(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        print(self.rfile.read(int(self.headers["Content-Length"])).decode(), flush=True)
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Taker).serve_forever()
)";

class SimulationHttp : public GatewayRig {
 protected:
  SimulationHttp() {
    file.packs.clear();
    file.more = fmt::format(
        "[simulation]\nworkers = 1\n[simulation.http]\nenabled = true\nport = {}\nqueue_port = {}\n"
        "callback_url = \"http://127.0.0.1:{}/simulateCell\"\n",
        simulator_, queue_, receiver_);
  }
  void start() {
    if (!broker) start_broker();
    start_gateway();
    ASSERT_TRUE(gateway->wait_for_log("queue listens on", kLong)) << gateway->log();
  }
  static std::string ask(int port, const std::string& method, const std::string& path,
                         const std::string& body) {
    return run_other({"python3", "-c", kAsk, std::to_string(port), method, path, body}).output;
  }
  static Json body_of(const std::string& answer) {
    return Json::parse(answer.substr(std::min(answer.size(), std::size_t{4})), nullptr, false);
  }

  const int simulator_ = free_port(), queue_ = free_port(), receiver_ = free_port();
};

TEST_F(SimulationHttp, AnOldClientGetsItsRowsAndItsRefusals) {
  start();

  const std::string good = ask(simulator_, "POST", "/cell/simulate", kJob);
  EXPECT_TRUE(good.starts_with("200 ")) << good;
  EXPECT_EQ(body_of(good)["simulationResults"].size(), 100U);
  EXPECT_EQ(body_of(good)["simulationResults"].front().size(), 4U);
  const std::string bad = ask(simulator_, "POST", "/cell/simulate", R"({"lowerVoltage":4.1})");
  EXPECT_TRUE(bad.starts_with("200 ")) << bad;
  EXPECT_EQ(body_of(bad)["jobStarted"], false);
  EXPECT_TRUE(ask(simulator_, "GET", "/cell/simulate", "").starts_with("405 "));
  EXPECT_TRUE(
      ask(simulator_, "POST", "/cell/simulate", std::string(70'000, ' ')).starts_with("413 "));
  EXPECT_EQ(stop_gateway(), 0);
}

TEST_F(SimulationHttp, ACallBackArrivesOnceSomebodyIsThereEvenAfterARestart) {
  start();
  EXPECT_EQ(ask(queue_, "POST", "/queue/publish", kJob), "200 1\n");
  ASSERT_TRUE(gateway->wait_for_log("job 1: the call-back failed", kLong)) << gateway->log();
  EXPECT_EQ(stop_gateway(), 0);
  start();
  EXPECT_EQ(body_of(ask(queue_, "GET", "/getSimulation/1", ""))["state"], "done");

  GatewayProcess receiver =
      GatewayProcess::other({"python3", "-c", kReceive, std::to_string(receiver_)});

  ASSERT_TRUE(eventually([&] { return receiver.output().ends_with("\n"); }, kLong))
      << gateway->log();
  const Json told = Json::parse(receiver.output(), nullptr, false);
  EXPECT_EQ(told["id"], 1);
  EXPECT_EQ(told["status"], "done");
  EXPECT_EQ(told["result"].size(), 100U);
  EXPECT_EQ(ask(queue_, "POST", "/queue/publish", kJob), "200 2\n");
}

TEST_F(SimulationHttp, APortInUseIsSaidAndTheRestRuns) {
  GatewayProcess other =
      GatewayProcess::other({"python3", "-c", kReceive, std::to_string(simulator_)});
  ASSERT_TRUE(eventually([&] { return ask(simulator_, "POST", "/", "x").starts_with("200"); }));
  start();

  EXPECT_TRUE(gateway->wait_for_log("in use by another program", kLong)) << gateway->log();
  EXPECT_TRUE(ask(queue_, "GET", "/getSimulation/9", "").starts_with("404 "));
  EXPECT_EQ(stop_gateway(), 0);
}

}  // namespace
}  // namespace b2m::test
