// SPDX-License-Identifier: MIT
// The other side of the Tesla adapter: boards in a ring, each a monitor chip behind a bridge that
// repeats every byte to the next one. Speaks the real bytes on a stream, keeps the time of the real
// line on request, and can be made to fail.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/tesla_uart/peer_cells.hpp"
#include "gateway/io/byte_stream.hpp"

namespace b2m::tesla_uart {

/// What bridges take for a whole read request.
enum class ReadForm { both, without_checksum, with_checksum };
inline constexpr std::string_view kReadForms[] = {"both", "without_checksum", "with_checksum"};

struct RingPeerSettings {
  std::string id = "ring";  // in what it says
  ReadForm read_form = ReadForm::both;
  bool is_paced = false;  // bytes take their time on the line
  int baud = 612'500;
  SteadyDuration turnaround{};  // of a bridge, before its data
  SteadyDuration conversion{};  // on top of the chip's own time for its inputs
  SteadyDuration gap = std::chrono::milliseconds(5);  // a silence ends an unfinished request
  Ohms bleed{33};
  Ohms wiring{0.1};                                      // of a sense wire
  SteadyDuration settle = std::chrono::milliseconds(1);  // time constant of the inputs
  std::uint64_t seed = 1;                                // of noise and loss
};

/// What can go wrong; docs/simulated-hardware.md says what each kind does.
enum class RingFaultKind {
  dead,
  deaf,
  broken,
  noise,
  byte_loss,
  corrupt,
  drip,
  swapped,
  board_reset,
  stuck,
  open_sensor,
  shorted_sensor,
  cell_temperature,
  cell_voltage,
  weak_cell,
  no_data_ready,
  extra_module,
  echo,
  late,
  unplug,
};
inline constexpr std::string_view kRingFaultKinds[] = {
    "dead",
    "deaf",
    "broken",
    "noise",
    "byte_loss",
    "corrupt",
    "drip",
    "swapped",
    "board_reset",
    "stuck",
    "open_sensor",
    "shorted_sensor",
    "cell_temperature",
    "cell_voltage",
    "weak_cell",
    "no_data_ready",
    "extra_module",
    "echo",
    "late",
    "unplug",
};

struct RingFault {
  RingFaultKind kind = RingFaultKind::dead;
  int module = 0;               // place in the wiring, from 1; 0: all, or the line
  int cell = 0;                 // or sensor, from 1; 0: all
  std::optional<double> value;  // volts, degrees, milliohms, seconds, share or place, by kind
  SteadyDuration lasts = SteadyDuration::max();
};

/// Machine-readable lines: "ring id=ring1 module=2 bleed=000101 by=command".
using RingSay = std::function<void(const std::string&)>;

class RingPeer {
 public:
  /// The clock outlives it.
  RingPeer(Clock& clock, RingPeerSettings settings = {}, RingSay say = {});
  ~RingPeer();
  RingPeer(const RingPeer&) = delete;
  RingPeer& operator=(const RingPeer&) = delete;

  /// One more board at the end of the ring, with six cells of the bench from `first` on; the bench
  /// outlives the peer.
  void add(sim::Bench& bench, std::size_t first = 0);
  /// With cells that stay as they are set.
  peer::FixedCells& add_fixed(Volts voltage = Volts(3.7));

  /// Answers until the stream breaks or the caller cancels; may be called again with another one.
  Awaitable<Result<>> run(ByteStream& stream);
  /// False: there is no such board, or `unplug`, which is the stream's business.
  bool inject(const RingFault& fault);
  void clear_faults();

  // What is so, whatever the line says. `module` is a place in the wiring, from 0.
  [[nodiscard]] std::size_t modules() const;
  [[nodiscard]] std::uint8_t address(std::size_t module) const;  // 0: none
  [[nodiscard]] bool is_bleeding(std::size_t module, std::size_t cell) const;
  [[nodiscard]] std::uint8_t register_of(std::size_t module, std::uint8_t reg) const;
  /// The register always says this; empty: what it has.
  void force(std::size_t module, std::uint8_t reg, std::optional<std::uint8_t> value);
  /// Lets bleed timers and comparators see the time while nothing is said.
  void advance_to(SteadyTime now);
  /// Writes to registers that spoil a real chip, of all boards.
  [[nodiscard]] int spoiled() const;
  /// Whole requests heard so far, as the first board got them; the newest thousand.
  [[nodiscard]] const std::vector<std::vector<std::uint8_t>>& requests() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace b2m::tesla_uart
