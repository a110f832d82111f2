// SPDX-License-Identifier: MIT
// A day of virtual time with a ring of four modules that misbehaves by a seed: what is said of them
// must have been so, and no cell may be bled for longer than somebody has asked for.
#include <algorithm>
#include <deque>
#include <random>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "adapters/tesla_uart/adapter.hpp"
#include "adapters/tesla_uart/conversion.hpp"
#include "adapters/tesla_uart/peer.hpp"
#include "gateway/io/memory_network.hpp"
#include "gateway/io/memory_serial.hpp"
#include "tests/support/running.hpp"
#include "tests/support/wired_rig_day.hpp"

namespace b2m::tesla_uart {
namespace {

using namespace std::chrono_literals;
using test::Running;
using test::VirtualClock;
using test::WiredDay;

constexpr int kModules = 4, kCellsOfModule = 6;
constexpr double kPoll_s = 10;
constexpr SteadyDuration kLastReply = 2s;  // of a module that has just fallen silent
constexpr SteadyDuration kTimer = 12s;     // of the chip

class RingDay {
 public:
  explicit RingDay(std::uint64_t seed) : random_(seed) {
    for (int i = 0; i < kModules; ++i) cells_.push_back(&peer_.add_fixed());
    answering_ = std::make_unique<Running<>>(clock_, peer_.run(line_.device()));
    day_.heard = [this](const Report& report) { check(report); };
    day_.start(make(), {"tesla_uart", "modules"});
    next_fault_ = next_command_ = clock_.now() + 30s;
  }
  ~RingDay() { answering_->cancel(); }

  void run(SteadyDuration time) {
    for (const SteadyTime end = clock_.now() + time; clock_.now() < end;) {
      if (clock_.now() >= next_fault_) bring_fault();
      if (clock_.now() >= next_command_) bring_command();
      if (is_unplugged_ && clock_.now() >= plugged_in_at_) plug_in();
      move_cells();
      day_.second();
      peer_.advance_to(clock_.now());
      note_registers();
      check_bleeds();
    }
  }

  VirtualClock clock_;
  PointTable points_;
  WiredDay day_{clock_, points_};
  long values_ = 0, faults_ = 0;

 private:
  using Raw = std::array<std::uint16_t, kCellsOfModule>;

  std::unique_ptr<Adapter> make() {
    TeslaSettings s;
    s.id = "wired";
    s.port = "/dev/serial/by-id/tesla";
    s.modules = kModules;
    s.poll_interval_s = kPoll_s;
    s.bleed_timer_s = to_seconds(kTimer);
    const auto open = [this](const std::string&, int) { return line_.open(); };
    resources_ = std::make_unique<Resources>(
        Resources{clock_.executor(), clock_, points_, {}, network_, {}, open});
    return *make_tesla_uart(s, *resources_);
  }

