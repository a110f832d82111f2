// SPDX-License-Identifier: MIT
// Lines of candump logs (docs/protocols/can.md, "candump logs").
#include "gateway/io/candump_log.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "gateway/io/hex_digits.hpp"

namespace b2m::candump {
namespace {

using Nanoseconds = std::chrono::nanoseconds;

constexpr std::string_view kSpace = " \t\r";
constexpr std::uint32_t kErrorFlag = 0x2000'0000;
constexpr std::uint32_t kMaxExtended = 0x1FFF'FFFF;
constexpr std::uint32_t kMaxStandard = 0x7FF;
constexpr std::size_t kMaxInterface = 15;
constexpr std::int64_t kMaxSeconds = 9'000'000'000;
constexpr std::size_t kFractionDigits = 9;

/// The next word of `line`, which is taken off.
std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kSpace), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kSpace));
  line.remove_prefix(word.size());
  return word;
}

std::optional<std::int64_t> parse_decimal(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

/// "(1436509052.249713)"
std::optional<Nanoseconds> parse_time(std::string_view word) {
  if (word.size() < 3 || word.front() != '(' || word.back() != ')') return std::nullopt;
  word = word.substr(1, word.size() - 2);
  const std::size_t dot = word.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  std::string fraction(word.substr(dot + 1));
  if (fraction.empty() || fraction.size() > kFractionDigits || fraction[0] == '-')
    return std::nullopt;
  fraction.append(kFractionDigits - fraction.size(), '0');
  const auto seconds = parse_decimal(word.substr(0, dot));
  const auto nanoseconds = parse_decimal(fraction);
  if (!seconds || !nanoseconds || *seconds > kMaxSeconds) return std::nullopt;
  return std::chrono::seconds(*seconds) + Nanoseconds(*nanoseconds);
}

bool parse_id(std::string_view text, CanFrame& frame) {
  const auto id = parse_hex(text);
  if (!id) return false;
  if (text.size() == 3) {
    frame.id = *id;
    return *id <= kMaxStandard;
  }
  if (text.size() != 8) return false;
  frame.error = (*id & kErrorFlag) != 0;
  frame.extended = !frame.error;
  frame.id = frame.error ? *id & ~kErrorFlag : *id;
  return frame.id <= kMaxExtended;
}

/// "R" or "R4": no data, perhaps a length.
bool parse_remote(std::string_view text, CanFrame& frame) {
  frame.remote = true;
  if (text.size() == 1) return true;
  if (text.size() != 2 || text[1] < '0' || text[1] > '8') return false;
  frame.length = static_cast<std::uint8_t>(text[1] - '0');
  return true;
}

/// "2A366C2B" or "2A.36.6C.2B", after eight bytes perhaps "_9" (a raw DLC above 8).
bool parse_data(std::string_view text, CanFrame& frame) {
  while (!text.empty() && frame.length < frame.data.size()) {
    if (text.front() == '.' && frame.length > 0) text.remove_prefix(1);
    const auto byte = parse_hex(text.substr(0, 2));
    if (!byte || text.size() < 2) return false;
    frame.data[frame.length++] = static_cast<std::uint8_t>(*byte);
    text.remove_prefix(2);
  }
  return text.empty() || (text.size() == 2 && text[0] == '_' && parse_hex(text.substr(1)) > 8U);
}

LogLine::Kind parse_frame(std::string_view word, CanFrame& frame) {
  using Kind = LogLine::Kind;
  const std::size_t hash = word.find('#');
  if (hash == std::string_view::npos || !parse_id(word.substr(0, hash), frame))
    return Kind::malformed;
  const std::string_view body = word.substr(hash + 1);
  if (body.starts_with('#')) return Kind::can_fd;
  const bool is_remote = body.starts_with('R') || body.starts_with('r');
  const bool is_good = is_remote ? parse_remote(body, frame) : parse_data(body, frame);
  return is_good ? Kind::frame : Kind::malformed;
}

}  // namespace

LogLine parse_line(std::string_view line) {
  using Kind = LogLine::Kind;
  if (line.find_first_not_of(kSpace) == std::string_view::npos) return {Kind::blank};
  const auto time = parse_time(take_word(line));
  const std::string_view interface = take_word(line);
  if (!time || interface.empty() || interface.size() > kMaxInterface) return {Kind::malformed};
  LogLine result{Kind::malformed, {*time, std::string(interface)}};
  result.kind = parse_frame(take_word(line), result.record.frame);
  const std::string_view direction = take_word(line);
  const bool is_known = direction.empty() || direction == "T" || direction == "R";
  if (!is_known || !take_word(line).empty()) result.kind = Kind::malformed;
  return result;
}

std::string format_line(const Record& record) {
  const CanFrame& f = record.frame;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(record.time);
  const auto micros =
      std::chrono::duration_cast<std::chrono::microseconds>(record.time - seconds).count();
  std::string line = fmt::format("({:010}.{:06}) {} ", seconds.count(), micros, record.interface);
  line += f.extended || f.error ? fmt::format("{:08X}#", f.error ? f.id | kErrorFlag : f.id)
                                : fmt::format("{:03X}#", f.id);
  if (!f.remote) return line + to_hex(f.payload());
  return line + (f.length > 0 ? fmt::format("R{}", f.length) : "R");
}

}  // namespace b2m::candump
