// SPDX-License-Identifier: MIT
// From a CAN frame to the MQTT message at a subscriber, idle and with four buses at full load: how
// late, how complete and for how much of a core. Gateway, broker and load are separate processes.
#include <atomic>
#include <cstdlib>
#include <optional>
#include <set>
#include <thread>
#include <unordered_map>

#include <nlohmann/json.hpp>

#include "tests/bench/bus_load.hpp"
#include "tests/bench/child.hpp"
#include "tests/bench/gateway_child.hpp"

namespace {

using namespace b2m;
using namespace b2m::bench;
using Json = nlohmann::json;

constexpr double kIdleSeconds = 20;
constexpr double kFullSeconds = 20;
constexpr double kWarmUpSeconds = 3;
constexpr double kProbesPerS = 50;
constexpr double kMinIntervalS = 1;  // of voltages and temperatures
constexpr double kCpuGoalPercent = 25;

std::string configuration(int port, const std::string& state, bool is_idle) {
  std::string text = fmt::format(
      "[gateway]\nid = \"bench\"\nstate_dir = \"{}\"\nlog_level = \"warning\"\n[mqtt]\n"
      "url = \"mqtt://127.0.0.1:{}\"\n{}[control]\nallow = []\n",
      state, port, is_idle ? "min_interval_s = 0\n" : "");
  for (int bus = 0; bus < kBuses; ++bus)
    text += fmt::format(
        "[[can]]\nid = \"bus{0}\"\ninterface = \"bus{0}\"\nprofile = \"two_packs\"\n", bus);
  for (int pack = 0; pack < kBuses * kPacks; ++pack)
    text += fmt::format(
        "[[pack]]\nid = \"pack{}\"\nchemistry = \"lead_12v\"\ncells_in_series = 6\n"
        "source = \"bus{}/{}\"\n",
        pack + 1, pack / kPacks, pack % kPacks + 1);
  return text;
}

/// Everything heard, collected by a thread of its own.
class Listener {
 public:
  explicit Listener(int port) : client_(port, "bench-ear", "#"), thread_([this] { run(); }) {}
  ~Listener() { stop(); }
  std::vector<Heard>& stop() {
    is_over_ = true;
    if (thread_.joinable()) thread_.join();
    return heard_;
  }
  [[nodiscard]] bool is_online() const { return is_online_; }

 private:
  void run() {
    while (!is_over_) {
      const std::size_t before = heard_.size();
      if (!client_.hear(heard_, 50)) return;
      for (std::size_t i = before; i < heard_.size(); ++i)
        if (heard_[i].topic == "bench/bridge/state" && heard_[i].payload == "online")
          is_online_ = true;
    }
  }
  RawMqtt client_;
  std::vector<Heard> heard_;
  std::atomic<bool> is_over_ = false, is_online_ = false;
  std::thread thread_;
};

/// The processes of one case.
struct Rig {
  Rig(const WorkFolder& folder, bool is_idle)
      : broker(folder), dump_file(folder / (is_idle ? "idle.json" : "full.json")) {
    const std::string name = is_idle ? "idle" : "full";
    std::filesystem::create_directories(folder / ("state-" + name));
    const std::string config = folder.write(
        name + ".toml", configuration(broker.port(), folder / ("state-" + name), is_idle));
    std::vector<std::string> words{"/proc/self/exe", "--gateway", config, dump_file};
    for (int bus = 0; bus < kBuses; ++bus) words.push_back(std::to_string(buses.gateway_end(bus)));
    listener.emplace(broker.port());
    gateway.emplace(words, folder / (name + ".log"));
    const std::int64_t limit = now_ns() + 10'000'000'000;
    while (!listener->is_online() && now_ns() < limit) sleep_ms(5);
    if (!listener->is_online()) throw std::runtime_error("the gateway does not come online");
  }
  /// What the gateway knows of itself at its end.
  Json end_gateway() {
    gateway->end(SIGTERM);
    return Json::parse(std::ifstream(dump_file), nullptr, false);
  }

