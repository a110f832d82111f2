// SPDX-License-Identifier: MIT
// A gateway that calculates nothing itself, a real broker and workers as processes: some are killed
// in mid-job, the broker is started again, and in the end every job has its one answer.
#include <csignal>
#include <map>
#include <set>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "config/simulation.hpp"
#include "gateway/app/simulation/request.hpp"
#include "gateway/app/simulation/sources.hpp"
#include "gateway/app/simulation/wire.hpp"
#include "gateway/store/database.hpp"
#include "gateway/store/simulations.hpp"
#include "tests/support/gateway_rig.hpp"

namespace b2m::test {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;

constexpr auto kLong = 60s;  // also for a sanitized build on a busy machine
constexpr int kJobs = 60;

class SimulationWorkers : public GatewayRig {
 protected:
  SimulationWorkers() {
    file.packs.clear();
    file.more =
        "[simulation]\nworkers = -1\nremote_workers = true\nremote_group = \"lab\"\n"
        "remote_timeout_s = 5\njob_time_limit_s = 600\n";
  }
  void start_all_with(int many) {
    start_broker();
    start_tap();
    for (int i = 1; i <= many; ++i) start_worker(fmt::format("w{}", i));
    for (int i = 1; i <= many; ++i) ASSERT_TRUE(is_there(fmt::format("w{}", i)));
    start_gateway();
    ASSERT_TRUE(tap->wait_state(topic("bridge/state"), "online", kLong)) << gateway->log();
    for (int i = 1; i <= many; ++i)
      ASSERT_TRUE(gateway->wait_for_log(fmt::format("worker w{} is there", i), kLong))
          << gateway->log();
  }
  void start_worker(const std::string& name) {
    workers[name] = std::make_unique<GatewayProcess>(
        std::vector<std::string>{"simulate-worker", "--broker", broker->url(), "--group", "lab",
                                 "--threads", "1", "--name", name});
  }
  bool is_there(const std::string& name) {
    const std::string where = topic("simulation/workers/" + name);
    return tap
        ->wait([&](const TapMessage& m) { return m.topic == where && !m.payload.empty(); }, 0,
               kLong)
        .has_value();
  }
  void simulate(const std::string& request) {
    const Json answer = command(topic("bridge/request/simulate"), request);
    ASSERT_EQ(answer.value("status", ""), "ok") << answer;
  }
  static std::string small_job(int i) {
    return fmt::format(
        R"({{"id":"job{}","model":"spm","current_a":{},"hours":1,"step_s":60,"soc":0.9}})", i,
        1 + 0.05 * i);
  }
  /// Minutes, also in a release, and never at a voltage limit; priority first.
  static std::string long_job() {
    return R"({"id":"long","model":"dfn","soc":0.5,"step_s":3600,"priority":10,"repeat":20000,)"
           R"("experiment":["Discharge at C/5 for 10 minutes","Charge at C/5 for 10 minutes"]})";
  }
  std::string state(const std::string& id) {
    const auto payload = tap->last(topic("bridge/simulation/" + id));
    return payload ? Json::parse(*payload, nullptr, false).value("state", "") : "";
  }
  int count(const std::string& wanted) {
    int n = 0;
    for (int i = 0; i < kJobs; ++i) n += state(fmt::format("job{}", i)) == wanted ? 1 : 0;
    return n;
  }
  /// A worker that says that it is calculating.
  std::string running_worker(std::size_t from, const std::string& other_than = "") {
    std::string name;
    tap->wait(
        [&](const TapMessage& m) {
          const auto answer = app::simulation_wire::parse_answer(m.payload);
          if (!answer || !std::holds_alternative<app::simulation_wire::Signs>(answer->said))
            return false;
          for (const auto& sign : std::get<app::simulation_wire::Signs>(answer->said).signs)
            if (sign.is_running && answer->worker != other_than) name = answer->worker;
          return !name.empty();
        },
        from, kLong);
    return name;
  }
  /// As many jobs as were asked for, each with the very numbers that this process calculates.
  void expect_all_results() {
    auto database = store::Simulations::open(folder / "state/simulations.db");
    ASSERT_TRUE(database) << database.error().text();
    store::Simulations kept(**database);
    const auto sources =
        app::request_sources(config::Simulation(), B2M_SOURCE_DIR "/config/x.toml");
    for (int i = 0; i < kJobs; ++i) {
      const auto parsed = app::parse_request(small_job(i), sources, {});
      ASSERT_TRUE(parsed.request) << parsed.error.text;
      const auto expected = sim::run(parsed.request->input);
      ASSERT_TRUE(expected) << expected.error().text();
      const auto table = kept.table(fmt::format("job{}", i));
      ASSERT_TRUE(table) << i << ": " << table.error().text();
      EXPECT_EQ(table->columns, expected->table.columns);
      EXPECT_EQ(table->values, expected->table.values) << i;
    }
  }

