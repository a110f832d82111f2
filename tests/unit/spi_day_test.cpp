// SPDX-License-Identifier: MIT
// A day of virtual time with six nodes, old ones and such of protocol v2, that misbehave by a seed:
// what is said of them must have been so, and no cell may be bled for longer than somebody has
// asked for.
#include <algorithm>
#include <cmath>
#include <deque>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "adapters/spi_nodes/adapter.hpp"
#include "adapters/spi_nodes/peer.hpp"
#include "gateway/io/memory_network.hpp"
#include "gateway/io/memory_spi.hpp"
#include "tests/support/wired_rig_day.hpp"

namespace b2m::spi_nodes {
namespace {

using namespace std::chrono_literals;
using test::VirtualClock;
using test::WiredDay;

constexpr int kNodes = 6, kLegacy = 3;
constexpr double kPoll_s = 5;
constexpr SteadyDuration kAge = 20s;       // of what an old node's median is made from
constexpr SteadyDuration kLastReply = 7s;  // an exchange that was under way, and its repetition
// What an old node cannot show: its converter's steps, its cut to centivolts; bleed current in
// wires.
constexpr double kResolution_v = 0.02;
constexpr SteadyDuration kTimer = 30s;       // of a node, at most
constexpr SteadyDuration kExchange = 200ms;  // between an order and its request on the wire

class NodesDay {
 public:
  explicit NodesDay(std::uint64_t seed) : random_(seed) {
    for (int i = 0; i < kNodes; ++i) add(i);
    for (std::uint8_t select = 0; select <= 4; ++select)
      bus_.attach(path(select), [this, select](Bytes mosi) {
        return peer_.exchange(select, mosi, clock_.now());
      });
    day_.heard = [this](const Report& report) { check(report); };
    day_.start(make(), {"spi_nodes", "cells"});
    next_fault_ = next_command_ = clock_.now() + 40s;
  }

  void run(SteadyDuration time) {
    for (const SteadyTime end = clock_.now() + time; clock_.now() < end;) {
      move_cells();
      if (clock_.now() >= next_fault_) bring_fault();
      if (clock_.now() >= next_command_) bring_command();
      if (clock_.now() >= back_at_) come_back();
      day_.second();
      peer_.advance_to(clock_.now());
      check_bleeds();
    }
  }

  VirtualClock clock_;
  PointTable points_;
  WiredDay day_{clock_, points_};
  long values_ = 0, faults_ = 0;

 private:
  /// Old ones alone on 0 to 2; 4 and 5 share line 3; 6 is alone on line 4.
  static std::uint8_t select_of(int node) {
    return static_cast<std::uint8_t>(node < 3 ? node : node == 5 ? 4 : 3);
  }
  static std::string path(int select) { return fmt::format("/dev/spidev0.{}", select); }

  void add(int i) {
    NodeWiring wiring;
    wiring.select = select_of(i);
    wiring.address = static_cast<std::uint8_t>(i + 1);
    wiring.is_legacy = i < kLegacy;
    wiring.serial[5] = static_cast<std::uint8_t>(i);
    cells_.push_back(&peer_.add_fixed(wiring, Volts(3.6 + 0.05 * i)));
  }

  std::unique_ptr<Adapter> make() {
    SpiNodesSettings s;
    s.id = "wired";
    s.poll_interval_s = kPoll_s;
    for (int i = 0; i < kNodes; ++i) {
      NodeSettings& node = s.nodes.emplace_back();
      node.cell = i + 1;
      node.device = path(select_of(i));
      node.protocol = i < kLegacy ? ProtocolChoice::legacy : ProtocolChoice::v2;
      if (i >= kLegacy) node.address = i + 1;
    }
    resources_ = std::make_unique<Resources>(
        Resources{clock_.executor(), clock_, points_, {}, network_, {}, {}, bus_.opener()});
    return *make_spi_nodes(s, *resources_);
  }

  int among(int low, int high) { return std::uniform_int_distribution(low, high)(random_); }

