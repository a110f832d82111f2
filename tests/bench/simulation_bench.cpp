// SPDX-License-Identifier: MIT
// Simulations: single jobs from request to result for each model and preset, many jobs in the
// service with the lag of its loop meanwhile, and the whole gateway with a thousand results. PyBaMM
// runs beside it where it is installed; otherwise the figures of docs/simulation.md stand for it.
#include <filesystem>
#include <functional>
#include <map>
#include <set>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "gateway/app/simulation/local_place.hpp"
#include "gateway/app/simulation/rows.hpp"
#include "gateway/app/simulation/service.hpp"
#include "gateway/app/simulation/sources.hpp"
#include "gateway/store/database.hpp"
#include "tests/bench/child.hpp"

namespace {

using namespace b2m;
using namespace b2m::bench;

constexpr int kRepeats = 25;
constexpr int kSlowRepeats = 7;
constexpr int kJobs = 1000;
constexpr std::size_t kWorkers = 2;
constexpr std::int64_t kLimitNs = 120'000'000'000;
constexpr int kTidyMs = 62'000;  // by then the gateway has given back what a burst left behind
constexpr auto kBeat = std::chrono::milliseconds(5);

struct Case {
  std::string name, json;
  double goal_ms = 0, reference_ms = 0;  // of PyBaMM 26.6 with IDAKLU, or of the original service
  int repeats = kRepeats;
};

std::string rich(const char* model, const char* preset, const char* what) {
  return fmt::format(R"({{"model":"{}","preset":"{}","parameters":"chen2020","soc":1,{}}})", model,
                     preset, what);
}

std::vector<Case> cases(bool has_cycle) {
  const char* discharge = R"("current_a":5,"hours":1.5,"step_s":60)";
  const char* cell =
      R"({"simulationType":"cell","time":1,"upperVoltage":4.2,"lowerVoltage":2.5,"nominalCell":8,)"
      R"("controlCurrent":4,"preset":")";
  const char* cycle =
      R"({"simulationType":"driveCycle","upperVoltage":4.5,"lowerVoltage":2.5,"preset":")";
  std::vector<Case> all;
  for (const char* preset : {"fast", "exact"}) {
    const std::string end = std::string(preset) + "\"}";
    const bool is_fast = end.starts_with("fast");
    const auto name = [&](const char* what) { return fmt::format("{}_{}", what, preset); };
    all.push_back({name("spm_1c"), rich("spm", preset, discharge), 0.1, 0.75});
    all.push_back({name("spme_1c"), rich("spme", preset, discharge), 0.4, 2.1});
    all.push_back({name("dfn_1c"), rich("dfn", preset, discharge), 4, 11});
    all.push_back({name("cell_job"), cell + end, is_fast ? 4.0 : 12.0, 292});
    if (has_cycle) all.push_back({name("cycle_job"), cycle + end, 45, 4590, kSlowRepeats});
  }
  return all;
}

/// The drive cycle is not shipped; it may lie beside the project.
std::string cycle_folder() { return B2M_SOURCE_DIR "/../shared/data/simulation/input"; }

app::RequestSources sources(const WorkFolder& folder) {
  config::Simulation settings;
  std::error_code none;
  std::filesystem::create_directories(folder / "cycles", none);
  std::filesystem::copy_file(cycle_folder() + "/us06_current.csv", folder / "cycles/us06.csv",
                             none);
  settings.cycle_dir = folder / "cycles";
  return app::request_sources(settings, B2M_SOURCE_DIR "/config/none.toml");
}

/// From the request's text to the result's; its size, so that nothing is left out.
std::size_t whole_job(const std::string& json, const app::RequestSources& from) {
  const app::ParsedRequest parsed = app::parse_request(json, from, {});
  if (!parsed.request) throw std::runtime_error(parsed.error.field + ": " + parsed.error.text);
  const auto output = sim::run(parsed.request->input);
  if (!output) throw std::runtime_error(output.error().text());
  std::size_t size = 0;
  for (std::size_t part = 1; part <= app::count_parts(output->table); ++part)
    size += app::part_fields(output->table, part, parsed.request->format).size();
  return size;
}

