// SPDX-License-Identifier: MIT
// The other side of a CAN bus: the BMS boards of our packs, which broadcast their cells, obey
// charge commands and can be made to fail. Their bytes are written by hand from
// docs/protocols/pican2.md, not by the gateway's DBC code, so that a mistake there shows.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/io/can_bus.hpp"
#include "gateway/io/clock.hpp"
#include "gateway/sim/bench.hpp"

namespace b2m::can {

struct PackPeerSettings {
  int part = 1;  // the pack's number on its bus
  std::uint32_t data_id = 0x600;
  std::uint32_t error_id = 0;  // 0: none, here and below
  std::uint32_t charge_id = 0;
  std::uint32_t ack_id = 0;
  SteadyDuration interval = std::chrono::seconds(1);  // each value once in that time
};

/// What can go wrong; docs/simulated-hardware.md says what each kind does.
enum class FaultKind {
  cell_voltage,
  cell_temperature,
  silent,
  error_id,
  bus_off,
  wrong_length,
  remote,
  extended,
  unknown_id,
  frozen,
  spike,
  no_ack,
  ignores_on,
  ignores_off,
  garbage_line,
  unplug,
};
inline constexpr std::string_view kFaultKinds[] = {
    "cell_voltage", "cell_temperature", "silent",       "error_id", "bus_off", "wrong_length",
    "remote",       "extended",         "unknown_id",   "frozen",   "spike",   "no_ack",
    "ignores_on",   "ignores_off",      "garbage_line", "unplug",
};

struct Fault {
  FaultKind kind = FaultKind::silent;
  int pack = 0;                 // a part; 0: all
  int cell = 0;                 // from 1; 0: all
  std::optional<double> value;  // volts, degrees, raw number, length or id, by kind
  SteadyDuration lasts = SteadyDuration::max();
};

/// Machine-readable lines about what the boards do: "bms part=1 charging=on".
using Say = std::function<void(const std::string&)>;

class PackPeer;

/// All boards on one bus.
class BusPeer {
 public:
  BusPeer(Clock& clock, Say say);
  ~BusPeer();

  void add(const PackPeerSettings& settings, sim::Bench& bench);
  /// Broadcasts and obeys until the bus breaks or the caller cancels.
  Awaitable<Result<>> run(CanBus& bus);
  /// From now on, for as long as it lasts.
  void inject(const Fault& fault);
  void clear_faults();
  [[nodiscard]] bool has(int part) const;

 private:
  Awaitable<Result<>> broadcast(CanBus& bus);
  Awaitable<Result<>> listen(CanBus& bus);
  Awaitable<Result<>> fail_bus(CanBus& bus);

  Clock& clock_;
  Say say_;
  std::vector<std::unique_ptr<PackPeer>> packs_;
  SteadyTime bus_off_until_{};
  bool is_bus_off_ = false;
};

}  // namespace b2m::can
