// SPDX-License-Identifier: MIT
// The program as users run it: memory, how soon after the start it says something, how it announces
// itself, and how soon everything is back after the broker came back with an empty store.
#include <cstdlib>
#include <map>
#include <optional>
#include <set>

#include "tests/bench/big_site.hpp"
#include "tests/bench/child.hpp"
#include "tests/bench/raw_mqtt.hpp"

namespace {

using namespace b2m;
using namespace b2m::bench;

constexpr int kStarts = 11;
constexpr int kSettleMs = 8000;
constexpr int kOutageMs = 1500;
constexpr std::int64_t kLimitNs = 15'000'000'000;

bool is_discovery(const Heard& h) {
  return h.topic.starts_with("homeassistant/device/") && h.topic.ends_with("/config") &&
         !h.payload.empty();
}

/// What has been said so far, newest a topic.
class Ear {
 public:
  explicit Ear(int port) : client_(port, "bench-ear", "#") {}
  RawMqtt& client() { return client_; }

  template <class Done>
  bool until(Done done, std::int64_t limit_ns = kLimitNs) {
    const std::int64_t end = now_ns() + limit_ns;
    while (!done() && now_ns() < end) {
      std::vector<Heard> fresh;
      if (!client_.hear(fresh, 20)) return false;
      for (Heard& h : fresh) take(std::move(h));
    }
    return done();
  }
  void listen(int ms) {
    (void)until([] { return false; }, std::int64_t{ms} * 1'000'000);  // it is time that counts
  }
  [[nodiscard]] std::size_t discoveries() const { return discovery_.size(); }
  [[nodiscard]] const std::map<std::string, std::string>& discovery() const { return discovery_; }
  [[nodiscard]] std::int64_t first_ns() const { return first_ns_; }
  [[nodiscard]] std::int64_t last_discovery_ns() const { return last_discovery_ns_; }
  [[nodiscard]] std::size_t repeats() const { return repeats_; }
  [[nodiscard]] bool has(const std::string& topic) const { return first_of_.contains(topic); }
  [[nodiscard]] std::int64_t first_of(const std::string& topic) const {
    return first_of_.at(topic);
  }
  [[nodiscard]] const std::map<std::string, std::int64_t>& topics() const { return first_of_; }