/// Of the model alone, as a warm solve of PyBaMM is.
double run_alone_ms(const Case& c, const app::RequestSources& from) {
  const app::ParsedRequest parsed = app::parse_request(c.json, from, {});
  std::vector<double> times;
  for (int i = 0; i < c.repeats; ++i) {
    const std::int64_t start = now_ns();
    const auto output = sim::run(parsed.request->input);
    times.push_back(to_ms(now_ns() - start));
  }
  return percentile(times, 50);
}

void measure(const Case& c, const app::RequestSources& from) {
  (void)whole_job(c.json, from);  // the first one reads files
  std::vector<double> times;
  for (int i = 0; i < c.repeats; ++i) {
    const std::int64_t start = now_ns();
    (void)whole_job(c.json, from);
    times.push_back(to_ms(now_ns() - start));
  }
  const double median = percentile(times, 50);
  Figures("simulation", c.name)
      .add("ms", median)
      .add("run_alone_ms", run_alone_ms(c, from))
      .add("fastest_ms", percentile(times, 0))
      .add("goal_ms", c.goal_ms, 1)
      .add("reference_ms", c.reference_ms, 2)
      .add("times_faster", c.reference_ms / median, 1)
      .print();
}

/// How late a timer comes that wants to run every few milliseconds.
class LagProbe {
 public:
  explicit LagProbe(boost::asio::io_context& io) : timer_(io) {
    due_ = std::chrono::steady_clock::now();
    next();
  }
  void stop() { timer_.cancel(); }
  [[nodiscard]] const std::vector<double>& late_ms() const { return late_ms_; }

 private:
  void next() {
    due_ += kBeat;
    timer_.expires_at(due_);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      const auto late = std::chrono::steady_clock::now() - due_;
      late_ms_.push_back(std::chrono::duration<double, std::milli>(late).count());
      if (late > kBeat) due_ = std::chrono::steady_clock::now();
      next();
    });
  }
  boost::asio::steady_timer timer_;
  std::chrono::steady_clock::time_point due_;
  std::vector<double> late_ms_;
};

/// A thousand jobs through queue, threads and store, as the running gateway does them.
void measure_queue(const WorkFolder& folder, const char* preset) {
  boost::asio::io_context io(1);
  const auto clock = make_clock(io.get_executor());
  const auto database = store::Simulations::open(folder / (std::string(preset) + ".db"));
  store::Simulations kept(**database);
  config::Simulation settings;
  settings.workers = static_cast<int>(kWorkers);
  settings.queue_limit = 2 * kJobs;
  std::vector<std::unique_ptr<app::JobPlace>> places;
  places.push_back(
      std::make_unique<app::LocalPlace>(io.get_executor(), kWorkers, app::RequestLimits{}));
  app::SimulationService service(io.get_executor(), settings, *clock, &kept, std::move(places),
                                 sources(folder), {[](auto&&...) {}, [](auto&&...) {}});
  service.start();
  LagProbe lag(io);
  const std::int64_t start = now_ns();
  for (int i = 0; i < kJobs; ++i) {
    // No two alike, so that nothing can be remembered.
    const auto submitted = service.submit(
        fmt::format(R"({{"simulationType":"cell","time":1,"upperVoltage":4.2,"lowerVoltage":2.5,)"
                    R"("nominalCell":8,"controlCurrent":{},"preset":"{}"}})",
                    3.5 + 0.001 * i, preset));
    if (submitted.id.empty()) throw std::runtime_error(submitted.error.text);
  }
  const std::int64_t submitted = now_ns();
  while (service.counts().done < kJobs && now_ns() - start < kLimitNs) io.run_one();
  const double seconds = to_ms(now_ns() - start) / 1000;
  lag.stop();
  Figures("simulation", fmt::format("queue_{}", preset))
      .count("jobs", service.counts().done)
      .add("jobs_per_s", static_cast<double>(service.counts().done) / seconds, 0)
      .add("goal_jobs_per_s", 450, 0)
      .add("reference_jobs_per_s", 3.4, 1)
      .add("submit_ms_each", to_ms(submitted - start) / kJobs)
      .add("loop_late_p50_ms", percentile(lag.late_ms(), 50))
      .add("loop_late_p99_ms", percentile(lag.late_ms(), 99))
      .add("goal_late_p99_ms", 5, 0)
      .print();
  service.stop();
}

