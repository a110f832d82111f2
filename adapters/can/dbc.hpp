// SPDX-License-Identifier: MIT
// DBC files: which bits of which CAN frame mean what. Reading collects every mistake of a file with
// line and column, never throws, and needs no more memory than a small multiple of the file.
// Format facts: docs/protocols/pican2.md, "DBC files".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace b2m::can {

enum class DbcForm : std::uint8_t { integer, float32, float64 };

struct DbcRange {
  std::uint64_t low = 0, high = 0;  // both included
};

/// One entry of a value table: what a raw number is called.
struct DbcValue {
  std::int64_t raw = 0;
  std::string name;
};

struct DbcSignal {
  std::string name;
  std::string unit;
  int start = 0;  // as in the file: of the lowest bit, with Motorola byte order of the highest
  int length = 0;
  bool big_endian = false;
  bool is_signed = false;
  DbcForm form = DbcForm::integer;
  double factor = 1, offset = 0;
  double minimum = 0, maximum = 0;
  bool is_multiplexor = false;
  bool is_multiplexed = false;
  std::string multiplexor;            // whose value decides whether this signal is in the frame
  std::vector<DbcRange> selected_by;  // those values: sorted, apart
  std::vector<DbcValue> values;       // sorted by raw
  int line = 0, column = 0;
};

/// Position of a signal among all signals of all messages of a file, in its order.
using SignalIndex = std::uint32_t;

struct DbcMessage {
  std::uint32_t id = 0;  // without flags
  bool extended = false;
  std::string name;
  int length = 0;  // bytes
  std::vector<DbcSignal> signals;
  int line = 0, column = 0;
  [[nodiscard]] const DbcSignal* find(std::string_view signal) const;
};

struct DbcMistake {
  int line = 0, column = 0;
  std::string what;
  std::string hint;
};

struct Dbc {
  std::string version;
  std::vector<DbcMessage> messages;
  [[nodiscard]] const DbcMessage* find(std::string_view message) const;
};

/// What could be read, and everything that is wrong with it.
struct DbcReading {
  Dbc dbc;
  std::vector<DbcMistake> mistakes;
};

inline constexpr std::size_t kMaxDbcBytes = 4U << 20;
inline constexpr std::size_t kMaxDbcMistakes = 100;

/// UTF-8 or, when it is not that, Latin-1.
DbcReading parse_dbc(std::string_view text);

/// Bits of a payload of at most 8 bytes that a signal covers; bit 8 * byte + bit.
std::uint64_t covered_bits(const DbcSignal& signal);
/// The highest byte that a signal touches, plus one.
int needed_bytes(const DbcSignal& signal);

}  // namespace b2m::can