  /// No two cells alike, and none the same for long.
  void move_cells() {
    for (peer::FixedCells* module : cells_)
      for (Volts& volts : module->voltages)
        volts = Volts(std::clamp(volts.value + among(-50, 50) / 10'000.0, 3.4, 4.0));
  }

  int among(int low, int high) { return std::uniform_int_distribution(low, high)(random_); }

  void bring_fault() {
    using enum RingFaultKind;
    static constexpr RingFaultKind kKinds[] = {dead,          deaf,
                                               broken,        noise,
                                               byte_loss,     corrupt,
                                               drip,          board_reset,
                                               stuck,         open_sensor,
                                               cell_voltage,  shorted_sensor,
                                               weak_cell,     cell_temperature,
                                               no_data_ready, extra_module,
                                               echo,          late,
                                               unplug};
    RingFault fault;
    fault.kind = kKinds[static_cast<std::size_t>(among(0, std::size(kKinds) - 1))];
    fault.module = among(0, kModules);
    fault.cell = among(0, kSensors);
    fault.lasts = std::chrono::milliseconds(1 << among(8, 17));
    ++faults_;
    next_fault_ = clock_.now() + std::chrono::seconds(among(5, 300));
    if (fault.kind == unplug) return unplug_for(fault.lasts);
    if (fault.kind == cell_voltage) fault.value = among(200, 440) / 100.0;
    note_registers();
    peer_.inject(fault);
    note_silence(fault);
  }

  void unplug_for(SteadyDuration time) {
    line_.unplug();
    is_unplugged_ = true;
    plugged_in_at_ = std::max(plugged_in_at_, clock_.now() + time);
    for (int m = 0; m < kModules; ++m) silent(m, time);
  }
  void plug_in() {
    line_.plug_in();
    is_unplugged_ = false;
  }

  void note_silence(const RingFault& fault) {
    using enum RingFaultKind;
    const bool is_mute = fault.kind == dead || fault.kind == deaf || fault.kind == broken;
    if (!is_mute) return;
    for (int m = 0; m < kModules; ++m)
      if (fault.module == 0 || fault.kind == broken || fault.module == m + 1)
        silent(m, fault.lasts);
  }
  void silent(int module, SteadyDuration time) {
    Silence& s = silences_[static_cast<std::size_t>(module)];
    if (clock_.now() > s.until) s.since = clock_.now();
    s.until = std::max(s.until, clock_.now() + time);
  }

  void bring_command() {
    next_command_ = clock_.now() + std::chrono::seconds(among(20, 400));
    const Site& site = day_.site();
    if (among(0, 3) == 0) return day_.command(day_.slot("balancing"), among(0, 3) > 0 ? 1 : 0);
    const DeviceId module = site.modules(day_.pack())[static_cast<std::size_t>(among(0, 3))];
    day_.command(site.slot(module, point::cell_bleed, among(0, kCellsOfModule - 1)),
                 among(0, 3) > 0 ? 1 : 0);
  }

  [[nodiscard]] Raw registers(std::size_t place) const {
    Raw raw{};
    for (std::size_t c = 0; c < raw.size(); ++c) {
      const auto reg = static_cast<std::uint8_t>(3 + 2 * c);
      raw[c] = static_cast<std::uint16_t>(peer_.register_of(place, reg) << 8 |
                                          peer_.register_of(place, reg + 1));
    }
    return raw;
  }

  /// What each address has had lately, and when.
  void note_registers() {
    for (std::size_t place = 0; place < peer_.modules(); ++place) {
      const int address = peer_.address(place);
      if (address == 0) continue;
      auto& list = had_[address];
      const Raw raw = registers(place);
      if (!list.empty() && list.back().second == raw)
        list.back().first = clock_.now();
      else
        list.emplace_back(clock_.now(), raw);
      while (clock_.now() - list.front().first > from_seconds(3 * kPoll_s)) list.pop_front();
    }
  }

  void check(const Report& report) {
    const Device& device = day_.site().device(report.target.device);
    if (device.kind != DeviceKind::module) return;
    const int number = device.slug.back() - '0';
    note_registers();
    for (const Sample& s : report.samples)
      if (s.row == point::cell_voltage.row && s.quality == Quality::good) {
        ++values_;
        check_cell(number, s.index, s.value);
      }
  }

  void check_cell(int number, int cell, double value) {
    const auto c = static_cast<std::size_t>(cell);
    const auto& list = had_[number];
    const bool was_so = std::ranges::any_of(
        list, [&](const auto& had) { return std::abs(to_cell(had.second[c]) - value) < 1e-6; });
    if (!was_so)
      day_.complain(fmt::format("module {} cell {} never had {:.4f} V", number, cell + 1, value));
    const Silence& silence = silences_[static_cast<std::size_t>(number - 1)];
    if (clock_.now() < silence.until && clock_.now() - silence.since > kLastReply)
      day_.complain(fmt::format("module {} is silent, but its cell {} has {:.4f} V", number,
                                cell + 1, value));
  }
  static double to_cell(std::uint16_t raw) { return raw * 6.25 / 16383; }

  void check_bleeds() {
    for (std::size_t place = 0; place < kModules; ++place)
      for (std::size_t cell = 0; cell < kCellsOfModule; ++cell) {
        SteadyTime& since = bled_since_[place * kCellsOfModule + cell];
        if (!peer_.is_bleeding(place, cell)) {
          since = SteadyTime::max();
          continue;
        }
        since = std::min(since, clock_.now());
        ++day_.seen["bled seconds"];
        const auto until =
            day_.may_bleed_until(static_cast<int>(place) + 1, static_cast<int>(cell));
        if (clock_.now() > until)
          day_.complain(fmt::format("module {} cell {} is bled {:.1f} s too long", place + 1,
                                    cell + 1, to_seconds(clock_.now() - until)));
        const Silence& silence = silences_[place];
        if (clock_.now() < silence.until &&
            clock_.now() - std::max(silence.since, since) > kTimer + kLastReply)
          day_.complain(fmt::format("module {} is bled without its timer", place + 1));
      }
  }

  struct Silence {
    SteadyTime since{}, until{};
  };

  std::mt19937_64 random_;
  MemorySerial line_{clock_.executor(), clock_};
  MemoryNetwork network_{clock_.executor(), clock_};
  RingPeer peer_{clock_};
  std::vector<peer::FixedCells*> cells_;
  std::unique_ptr<Resources> resources_;
  std::unique_ptr<Running<>> answering_;
  std::map<int, std::deque<std::pair<SteadyTime, Raw>>> had_;  // [address]
  std::array<Silence, kModules> silences_{};
  std::array<SteadyTime, kModules * kCellsOfModule> bled_since_{};
  SteadyTime next_fault_{}, next_command_{}, plugged_in_at_{};
  bool is_unplugged_ = false;
};

/// In eight parts, each with faults of its own, so that they can run side by side.
class TeslaDay : public testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(EveryThreeHours, TeslaDay, testing::Range<std::uint64_t>(1, 9));

TEST_P(TeslaDay, NothingIsSaidThatWasNotSoAndNothingIsBledTooLong) {
  RingDay day(GetParam());

  day.run(3h);

  for (const std::string& what : day.day_.broken) ADD_FAILURE() << what;
  auto& seen = day.day_.seen;
  EXPECT_GT(day.values_, 4'000);
  EXPECT_GT(day.faults_, 25);
  EXPECT_GT(seen["bleed orders"], 20);
  EXPECT_GT(seen["bled seconds"], 50);
  EXPECT_GT(seen["seconds with all cells"], 1800);
  EXPECT_GT(seen["seconds without a cell"], 60);
  for (const auto& [what, count] : seen) RecordProperty(what, static_cast<int>(count));
}

}  // namespace
}  // namespace b2m::tesla_uart