  void move_cells() {
    for (std::size_t i = 0; i < kNodes; ++i) {
      Volts& volts = cells_[i]->volts;
      volts = Volts(std::clamp(volts.value + among(-20, 20) / 10'000.0, 3.4, 4.0));
      note(i, volts.value);
    }
  }
  void note(std::size_t node, double volts) {
    auto& list = had_[node];
    list.emplace_back(clock_.now(), volts);
    while (clock_.now() - list.front().first > kAge) list.pop_front();
  }

  /// Those that a master can see through. Two old nodes that change places look alike.
  void bring_fault() {
    using enum NodeFaultKind;
    static constexpr NodeFaultKind kKinds[] = {
        bit_slip, extra_edge, slow_edges, stuck_high,  stuck_low,   brown_out,        dead,
        noise,    echo,       inverted,   race,        open_sensor, node_temperature, status,
        unplug,   swapped,    wrong_node, node_voltage};
    NodeFault fault;
    fault.kind = kKinds[static_cast<std::size_t>(among(0, std::size(kKinds) - 1))];
    fault.node = among(0, kNodes);
    fault.lasts = std::chrono::milliseconds(1 << among(8, 17));
    ++faults_;
    next_fault_ = clock_.now() + std::chrono::seconds(among(5, 300));
    if (fault.kind == unplug) return vanish(fault.lasts);
    if (fault.kind == swapped || fault.kind == wrong_node) {
      fault.node = among(kLegacy + 1, kNodes - 1);
      fault.value = fault.node + 1;
    }
    // They obey what is meant for their neighbour, until their own timers end that.
    if (fault.kind == wrong_node || fault.kind == swapped)
      for (const int place : {fault.node - 1, fault.node})
        misled_until_[static_cast<std::size_t>(place)] = clock_.now() + fault.lasts + kTimer;
    if (fault.kind == node_voltage) force_voltage(fault);
    if (peer_.inject(fault, clock_.now())) note_silence(fault);
  }

  void force_voltage(NodeFault& fault) {
    fault.value = among(250, 440) / 100.0;
    for (std::size_t i = 0; i < kNodes; ++i)
      if (fault.node == 0 || fault.node == static_cast<int>(i) + 1)
        forced_[i].push_back({clock_.now() + fault.lasts + kAge, *fault.value});
  }

  void vanish(SteadyDuration time) {
    gone_ = path(among(0, 4));
    for (int i = 0; i < kNodes; ++i)
      if (path(select_of(i)) == gone_) silent(static_cast<std::size_t>(i), time);
    bus_.vanish(gone_);
    back_at_ = clock_.now() + time;
    next_fault_ = std::max(next_fault_, back_at_);
  }
  void come_back() {
    bus_.reappear(gone_);
    back_at_ = SteadyTime::max();
  }

  void note_silence(const NodeFault& fault) {
    using enum NodeFaultKind;
    if (fault.kind != dead && fault.kind != stuck_high && fault.kind != stuck_low &&
        fault.kind != echo)
      return;
    for (std::size_t i = 0; i < kNodes; ++i)
      if (fault.node == 0 || fault.node == static_cast<int>(i) + 1) silent(i, fault.lasts);
  }
  void silent(std::size_t node, SteadyDuration time) {
    Silence& s = silences_[node];
    if (clock_.now() > s.until) s.since = clock_.now();
    s.until = std::max(s.until, clock_.now() + time);
  }

  void bring_command() {
    next_command_ = clock_.now() + std::chrono::seconds(among(20, 400));
    const bool is_on = among(0, 3) > 0;
    if (among(0, 3) == 0) return day_.command(day_.slot("balancing"), is_on ? 1 : 0);
    const std::string key = fmt::format("cell_{:02}_bleed", among(kLegacy + 1, kNodes));
    day_.command(day_.slot(key), is_on ? 1 : 0);
  }

  void check(const Report& report) {
    for (const Sample& s : report.samples)
      if (s.row == point::cell_voltage.row && s.quality == Quality::good) {
        ++values_;
        check_cell(s.index, s.value);
      }
  }

  void check_cell(std::size_t i, double value) {
    if (!has_had(i, value)) day_.complain(fmt::format("cell {} never had {:.3f} V", i + 1, value));
    const Silence& silence = silences_[i];
    if (clock_.now() < silence.until && clock_.now() - silence.since > kLastReply)
      day_.complain(fmt::format("cell {} is silent, but has {:.3f} V", i + 1, value));
  }

  bool has_had(std::size_t i, double value) {
    double low = 10, high = 0;
    for (const auto& had : had_[i]) {
      low = std::min(low, had.second);
      high = std::max(high, had.second);
    }
    if (value > low - kResolution_v && value < high + kResolution_v) return true;
    std::erase_if(forced_[i], [&](const auto& f) { return f.first < clock_.now(); });
    return std::ranges::any_of(
        forced_[i], [&](const auto& f) { return std::abs(f.second - value) < kResolution_v; });
  }

  void check_bleeds() {
    for (std::size_t i = 0; i < kNodes; ++i) {
      if (peer_.duty(i) == 0 || clock_.now() < misled_until_[i]) continue;
      ++day_.seen["bled seconds"];
      const SteadyTime may = day_.may_bleed_until(0, static_cast<int>(i));
      if (clock_.now() > may + kExchange)
        day_.complain(fmt::format("cell {} is bled {:.1f} s too long", i + 1,
                                  to_seconds(clock_.now() - may)));
      if (peer_.bleeds_until(i) > may + kExchange)
        day_.complain(fmt::format("the timer of cell {} runs {:.3f} s too long", i + 1,
                                  to_seconds(peer_.bleeds_until(i) - may)));
    }
  }

  struct Silence {
    SteadyTime since{}, until{};
  };

  std::mt19937_64 random_;
  MemorySpi bus_{clock_};
  MemoryNetwork network_{clock_.executor(), clock_};
  NodesPeer peer_;
  std::vector<peer::FixedCell*> cells_;
  std::unique_ptr<Resources> resources_;
  std::array<std::deque<std::pair<SteadyTime, double>>, kNodes> had_;
  std::array<std::vector<std::pair<SteadyTime, double>>, kNodes> forced_;  // until, volts
  std::array<Silence, kNodes> silences_{};
  std::array<SteadyTime, kNodes> misled_until_{};
  SteadyTime next_fault_{}, next_command_{}, back_at_ = SteadyTime::max();
  std::string gone_;
};

TEST(SpiDay, NothingIsSaidThatWasNotSoAndNothingIsBledTooLong) {
  NodesDay day(20'240'229);

  day.run(24h);

  for (const std::string& what : day.day_.broken) ADD_FAILURE() << what;
  auto& seen = day.day_.seen;
  EXPECT_GT(day.values_, 50'000);
  EXPECT_GT(day.faults_, 300);
  EXPECT_GT(seen["bleed orders"], 200);
  EXPECT_GT(seen["bled seconds"], 1000);
  EXPECT_GT(seen["seconds with all cells"], 24 * 3600 / 2);
  EXPECT_GT(seen["seconds without a cell"], 3600);
}

}  // namespace
}  // namespace b2m::spi_nodes