/// The program itself, asked over MQTT, until a thousand results are stored.
void measure_gateway(const WorkFolder& folder) {
  Broker broker(folder);
  const std::string config = folder.write(
      "gateway.toml", fmt::format("[gateway]\nstate_dir = \"{}\"\nwatchdog = false\n[mqtt]\nurl = "
                                  "\"mqtt://127.0.0.1:{}\"\n[simulation]\nworkers = 2\n",
                                  folder / "state", broker.port()));
  RawMqtt client(broker.port(), "bench", "battery2mqtt/bridge/#");
  Child gateway({B2M_PROGRAM, "run", "-c", config}, folder / "gateway.log");
  std::set<std::string> done;
  std::vector<Heard> heard;
  bool is_up = false;
  int sent = 0;
  const std::int64_t start = now_ns();
  long before_kib = 0;
  while (done.size() < kJobs && now_ns() - start < kLimitNs) {
    heard.clear();
    if (!client.hear(heard, 20)) break;
    for (const Heard& h : heard) {
      if (h.topic.ends_with("/bridge/state") && h.payload == "online") is_up = true;
      if (h.topic.find("/bridge/simulation/") != std::string::npos &&
          h.payload.find(R"("state":"done")") != std::string::npos)
        done.insert(h.topic);
    }
    if (is_up && sent == 0) before_kib = proc_kib(gateway.pid(), "status", "VmRSS:");
    // A client's pace: the gateway turns away floods of commands.
    for (int i = 0; i < 2 && is_up && sent < kJobs && sent < static_cast<int>(done.size()) + 50;
         ++i, ++sent)
      client.publish("battery2mqtt/bridge/request/simulate",
                     fmt::format(R"({{"id":"bench{}","simulationType":"cell","time":1,)"
                                 R"("upperVoltage":4.2,"lowerVoltage":2.5,"nominalCell":8,)"
                                 R"("controlCurrent":{},"preset":"fast"}})",
                                 sent, 3.5 + 0.001 * sent));
  }
  const long after_kib = proc_kib(gateway.pid(), "status", "VmRSS:");
  const long highest_kib = proc_kib(gateway.pid(), "status", "VmHWM:");
  sleep_ms(kTidyMs);
  Figures("simulation", "gateway_1000_results")
      .count("stored", done.size())
      .add("resident_before_mib", static_cast<double>(before_kib) / 1024, 1)
      .add("resident_after_mib", static_cast<double>(after_kib) / 1024, 1)
      .add("resident_later_mib",
           static_cast<double>(proc_kib(gateway.pid(), "status", "VmRSS:")) / 1024, 1)
      .add("highest_mib", static_cast<double>(highest_kib) / 1024, 1)
      .add("goal_mib", 40, 0)
      .add("reference_mib", 608, 0)
      .print();
}

constexpr const char* kPybamm = R"(
import time, pybamm
pybamm.set_logging_level("ERROR")
for name in ("SPM", "SPMe", "DFN"):
    model = getattr(pybamm.lithium_ion, name)()
    simulation = pybamm.Simulation(model, parameter_values=pybamm.ParameterValues("Chen2020"))
    simulation.solve([0, 3600])
    times = []
    for _ in range(9):
        start = time.perf_counter(); simulation.solve([0, 3600]); times.append(time.perf_counter() - start)
    print('{"bench":"simulation","name":"pybamm_%s_1c","ms":%.3f}' % (name.lower(), 1e3 * sorted(times)[4]))
)";

void measure_pybamm(const WorkFolder& folder) {
  const std::string script = folder.write("pybamm.py", kPybamm);
  const std::string command = "python3 " + script + " 2>/dev/null";
  if (std::system(command.c_str()) != 0)
    Figures("simulation", "pybamm").text("note", "not installed; reference_ms is of docs").print();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string only = argc > 1 ? argv[1] : "";
  const auto wants = [&](const char* part) { return only.empty() || only == part; };
  const WorkFolder folder;
  const app::RequestSources from = sources(folder);
  const bool has_cycle = std::filesystem::exists(folder / "cycles/us06.csv");
  if (wants("job"))
    for (const Case& c : cases(has_cycle)) measure(c, from);
  if (wants("pybamm")) measure_pybamm(folder);
  if (wants("queue"))
    for (const char* preset : {"fast", "exact"}) measure_queue(folder, preset);
  if (wants("gateway")) measure_gateway(folder);
}
