// SPDX-License-Identifier: MIT
// Plugs: from a command over MQTT to the plug's confirmed state on MQTT, beside a bare client that
// does the same exchanges with the same simulated plug; and what two hundred plugs cost.
#include <functional>
#include <optional>
#include <random>
#include <set>

#include <nlohmann/json.hpp>

#include "tests/bench/child.hpp"
#include "tests/bench/raw_mqtt.hpp"

namespace {

using namespace b2m::bench;
using Json = nlohmann::json;

constexpr int kCommands = 100;        // of each kind, to a plug
constexpr int kChargerCommands = 25;  // likewise, to a charger
constexpr int kChargerRestMs = 1200;
constexpr int kPlugs = 200;
constexpr int kSettleMs = 12'000;
constexpr int kWatchMs = 20'000;
constexpr double kPollS = 5;
constexpr double kGoalRatio = 1.5;
constexpr double kReferenceCpuMs = 0.17;  // of an update by a Python library, measured elsewhere
constexpr double kGoalPlugKib = 32;

/// A client of the plug that does nothing else: blocking, one connection.
class BarePlug {
 public:
  BarePlug(const char* address, int port) {
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in there{};
    there.sin_family = AF_INET;
    there.sin_port = htons(static_cast<std::uint16_t>(port));
    inet_pton(AF_INET, address, &there.sin_addr);
    const int one = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd_, reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0)
      throw std::runtime_error("the simulated plug does not listen");
  }
  ~BarePlug() { close(fd_); }
  BarePlug(const BarePlug&) = delete;
  BarePlug& operator=(const BarePlug&) = delete;

  Json ask(const std::string& request) {
    std::string frame(4, '\0');
    for (int i = 0; i < 4; ++i)
      frame[static_cast<std::size_t>(i)] = static_cast<char>(request.size() >> (24 - 8 * i));
    unsigned char key = 171;
    for (const char c : request) frame += static_cast<char>(key ^= static_cast<unsigned char>(c));
    if (send(fd_, frame.data(), frame.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(frame.size()))
      throw std::runtime_error("the simulated plug has closed");
    return Json::parse(read_reply());
  }

 private:
  std::string read_reply() {
    std::string head(4, '\0');
    read_all(head);
    std::size_t size = 0;
    for (const char c : head) size = size << 8 | static_cast<unsigned char>(c);
    std::string text(size, '\0');
    read_all(text);
    unsigned char key = 171;
    for (char& c : text) {
      const auto cipher = static_cast<unsigned char>(c);
      c = static_cast<char>(cipher ^ key);
      key = cipher;
    }
    return text;
  }
  void read_all(std::string& into) const {
    if (recv(fd_, into.data(), into.size(), MSG_WAITALL) != static_cast<ssize_t>(into.size()))
      throw std::runtime_error("the simulated plug has closed");
  }
  int fd_ = -1;
};

struct Site {
  std::string world, config;
};

std::string plug_address(int plug) { return fmt::format("127.0.1.{}", plug + 1); }

/// `delay_s`: how long the plugs take for an answer.
Site make_site(const WorkFolder& folder, const std::string& name, int broker, int plugs,
               int first_port, double delay_s) {
  std::string world = "[site]\nseed = 1\n";
  std::string config = fmt::format(
      "[gateway]\nid = \"bench\"\nstate_dir = \"{}\"\nlog_level = \"warning\"\n[mqtt]\n"
      "url = \"mqtt://127.0.0.1:{}\"\nhealth_interval_s = 10\n[control]\nallow = [\"plugs\", "
      "\"charging\"]\n[[kasa]]\nid = \"plugs\"\ndiscovery = false\npoll_s = {}\nfast_poll_s = {}\n",
      folder / ("state-" + name), broker, kPollS, kPollS);
  for (int i = 0; i < plugs; ++i) {
    const int port = first_port + i;
    world += fmt::format(
        "[[kasa]]\nid = \"plug{0}\"\nmodel = \"KP115\"\naddress = \"{1}\"\nport = {2}\n"
        "[[kasa.load]]\nkind = \"{3}\"\n",
        i, plug_address(i), port, i == 0 ? "charger" : "none");
    config += fmt::format(
        "[[kasa.plug]]\nid = \"plug{}\"\nmodel = \"KP115\"\nmatch = {{ host = \"{}\", port = {}, "
        "transport = \"xor\" }}\n",
        i, plug_address(i), port);
  }
  if (delay_s > 0) world += fmt::format("[[fault]]\nkind = \"delay\"\nvalue = {}\n", delay_s);
  if (plugs == 2)
    config += "[[charger]]\nid = \"charger\"\nplug = \"plug0\"\nprofile = \"rad_48v\"\n";
  std::filesystem::create_directories(folder / ("state-" + name));
  return {folder.write(name + "-world.toml", world), folder.write(name + ".toml", config)};
}

/// Broker, simulated plugs, gateway, and somebody who listens.
struct Rig {
  Rig(const WorkFolder& folder, const std::string& name, int plugs, int first_port,
      double delay_s = 0)
      : broker(folder), site(make_site(folder, name, broker.port(), plugs, first_port, delay_s)) {
    peers.emplace(std::vector<std::string>{B2M_PROGRAM, "peers", site.world},
                  folder / (name + "-peers.log"));
    const std::int64_t limit = now_ns() + 10'000'000'000;
    while (!is_listening(plug_address(plugs - 1), first_port + plugs - 1)) {
      if (now_ns() > limit) throw std::runtime_error("the simulated plugs do not start");
      sleep_ms(20);
    }
    ear.emplace(broker.port(), "bench-ear", "bench/#");
    gateway.emplace(std::vector<std::string>{B2M_PROGRAM, "run", "-c", site.config},
                    folder / (name + ".log"));
  }
  static bool is_listening(const std::string& address, int port) {
    try {
      BarePlug probe(address.c_str(), port);
      return true;
    } catch (const std::runtime_error&) {
      return false;
    }
  }
  /// Waits for this value on this topic; when it was heard, 0 if not in time.
  std::int64_t hear(const std::string& topic, const std::function<bool(const std::string&)>& is,
                    int limit_ms = 15'000) {
    const std::int64_t end = now_ns() + std::int64_t{limit_ms} * 1'000'000;
    while (now_ns() < end) {
      std::vector<Heard> fresh;
      if (!ear->hear(fresh, 5)) return 0;
      for (const Heard& h : fresh)
        if (h.topic == topic && !h.retained && is(h.payload)) return h.at_ns;
    }
    return 0;
  }