 private:
  void take(Heard h) {
    if (first_ns_ == 0) first_ns_ = h.at_ns;
    first_of_.try_emplace(h.topic, h.at_ns);
    if (!is_discovery(h)) return;
    if (!discovery_.insert_or_assign(h.topic, std::move(h.payload)).second)
      ++repeats_;
    else
      last_discovery_ns_ = h.at_ns;
  }
  RawMqtt client_;
  std::map<std::string, std::int64_t> first_of_;
  std::map<std::string, std::string> discovery_;
  std::int64_t first_ns_ = 0, last_discovery_ns_ = 0;
  std::size_t repeats_ = 0;
};

struct Start {
  double first_ms = 0, online_ms = 0, discovery_ms = 0;
};

std::vector<std::string> program(const SiteFiles& site) {
  return {B2M_PROGRAM, "run", "-c", site.config};
}

/// One start with an empty broker; a first one also finds an empty state folder.
std::optional<Start> time_start(const WorkFolder& folder, const SiteFiles& site, Broker& broker) {
  broker.kill();
  broker.start();
  Ear ear(broker.port());
  Child gateway(program(site), folder / "gateway.log");
  const auto all = static_cast<std::size_t>(site.devices);
  if (!ear.until([&] { return ear.discoveries() >= all && ear.has("bench/bridge/state"); }))
    return std::nullopt;
  gateway.end(SIGTERM);
  const auto since = [&](std::int64_t t) { return to_ms(t - gateway.started_ns()); };
  return Start{since(ear.first_ns()), since(ear.first_of("bench/bridge/state")),
               since(ear.last_discovery_ns())};
}

bool add_starts(Figures& figures, const WorkFolder& folder, const SiteFiles& site, Broker& broker) {
  std::vector<double> first, discovery;
  for (int i = 0; i < kStarts; ++i) {
    const auto start = time_start(folder, site, broker);
    if (!start) return false;
    first.push_back(start->first_ms);
    discovery.push_back(start->discovery_ms);
  }
  figures.add("first_message_ms", percentile(first, 50), 1);
  figures.add("first_message_worst_ms", percentile(first, 100), 1).count("goal_first_ms", 100);
  figures.add("discovery_ms", percentile(discovery, 50), 1);
  figures.add("discovery_worst_ms", percentile(discovery, 100), 1).count("goal_discovery_ms", 500);
  return true;
}

void add_discovery(Figures& figures, const Ear& ear, const SiteFiles& site) {
  std::size_t largest = 0, sum = 0;
  for (const auto& [topic, payload] : ear.discovery()) {
    largest = std::max(largest, payload.size());
    sum += payload.size();
  }
  figures.count("discovery_messages", ear.discoveries()).count("discovery_bytes", sum);
  figures.count("discovery_largest", largest).count("discovery_repeats", ear.repeats());
  const auto module = ear.discovery().find(site.module_topic);
  if (module != ear.discovery().end())
    figures.count("discovery_module_bytes", module->second.size());
}

void add_memory(Figures& figures, pid_t pid, long goal_kib) {
  const auto add = [&](const char* key, long kib) {
    figures.count(key, static_cast<std::uint64_t>(kib));
  };
  add("rss_kib", proc_kib(pid, "status", "VmRSS"));
  add("goal_rss_kib", goal_kib);
  add("rss_peak_kib", proc_kib(pid, "status", "VmHWM"));
  add("rss_private_kib", proc_kib(pid, "smaps_rollup", "Private_Clean") +
                             proc_kib(pid, "smaps_rollup", "Private_Dirty"));
  add("pss_kib", proc_kib(pid, "smaps_rollup", "Pss"));
  add("threads", proc_kib(pid, "status", "Threads"));
}

/// Everything that was retained before, and an answer to a request: then all is back.
bool add_recovery(Figures& figures, const Ear& before, Broker& broker, const SiteFiles& site) {
  std::set<std::string> wanted;
  for (const auto& [topic, at] : before.topics())
    if (topic.find("/event") == std::string::npos && topic.find("/logging") == std::string::npos &&
        topic.find("/response") == std::string::npos &&
        topic.find("last_event") == std::string::npos)
      wanted.insert(topic);
  broker.kill();
  sleep_ms(kOutageMs);
  const std::int64_t listening = broker.start();
  Ear ear(broker.port());
  if (!ear.until([&] { return ear.has("bench/bridge/state"); })) return false;
  ear.client().publish("bench/bridge/request/rescan", "{}");
  const auto is_back = [&] {
    if (!ear.has("bench/bridge/response/rescan")) return false;
    for (const std::string& topic : wanted)
      if (!ear.has(topic)) return false;
    return true;
  };
  const bool all = ear.until(is_back, kLimitNs);
  std::int64_t last = ear.first_of("bench/bridge/state");
  std::size_t missing = 0;
  for (const std::string& topic : wanted)
    if (ear.has(topic))
      last = std::max(last, ear.first_of(topic));
    else
      ++missing, std::fprintf(stderr, "not back: %s\n", topic.c_str());
  figures.add("recovery_online_s", to_ms(ear.first_of("bench/bridge/state") - listening) / 1000);
  figures.add("recovery_discovery_s", to_ms(ear.last_discovery_ns() - listening) / 1000);
  figures.add("recovery_all_s", to_ms(last - listening) / 1000).count("goal_recovery_s", 2);
  figures.count("recovery_topics", wanted.size()).count("recovery_missing", missing);
  figures.truth("recovery_answers_requests", ear.has("bench/bridge/response/rescan"));
  return all && ear.discoveries() == static_cast<std::size_t>(site.devices);
}

bool measure(const WorkFolder& folder, const SiteFiles& site, Broker& broker, long goal_kib) {
  std::filesystem::create_directories(site.state);
  Figures figures("footprint", site.name);
  if (!add_starts(figures, folder, site, broker)) {
    std::fprintf(stderr, "%s: does not start or not all devices are announced\n",
                 site.name.c_str());
    return false;
  }
  broker.kill();
  broker.start();
  Ear ear(broker.port());
  Child gateway(program(site), folder / "gateway.log");
  const bool has_values = ear.until([&] { return ear.has(site.value_topic); });
  if (has_values)
    figures.add("first_cell_value_ms", to_ms(ear.first_of(site.value_topic) - gateway.started_ns()),
                1);
  ear.listen(kSettleMs);
  add_memory(figures, gateway.pid(), goal_kib);
  const std::int64_t cpu = cpu_ns(gateway.pid()), at = now_ns();
  ear.listen(kSettleMs);
  figures.add(
      "cpu_percent",
      100.0 * static_cast<double>(cpu_ns(gateway.pid()) - cpu) / static_cast<double>(now_ns() - at),
      2);
  add_discovery(figures, ear, site);
  const bool is_back = add_recovery(figures, ear, broker, site);
  figures.count("rss_after_kib",
                static_cast<std::uint64_t>(proc_kib(gateway.pid(), "status", "VmRSS")));
  gateway.end(SIGTERM);
  figures.print();
  return has_values && is_back;
}

}  // namespace

int main() {
  setenv("BATTERY2MQTT_PROFILES", B2M_SOURCE_DIR "/config/profiles", 1);
  const WorkFolder folder;
  Broker broker(folder);
  const bool small = measure(folder, make_small_site(folder, broker.port()), broker, 10 * 1024);
  const bool big = measure(folder, make_big_site(folder, broker.port()), broker, 16 * 1024);
  return small && big ? 0 : 1;
}
