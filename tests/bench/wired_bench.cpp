// SPDX-License-Identifier: MIT
// Tesla modules in a ring and SPI nodes: rounds against the time of the wire, what a ring at full
// speed costs the gateway, how late its loop is while transfers block, and how long a step of a
// cell needs to its MQTT message.
#include <cmath>
#include <functional>
#include <optional>
#include <random>

#include <boost/asio/detached.hpp>
#include <nlohmann/json.hpp>

#include "adapters/tesla_uart/measurement.hpp"
#include "gateway/io/linux_tty.hpp"
#include "tests/bench/child.hpp"
#include "tests/bench/gateway_child.hpp"
#include "tests/bench/wired_local.hpp"
#include "tests/bench/wired_peers.hpp"
#include "tests/bench/wired_slow_spi.hpp"

namespace {

using namespace b2m;
using namespace b2m::bench;
using Json = nlohmann::json;

constexpr double kRingGoal = 1.3, kNodesGoal = 1.1, kStepGoal = 1.3;
constexpr double kCpuGoalPercent = 5, kLagGoalMs = 2;
constexpr int kNodes = 16;
constexpr int kFullRing = 62;
constexpr int kSlowNodes = 24;
constexpr std::int64_t kTransferNs = 10'000'000;
constexpr double kEnumerationS = 0.1;  // of a module
constexpr double kWarmUpS = 2, kRingS = 8, kNodesS = 16, kLagWarmUpS = 5, kLagS = 20;
constexpr int kSteps = 100;
constexpr double kStepVolts = 0.01;

// ---- rounds against the wire

bool measure_ring(const WorkFolder& folder, int modules) {
  const std::string path = folder / fmt::format("ring-{}", modules);
  RingThread ring(path, modules);
  Local local;
  local.used.emplace(local.resources(
      [&](const std::string& port, int baud) -> Result<std::unique_ptr<ByteStream>> {
        auto line = open_serial(local.executor(), local.clock(), port, baud);
        if (!line) return line.error();
        return std::unique_ptr<ByteStream>(
            std::make_unique<WatchedRing>(std::move(*line), local.rounds, modules));
      },
      {}));
  tesla_uart::TeslaSettings settings;
  settings.id = "wires";
  settings.port = path;
  settings.modules = modules;
  settings.poll_interval_s = 0;
  auto adapter = tesla_uart::make_tesla_uart(settings, *local.used);
  if (!adapter) throw std::runtime_error(adapter.error().text());
  local.start("tesla_uart", "modules", std::move(*adapter));
  local.measure(kWarmUpS + kEnumerationS * modules, kRingS);
  Figures figures("wired", fmt::format("ring_{}", modules));
  const bool is_met = local.rounds.add_to(figures, kRingGoal);
  figures.count("requests", local.counter("requests"));
  figures.count("timeouts", local.counter("timeouts"))
      .count("not_ready", local.counter("not_ready"));
  figures.truth("goal_met", is_met).print();
  return local.rounds.count() > 0;
}

/// A client that does nothing else, blocking: what pseudo terminal and simulated ring take.
bool measure_bare_ring(const WorkFolder& folder) {
  const std::string path = folder / "bare-ring";
  RingThread ring(path, 1);
  const int fd = open(path.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (fd < 0 || make_tty_raw(fd, kRingBaud) != 0) return false;
  Rounds rounds;
  const auto ask = [&](const tesla_uart::Request& request, std::size_t length) {
    std::array<std::uint8_t, 64> reply{};
    rounds.wire(static_cast<double>(length + 1) * kBitsPerByte * 1000 / kRingBaud);
    if (write(fd, request.bytes.data(), request.size) < 0) return false;
    for (std::size_t got = 0; got < length;) {
      const ssize_t n = read(fd, reply.data(), reply.size());
      if (n <= 0) return false;
      got += static_cast<std::size_t>(n);
    }
    return true;
  };
  using tesla_uart::kMeasurementSize;
  const auto convert = tesla_uart::write_request(tesla_uart::kEverybody, tesla_uart::reg::kConvert,
                                                 tesla_uart::kStartConversion);
  const auto read_all =
      tesla_uart::read_request(tesla_uart::kUnaddressed, tesla_uart::reg::kStatus, kMeasurementSize,
                               tesla_uart::RequestForm::three_bytes);
  bool is_heard = true;
  rounds.want(true);
  for (const std::int64_t end = now_ns() + 4'000'000'000; is_heard && now_ns() < end;) {
    rounds.begin();
    is_heard = ask(convert, 4) && ask(read_all, 4 + kMeasurementSize);
  }
  close(fd);
  Figures figures("wired", "bare_ring_1");
  rounds.add_to(figures, kRingGoal);
  figures.print();
  return is_heard;
}

spi_nodes::SpiNodesSettings nodes_settings(const std::string& path, bool is_shared) {
  spi_nodes::SpiNodesSettings settings;
  settings.id = "wires";
  settings.clock_hz = kNodesClock_hz;
  settings.poll_interval_s = 0;
  for (int n = 0; n < kNodes; ++n) {
    spi_nodes::NodeSettings& node = settings.nodes.emplace_back();
    node.cell = n + 1;
    node.device = fmt::format("socket:{}#{}", path, is_shared ? 0 : n);
    node.address = is_shared ? n + 1 : 0;
    node.protocol = spi_nodes::ProtocolChoice::v2;
  }
  return settings;
}

bool measure_nodes(const WorkFolder& folder, const std::string& name, bool is_shared) {
  const std::string path = folder / name;
  NodesThread nodes(path, kNodes, is_shared);
  Local local;
  constexpr double kByte_ms = kClocksPerByte * 1000 / kNodesClock_hz;
  const OpenSpi plain = make_spi_opener(local.executor(), local.clock());
  local.used.emplace(
      local.resources({}, [&](const SpiOpening& how) -> Result<std::unique_ptr<SpiBus>> {
        auto bus = plain(how);
        if (!bus) return bus.error();
        return std::unique_ptr<SpiBus>(
            std::make_unique<WatchedSelect>(std::move(*bus), local.rounds, kByte_ms));
      }));
  local.heard = [&](const Report& report) {
    if (report.samples.size() >= kNodes) local.rounds.begin();  // all cells: the end of a round
  };
  auto adapter = spi_nodes::make_spi_nodes(nodes_settings(path, is_shared), *local.used);
  if (!adapter) throw std::runtime_error(adapter.error().text());
  local.start("spi_nodes", "cells", std::move(*adapter));
  local.measure(3 * kWarmUpS, kNodesS);
  Figures figures("wired", name);
  const bool is_met = local.rounds.add_to(figures, kNodesGoal);
  figures.add("wire_of_one_read_each_ms",
              kByte_ms * kNodes * static_cast<double>(spi_nodes::kV2Bytes));
  figures.truth("goal_met", is_met).print();
  return local.rounds.count() > 0;
}

// ---- the whole gateway

std::string site_config(const WorkFolder& folder, const std::string& name, int broker) {
  std::filesystem::create_directories(folder / ("state-" + name));
  return fmt::format(
      "[gateway]\nid = \"bench\"\nstate_dir = \"{}\"\nlog_level = \"warning\"\n[mqtt]\n"
      "url = \"mqtt://127.0.0.1:{}\"\nhealth_interval_s = 10\n[control]\nallow = []\n",
      folder / ("state-" + name), broker);
}

std::string ring_config(const std::string& port, int modules, double poll_s) {
  return fmt::format(
      "[[tesla_uart]]\nid = \"ring1\"\nport = \"{}\"\nmodules = {}\npoll_interval_s = {}\n"
      "[[pack]]\nid = \"pack1\"\nchemistry = \"nca_tesla\"\ncells_in_series = {}\n"
      "source = \"ring1\"\n",
      port, modules, poll_s, 6 * modules);
}

/// Broker, gateway, and somebody who listens.
struct Rig {
  Rig(const WorkFolder& folder, const std::string& case_name, std::vector<std::string> command,
      const std::function<std::string(int broker)>& config)
      : broker(folder), ear(broker.port(), "bench-ear", "bench/#") {
    const std::string file = folder.write(case_name + ".toml", config(broker.port()));
    for (std::string& word : command)
      if (word == "@CONFIG@") word = file;
    gateway.emplace(command, folder / (case_name + ".log"));
  }
  /// Waits for this on this topic; when it was heard, 0 if not in time.
  std::int64_t hear(const std::string& topic, const std::function<bool(const std::string&)>& is,
                    int limit_ms = 30'000) {
    const std::int64_t end = now_ns() + std::int64_t{limit_ms} * 1'000'000;
    while (now_ns() < end) {
      std::vector<Heard> fresh;
      if (!ear.hear(fresh, 5)) return 0;
      messages += fresh.size();
      for (const Heard& h : fresh)
        if (h.topic == topic && is(h.payload)) return h.at_ns;
    }
    return 0;
  }
  bool hear_value(const std::string& topic) {
    return hear(
               topic, [](const auto& p) { return p != "None"; }, 60'000) != 0;
  }
  void idle_for(int ms) {
    (void)hear(
        "bench/none", [](const auto&) { return false; }, ms);
  }
  std::optional<Json> health() {
    Json found;
    const auto is_health = [&](const std::string& payload) {
      found = Json::parse(payload, nullptr, false);
      return found.is_object();
    };
    if (hear("bench/bridge/health", is_health) == 0) return std::nullopt;
    return found;
  }

  Broker broker;
  RawMqtt ear;
  std::size_t messages = 0;  // heard
  std::optional<Child> gateway;
};

std::vector<std::string> run_program() { return {B2M_PROGRAM, "run", "-c", "@CONFIG@"}; }

double counted(const Json& health, const char* counter) {
  return health["adapters"][0]["counters"].value(counter, 0.0);
}

void add_memory(Figures& figures, pid_t pid) {
  figures.count("rss_kib", static_cast<std::uint64_t>(proc_kib(pid, "status", "VmRSS")));
  const long own = proc_kib(pid, "smaps_rollup", "Private_Clean") +
                   proc_kib(pid, "smaps_rollup", "Private_Dirty");
  figures.count("rss_private_kib", static_cast<std::uint64_t>(own));
}

/// A ring of 62 modules with cells of a simulated battery, the gateway beside it.
bool measure_cpu(const WorkFolder& folder, const std::string& name, double poll_s) {
  const std::string line = folder / ("line-" + name);
  const std::string world = folder.write(
      name + "-world.toml",
      fmt::format("[site]\nseed = 1\n[[tesla_uart]]\nid = \"ring1\"\ntransport = \"pty:{}\"\n"
                  "modules = {}\npaced = true\nchemistry = \"nca_tesla\"\nsoc_scatter = 0.02\n"
                  "load_current_a = 5\n",
                  line, kFullRing));
  const Child peers({B2M_PROGRAM, "peers", world}, folder / (name + "-peers.log"));
  Rig rig(folder, name, run_program(), [&](int broker) {
    return site_config(folder, name, broker) + ring_config(line, kFullRing, poll_s);
  });
  if (!rig.hear_value(fmt::format("bench/pack1_module{}/cell_06_voltage", kFullRing))) return false;
  rig.idle_for(5000);
  const auto before = rig.health();
  const std::int64_t cpu = cpu_ns(rig.gateway->pid()), at = now_ns();
  const std::size_t messages = rig.messages;
  rig.idle_for(19'000);
  const auto after = rig.health();
  const double spent_ms = to_ms(cpu_ns(rig.gateway->pid()) - cpu), took_ms = to_ms(now_ns() - at);
  if (!before || !after) return false;
  const double requests = counted(*after, "requests") - counted(*before, "requests");
  const double cycles = counted(*after, "cycles") - counted(*before, "cycles");
  Figures figures("wired", name);
  figures.add("cpu_percent", 100 * spent_ms / took_ms, 2);
  figures.add("goal_cpu_percent", kCpuGoalPercent, 0);
  figures.add("round_ms", took_ms / cycles, 1).add("requests_per_s", 1000 * requests / took_ms, 0);
  figures.add("cpu_us_per_request", 1000 * spent_ms / requests, 1);
  const auto heard = static_cast<double>(rig.messages - messages);
  figures.add("messages_per_s", 1000 * heard / took_ms, 0);
  add_memory(figures, rig.gateway->pid());
  figures.truth("goal_met", 100 * spent_ms / took_ms <= kCpuGoalPercent).print();
  rig.gateway->end(SIGTERM);
  return true;
}

/// One cell after the other, at any moment of the gateway's rounds.
bool measure_step(const WorkFolder& folder, const std::string& name, double poll_s) {
  const std::string line = folder / ("line-" + name);
  RingThread ring(line, 2);
  Rig rig(folder, name, run_program(), [&](int broker) {
    return site_config(folder, name, broker) + ring_config(line, 2, poll_s);
  });
  if (!rig.hear_value("bench/pack1_module2/cell_06_voltage")) return false;
  rig.idle_for(3000);
  std::mt19937 random(1);
  std::vector<double> ms;
  for (int i = 0; i < kSteps; ++i) {
    rig.idle_for(100 + static_cast<int>(random() % static_cast<unsigned>(1000 * poll_s)));
    const int cell = i % 12;
    const double volts = 3.7 + kStepVolts * (1 + i / 12);
    const std::int64_t from = ring.set(static_cast<std::size_t>(cell), Volts(volts));
    const std::int64_t at =
        rig.hear(fmt::format("bench/pack1_module{}/cell_{:02}_voltage", 1 + cell / 6, 1 + cell % 6),
                 [&](const auto& p) {
                   return std::abs(std::strtod(p.c_str(), nullptr) - volts) < kStepVolts / 3;
                 });
    if (at == 0) return false;
    ms.push_back(to_ms(at - from));
  }
  const std::int64_t cpu = cpu_ns(rig.gateway->pid()), at = now_ns();
  rig.idle_for(5000);
  const double share =
      static_cast<double>(cpu_ns(rig.gateway->pid()) - cpu) / static_cast<double>(now_ns() - at);
  Figures figures("wired", name);
  figures.add("poll_ms", 1000 * poll_s, 0).count("steps", ms.size());
  for (const int percent : {50, 99}) {
    figures.add(fmt::format("p{}_ms", percent), percentile(ms, percent), 1);
    figures.add(fmt::format("p{}_ratio", percent), percentile(ms, percent) / 1000 / poll_s, 2);
  }
  figures.add("goal_ratio", kStepGoal, 1).add("cpu_percent", 100 * share, 2);
  figures.truth("goal_met", percentile(ms, 99) / 1000 <= kStepGoal * poll_s).print();
  rig.gateway->end(SIGTERM);
  return true;
}

// ---- a loop with slow transfers beside it

std::string slow_nodes_config() {
  std::string text = "[[spi_nodes]]\nid = \"nodes\"\nprotocol = \"v2\"\npoll_interval_s = 0.2\n";
  for (int n = 0; n < kSlowNodes; ++n)
    text += fmt::format("[[spi_nodes.node]]\ncell = {}\ndevice = \"/dev/spidev0.{}\"\n", n + 1, n);
  return text + fmt::format(
                    "[[pack]]\nid = \"pack1\"\nchemistry = \"nmc\"\ncells_in_series = {}\n"
                    "source = \"nodes/cells\"\n",
                    kSlowNodes);
}

/// The gateway, and beside it a thread with nothing to do: what both suffer is the machine's.
int run_slow_gateway(const std::string& config, const std::string& lag_file) {
  SlowController controller(kSlowNodes, kTransferNs);
  LagWatch gateway, machine;
  LoopThread idle;
  idle.run([&] { idle.spawn(machine.run(kLagWarmUpS)); });
  const int status = run_gateway_child(config, "/dev/null", [&](Resources& resources) {
    boost::asio::co_spawn(resources.executor, gateway.run(kLagWarmUpS), boost::asio::detached);
    resources.open_spi = [&, executor = resources.executor](const SpiOpening& how) {
      return controller.open(executor, how.device);
    };
  });
  idle.stop();
  std::ofstream(lag_file) << '{' << gateway.figures("loop") << ',' << machine.figures("idle_loop")
                          << ",\"transfers\":" << controller.transfers() << '}';
  return status;
}

bool measure_lag(const WorkFolder& folder) {
  const std::string name = "slow_transfers", lag_file = folder / "lag.json";
  Rig rig(folder, name, {"/proc/self/exe", "--slow-spi", "@CONFIG@", lag_file},
          [&](int broker) { return site_config(folder, name, broker) + slow_nodes_config(); });
  if (!rig.hear_value(fmt::format("bench/pack1/cell_{:02}_voltage", kSlowNodes))) return false;
  rig.idle_for(static_cast<int>(1000 * (kLagWarmUpS + kLagS)));
  rig.gateway->end(SIGTERM);
  const Json lag = Json::parse(std::ifstream(lag_file), nullptr, false);
  if (!lag.is_object()) return false;
  Figures figures("wired", name);
  for (const auto& [key, value] : lag.items())
    key == "transfers" ? figures.count(key, value) : figures.add(key, value);
  figures.add("goal_loop_p99_ms", kLagGoalMs, 0);
  figures.truth("goal_met", lag["loop_p99_ms"] < kLagGoalMs).print();
  return true;
}

}  // namespace

/// No argument: everything; "ring", "nodes", "cpu", "lag" or "step": that alone.
int main(int argc, char** argv) {
  if (argc == 4 && std::string_view(argv[1]) == "--slow-spi")
    return run_slow_gateway(argv[2], argv[3]);
  setenv("BATTERY2MQTT_PROFILES", B2M_SOURCE_DIR "/config/profiles", 1);
  const std::string only = argc > 1 ? argv[1] : "";
  const auto is_wanted = [&](std::string_view name) { return only.empty() || only == name; };
  const WorkFolder folder;
  bool is_done = true;
  if (is_wanted("ring")) {
    is_done &= measure_bare_ring(folder);
    for (const int modules : {1, 16, kFullRing}) is_done &= measure_ring(folder, modules);
  }
  if (is_wanted("nodes")) {
    is_done &= measure_nodes(folder, "nodes_16", false);
    is_done &= measure_nodes(folder, "nodes_16_shared_select", true);
  }
  if (is_wanted("cpu")) {
    is_done &= measure_cpu(folder, "gateway_62_full_speed", 0);
    is_done &= measure_cpu(folder, "gateway_62", 0.5);
  }
  if (is_wanted("lag")) is_done &= measure_lag(folder);
  if (is_wanted("step")) {
    is_done &= measure_step(folder, "step", 0.5);
    is_done &= measure_step(folder, "step_fast", 0.1);
  }
  return is_done ? 0 : 1;
}