  Broker broker;
  Site site;
  std::optional<Child> peers;
  std::optional<RawMqtt> ear;
  std::optional<Child> gateway;
};

/// Arm, verify, switch, read back: what the gateway does before it says "ON".
double bare_on_ms(BarePlug& plug, const std::string& rule) {
  const std::int64_t from = now_ns();
  if (!rule.empty())
    plug.ask(fmt::format(R"({{"count_down":{{"edit_rule":{{"id":"{}","enable":1,"delay":1800,)"
                         R"("act":0,"name":"battery2mqtt"}}}}}})",
                         rule));
  if (!rule.empty()) plug.ask(R"({"count_down":{"get_rules":{}}})");
  plug.ask(R"({"system":{"set_relay_state":{"state":1}}})");
  const Json state = plug.ask(R"({"system":{"get_sysinfo":{}}})");
  if (state["system"]["get_sysinfo"]["relay_state"] != 1) throw std::runtime_error("not on");
  return to_ms(now_ns() - from);
}

double bare_off_ms(BarePlug& plug) {
  const std::int64_t from = now_ns();
  plug.ask(R"({"system":{"set_relay_state":{"state":0}}})");
  const Json state = plug.ask(R"({"system":{"get_sysinfo":{}}})");
  if (state["system"]["get_sysinfo"]["relay_state"] != 0) throw std::runtime_error("not off");
  return to_ms(now_ns() - from);
}

struct Times {
  std::vector<double> on, off;
};

Times time_bare(int port, int which) {
  BarePlug plug(plug_address(which).c_str(), port + which);
  plug.ask(R"({"count_down":{"delete_all_rules":{}}})");
  const Json rule = plug.ask(
      R"({"count_down":{"add_rule":{"enable":1,"delay":1800,"act":0,"name":"battery2mqtt"}}})");
  const std::string id = rule["count_down"]["add_rule"]["id"];
  Times times;
  for (int i = 0; i < kCommands; ++i) {
    times.on.push_back(bare_on_ms(plug, which == 0 ? id : ""));
    times.off.push_back(bare_off_ms(plug));
  }
  plug.ask(R"({"count_down":{"delete_all_rules":{}}})");
  return times;
}

/// Plug 0 has a charger behind it: on with guard. Plug 1 has none.
std::optional<Times> time_gateway(Rig& rig, int plug) {
  RawMqtt commander(rig.broker.port(), "bench-mouth", "bench/none");
  std::mt19937 random(1);
  Times times;
  const std::string topic = fmt::format("bench/plug{}/relay", plug);
  for (int i = 0; i < 2 * (plug == 0 ? kChargerCommands : kCommands); ++i) {
    const std::string word = i % 2 == 0 ? "ON" : "OFF";
    // Not in step with polls or ticks; a charger starts again only when its power has been seen to
    // be gone.
    sleep_ms((plug == 0 && i > 0 && i % 2 == 0 ? kChargerRestMs : 150) +
             static_cast<int>(random() % 100));
    const std::int64_t from = now_ns();
    commander.publish(topic + "/set", word);
    const std::int64_t at = rig.hear(topic, [&](const auto& p) { return p == word; });
    if (at == 0) {
      std::fprintf(stderr, "no %s within the limit\n", word.c_str());
      return std::nullopt;
    }
    (i % 2 == 0 ? times.on : times.off).push_back(to_ms(at - from));
  }
  return times;
}

void add_times(Figures& figures, const std::string& word, const std::vector<double>& ours,
               const std::vector<double>& bare) {
  for (const int percent : {50, 99}) {
    const double our = percentile(ours, percent), theirs = percentile(bare, percent);
    figures.add(fmt::format("{}_p{}_ms", word, percent), our);
    figures.add(fmt::format("bare_{}_p{}_ms", word, percent), theirs);
    figures.add(fmt::format("{}_p{}_ratio", word, percent), our / theirs, 2);
  }
}

bool measure_switching(const WorkFolder& folder, const std::string& name, double delay_s) {
  const int port = free_port();
  Rig rig(folder, name, 2, port, delay_s);
  if (rig.hear("bench/plug1/relay", [](const auto& p) { return p == "OFF"; }) == 0) return false;
  sleep_ms(2000);
  const auto plain = time_gateway(rig, 1);
  const auto charger = time_gateway(rig, 0);
  rig.gateway->end(SIGTERM);
  if (!plain || !charger) return false;
  for (const int plug : {0, 1}) {
    const Times bare = time_bare(port, plug);
    const Times& ours = plug == 0 ? *charger : *plain;
    Figures figures("kasa", fmt::format("{}_{}", name, plug == 0 ? "charger" : "plug"));
    add_times(figures, "on", ours.on, bare.on);
    add_times(figures, "off", ours.off, bare.off);
    figures.add("goal_ratio", kGoalRatio, 1).print();
  }
  return true;
}

std::uint64_t requests_of(const Json& health) {
  return health["adapters"][0]["counters"].value("requests", std::uint64_t{0});
}

std::optional<Json> health(Rig& rig) {
  Json found;
  const auto is_health = [&](const std::string& payload) {
    found = Json::parse(payload, nullptr, false);
    return found.is_object();
  };
  if (rig.hear("bench/bridge/health", is_health) == 0) return std::nullopt;
  return found;
}

bool measure_crowd(const WorkFolder& folder) {
  long alone_kib = 0;
  for (const int plugs : {1, kPlugs}) {
    Rig rig(folder, fmt::format("{}-plugs", plugs), plugs, 21'000);
    const std::string last = fmt::format("bench/plug{}/power", plugs - 1);
    if (rig.hear(
            last, [](const auto& p) { return p != "None"; }, 60'000) == 0)
      return false;
    (void)rig.hear(
        "bench/none", [](const auto&) { return false; }, kSettleMs);
    const auto before = health(rig);
    const std::int64_t cpu = cpu_ns(rig.gateway->pid()), at = now_ns();
    (void)rig.hear(
        "bench/none", [](const auto&) { return false; }, kWatchMs);
    const auto after = health(rig);
    const double spent_ms = to_ms(cpu_ns(rig.gateway->pid()) - cpu);
    const double elapsed_s = to_ms(now_ns() - at) / 1000;
    if (!before || !after) return false;
    const long rss = proc_kib(rig.gateway->pid(), "status", "VmRSS");
    if (plugs == 1) {
      alone_kib = rss;
      continue;
    }
    const double polls = elapsed_s / kPollS * plugs;
    Figures figures("kasa", fmt::format("{}_plugs", plugs));
    figures.add("requests_per_s",
                static_cast<double>(requests_of(*after) - requests_of(*before)) / elapsed_s, 1);
    figures.add("polls_per_s", polls / elapsed_s, 1);
    figures.add("cpu_ms_per_poll", spent_ms / polls, 4);
    figures.add("goal_cpu_ms_per_poll", kReferenceCpuMs / 10, 4);
    figures.add("cpu_percent", spent_ms / elapsed_s / 10, 2);
    figures.add("kib_per_plug", static_cast<double>(rss - alone_kib) / (plugs - 1), 1);
    figures.add("goal_kib_per_plug", kGoalPlugKib, 0);
    figures.count("rss_kib", static_cast<std::uint64_t>(rss));
    figures.print();
    rig.gateway->end(SIGTERM);
  }
  return true;
}

}  // namespace

/// No argument: everything; "switch" or "crowd": that alone.
int main(int argc, char** argv) {
  setenv("BATTERY2MQTT_PROFILES", B2M_SOURCE_DIR "/config/profiles", 1);
  const std::string only = argc > 1 ? argv[1] : "";
  const WorkFolder folder;
  const bool switching = only == "crowd" || (measure_switching(folder, "switch", 0) &&
                                             measure_switching(folder, "switch_20ms_plug", 0.02));
  const bool crowd = only == "switch" || measure_crowd(folder);
  return switching && crowd ? 0 : 1;
}