  std::map<std::string, std::unique_ptr<GatewayProcess>> workers;
};

TEST_F(SimulationWorkers, NoJobIsLostOrDoubleWhenWorkersAndTheBrokerDie) {
  start_all_with(3);
  const std::size_t from = tap->mark();
  simulate(long_job());
  const std::string first = running_worker(from);
  ASSERT_NE(first, "") << gateway->log();
  for (int i = 0; i < kJobs; ++i) simulate(small_job(i));

  workers[first]->signal(SIGKILL);
  ASSERT_TRUE(gateway->wait_for_log("long: lost (" + first + ")", kLong)) << gateway->log();
  ASSERT_TRUE(eventually([&] { return count("done") > kJobs / 4; }, kLong)) << gateway->log();
  broker->stop();
  broker->start();

  start_tap();
  EXPECT_TRUE(eventually([&] { return count("done") == kJobs; }, 2 * kLong)) << gateway->log();
  command(topic("bridge/request/simulate_cancel"), R"({"id":"long"})");
  EXPECT_TRUE(eventually([&] { return state("long") == "cancelled" || state("long") == "done"; }));
  EXPECT_EQ(stop_gateway(), 0);
  expect_all_results();
}

TEST_F(SimulationWorkers, AWorkerThatIsStoppedGivesItsJobBackAtOnce) {
  start_all_with(2);
  const std::size_t from = tap->mark();
  simulate(long_job());
  const std::string first = running_worker(from);
  ASSERT_NE(first, "");
  const std::size_t stopped = tap->mark();

  workers[first]->signal(SIGTERM);

  EXPECT_EQ(workers[first]->wait(kLong), 0) << workers[first]->log();
  const std::string second = running_worker(stopped, first);
  EXPECT_EQ(second, first == "w1" ? "w2" : "w1") << gateway->log();
  EXPECT_EQ(gateway->count_in_log("lost"), 0U) << gateway->log();
  EXPECT_EQ(tap->last(topic("simulation/workers/" + first)), "") << "and its presence is gone";
}

TEST_F(SimulationWorkers, PresenceGoesWithAWorkerThatIsKilled) {
  start_broker();
  start_tap();
  start_worker("w1");
  ASSERT_TRUE(is_there("w1"));

  workers["w1"]->signal(SIGKILL);

  EXPECT_TRUE(tap->wait_state(topic("simulation/workers/w1"), ""));
}

TEST_F(SimulationWorkers, ACommandLineThatIsWrongSaysHow) {
  const Ran no_broker = run_program({"simulate-worker"});
  EXPECT_EQ(no_broker.status, 2);
  EXPECT_NE(no_broker.log.find("--broker is missing"), std::string::npos) << no_broker.log;

  const Ran no_name =
      run_program({"simulate-worker", "--broker", "mqtt://localhost", "--name", "a/b"});
  EXPECT_EQ(no_name.status, 2);
  EXPECT_NE(no_name.log.find("--name \"a/b\""), std::string::npos) << no_name.log;

  const Ran no_threads =
      run_program({"simulate-worker", "--broker", "mqtt://localhost", "--threads", "0"});
  EXPECT_EQ(no_threads.status, 2);

  const Ran user = run_program({"simulate-worker", "--broker", "mqtt://me:secret@localhost"});
  EXPECT_EQ(user.status, 2);
  EXPECT_EQ(user.log.find("secret"), std::string::npos) << "a password is not shown";
}

}  // namespace
}  // namespace b2m::test