  Buses buses;
  Broker broker;
  std::string dump_file;
  std::optional<Listener> listener;
  std::optional<Child> gateway;
};

/// CPU of gateway and broker between two moments.
class CpuShare {
 public:
  explicit CpuShare(const Rig& rig) : gateway_(rig.gateway->pid()), broker_(rig.broker.pid()) {
    begin();
  }
  void begin() {
    at_ = now_ns();
    gateway_ns_ = cpu_ns(gateway_);
    broker_ns_ = cpu_ns(broker_);
  }
  /// True when the gateway stays below its goal.
  bool add_to(Figures& figures) const {
    const auto elapsed = static_cast<double>(now_ns() - at_);
    const double share = 100 * static_cast<double>(cpu_ns(gateway_) - gateway_ns_) / elapsed;
    figures.add("gateway_cpu_percent", share, 2).add("goal_cpu_percent", kCpuGoalPercent, 0);
    figures.add("broker_cpu_percent",
                100 * static_cast<double>(cpu_ns(broker_) - broker_ns_) / elapsed, 2);
    figures.count("gateway_rss_kib",
                  static_cast<std::uint64_t>(proc_kib(gateway_, "status", "VmRSS")));
    return share < kCpuGoalPercent;
  }

 private:
  pid_t gateway_, broker_;
  std::int64_t at_ = 0, gateway_ns_ = 0, broker_ns_ = 0;
};

std::uint64_t counted(const Json& dump, const char* counter) {
  std::uint64_t sum = 0;
  for (const Json& adapter : dump["health"]["adapters"])
    sum += adapter["counters"].value(counter, std::uint64_t{0});
  return sum;
}

bool add_latency(Figures& figures, const std::vector<double>& ms, double p50_goal,
                 double p99_goal) {
  const double p50 = percentile(ms, 50), p99 = percentile(ms, 99);
  figures.count("probes", ms.size()).add("p50_ms", p50).add("p99_ms", p99);
  figures.add("max_ms", percentile(ms, 100));
  figures.add("goal_p50_ms", p50_goal, 1).add("goal_p99_ms", p99_goal, 1);
  return p50 <= p50_goal && p99 <= p99_goal;
}

bool add_counts(Figures& figures, const Rig& rig, const Json& dump) {
  const std::uint64_t decoded =
      counted(dump, "frames") - counted(dump, "wrong_length") - counted(dump, "unknown");
  figures.count("frames_sent", rig.buses.sent()).count("frames_lost", rig.buses.lost());
  figures.count("frames_decoded", decoded);
  return decoded == rig.buses.sent();
}

/// One value changes every 20 ms, another point each time; every value differs from all before.
bool idle(const WorkFolder& folder) {
  Rig rig(folder, true);
  for (int point = 0; point < kLoadPoints; ++point) rig.buses.send_value(point, 0);
  sleep_ms(static_cast<int>(kWarmUpSeconds * 1000));
  CpuShare cpu(rig);
  std::map<std::pair<std::string, int>, std::int64_t> sent;  // by topic and step
  const auto probes = static_cast<int>(kIdleSeconds * kProbesPerS);
  const std::int64_t begin = now_ns();
  for (int i = 0; i < probes; ++i) {
    // An odd fraction of the gateway's own periods, so that every phase of them is met.
    sleep_until_ns(begin +
                   static_cast<std::int64_t>((i + 0.618 * (i % 7) / 7) / kProbesPerS * 1e9));
    const int point = i % kLoadPoints, step = 1 + i / kLoadPoints;
    sent[{topic_of(point), raw_of(point, step)}] = now_ns();
    rig.buses.send_value(point, step);
  }
  Figures figures("gateway", "idle");
  const bool frugal = cpu.add_to(figures);
  sleep_ms(500);
  const Json dump = rig.end_gateway();
  std::vector<double> ms;
  for (const Heard& h : rig.listener->stop()) {
    const auto raw = static_cast<int>(std::lround(std::strtod(h.payload.c_str(), nullptr) * 100));
    const auto at = sent.find({h.topic, raw});
    if (at == sent.end()) continue;
    ms.push_back(to_ms(h.at_ns - at->second));
    sent.erase(at);
  }
  const bool fast = add_latency(figures, ms, 0.3, 2);
  const bool complete = add_counts(figures, rig, dump) && sent.empty();
  figures.count("never_heard", sent.size()).truth("goals_met", fast && frugal && complete).print();
  return complete;
}

/// The switch flips and its messages come in the same order; one that never came makes the next of
/// its kind look late, never early.
std::vector<double> switch_latency(const Sendings& sendings, const std::vector<Heard>& heard) {
  std::vector<double> ms;
  auto next = sendings.switched.begin();
  for (const Heard& h : heard) {
    if (h.topic != "bench/pack1/charging" || h.at_ns < sendings.begin_ns) continue;
    auto at = next;
    while (at != sendings.switched.end() && at->second != (h.payload == "ON")) ++at;
    if (at == sendings.switched.end() || at->first > h.at_ns) continue;  // None, or none of ours
    ms.push_back(to_ms(h.at_ns - at->first));
    next = at + 1;
  }
  return ms;
}

struct Freshness {
  double largest_gap_s = 0;    // between two messages of one point while it changes
  double newest_after_s = 0;   // from the last change to the message that has it
  std::vector<double> age_ms;  // of a value when it is heard
  std::size_t missing = 0;     // points whose last value was never heard
  std::size_t messages = 0;
};

int step_of(int point, const std::string& payload) {
  const double raw = std::strtod(payload.c_str(), nullptr) * 100;
  return static_cast<int>(std::lround(point % kValues < 6 ? raw - 1100 : (raw - 1000) / 20));
}

void follow_point(const Sendings& s, int point, const std::vector<const Heard*>& heard,
                  Freshness& found) {
  const auto p = static_cast<std::size_t>(point);
  std::int64_t before = s.begin_ns;
  bool has_last = false;
  for (const Heard* h : heard) {
    if (h->at_ns < s.begin_ns || has_last) continue;
    ++found.messages;
    const int step = step_of(point, h->payload);
    if (before < s.until_ns)
      found.largest_gap_s = std::max(found.largest_gap_s, to_ms(h->at_ns - before) / 1000);
    before = h->at_ns;
    if (step < 0 || step >= kSteps) continue;
    const auto& times = s.times[p][static_cast<std::size_t>(step)];
    const auto after = std::ranges::upper_bound(times, h->at_ns);
    if (after != times.begin() && h->at_ns < s.until_ns)
      found.age_ms.push_back(to_ms(h->at_ns - *std::prev(after)));
    has_last = step == s.last_step[p] && h->at_ns > s.last_ns[p];
    if (has_last)
      found.newest_after_s = std::max(found.newest_after_s, to_ms(h->at_ns - s.last_ns[p]) / 1000);
  }
  if (!has_last) ++found.missing;
}

Freshness follow(const Sendings& s, const std::vector<Heard>& heard) {
  std::unordered_map<std::string, std::vector<const Heard*>> by_topic;
  for (const Heard& h : heard) by_topic[h.topic].push_back(&h);
  Freshness found;
  for (int point = 0; point < kLoadPoints; ++point)
    follow_point(s, point, by_topic[topic_of(point)], found);
  return found;
}

bool full(const WorkFolder& folder) {
  Rig rig(folder, false);
  run_full_load(rig.buses, kWarmUpSeconds, 0);
  CpuShare cpu(rig);
  const Sendings sendings = run_full_load(rig.buses, kFullSeconds, kProbesPerS);
  Figures figures("gateway", "full");
  const bool frugal = cpu.add_to(figures);
  sleep_ms(static_cast<int>(kMinIntervalS * 1500));
  const Json dump = rig.end_gateway();
  const std::vector<Heard>& heard = rig.listener->stop();
  const bool fast = add_latency(figures, switch_latency(sendings, heard), 0.5, 5);
  const bool complete = add_counts(figures, rig, dump);
  const Freshness fresh = follow(sendings, heard);
  figures.add("frames_per_s", static_cast<double>(kBuses) * kFramesPerS, 0);
  figures.add("frames_per_wake", sendings.frames_per_wake, 2);
  figures.count("value_messages", fresh.messages).count("points", kLoadPoints);
  figures.add("largest_gap_s", fresh.largest_gap_s).add("newest_after_s", fresh.newest_after_s);
  figures.add("value_age_p50_ms", percentile(fresh.age_ms, 50));
  figures.add("value_age_p99_ms", percentile(fresh.age_ms, 99));
  figures.count("points_without_last_value", fresh.missing).truth("every_frame_decoded", complete);
  figures.truth("goals_met", fast && frugal && complete && fresh.missing == 0).print();
  return complete && fresh.missing == 0;
}

int run_child(char** argv) {
  std::map<std::string, int> sockets;
  for (int bus = 0; bus < kBuses; ++bus)
    sockets["bus" + std::to_string(bus)] = std::atoi(argv[4 + bus]);
  return run_gateway_child(argv[2], argv[3], sockets);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4 + kBuses && std::string_view(argv[1]) == "--gateway") return run_child(argv);
  setenv("BATTERY2MQTT_PROFILES", B2M_SOURCE_DIR "/config/profiles", 1);
  const WorkFolder folder;
  const bool idle_complete = idle(folder);
  return full(folder) && idle_complete ? 0 : 1;
}
