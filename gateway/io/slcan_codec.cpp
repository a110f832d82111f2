// SPDX-License-Identifier: MIT
// Lines of slcan (docs/protocols/can.md, "slcan").
#include "gateway/io/slcan_codec.hpp"

#include <fmt/format.h>

#include "gateway/io/hex_digits.hpp"

namespace b2m::slcan {
namespace {

constexpr int kBitrates[] = {10'000,  20'000,  50'000,  100'000,  125'000,
                             250'000, 500'000, 800'000, 1'000'000};
constexpr std::size_t kStandardDigits = 3;
constexpr std::size_t kExtendedDigits = 8;
constexpr std::size_t kTimeDigits = 4;
constexpr std::uint32_t kMaxStandard = 0x7FF;
constexpr std::uint32_t kMaxExtended = 0x1FFF'FFFF;

bool parse_data(std::string_view text, CanFrame& frame) {
  for (std::size_t i = 0; i < frame.length; ++i) {
    const auto byte = parse_hex(text.substr(2 * i, 2));
    if (!byte) return false;
    frame.data[i] = static_cast<std::uint8_t>(*byte);
  }
  return true;
}

}  // namespace

std::optional<CanFrame> parse_frame(std::string_view line) {
  constexpr std::string_view kLetters = "tTrR";
  if (line.empty() || kLetters.find(line[0]) == std::string_view::npos) return std::nullopt;
  CanFrame frame;
  frame.extended = line[0] == 'T' || line[0] == 'R';
  frame.remote = line[0] == 'r' || line[0] == 'R';
  const std::size_t digits = frame.extended ? kExtendedDigits : kStandardDigits;
  if (line.size() < digits + 2) return std::nullopt;
  const auto id = parse_hex(line.substr(1, digits));
  if (!id || *id > (frame.extended ? kMaxExtended : kMaxStandard)) return std::nullopt;
  frame.id = *id;
  const char length = line[digits + 1];
  if (length < '0' || length > '8') return std::nullopt;
  frame.length = static_cast<std::uint8_t>(length - '0');
  line.remove_prefix(digits + 2);
  const std::size_t data_digits = frame.remote ? 0 : 2U * frame.length;
  if (line.size() != data_digits && line.size() != data_digits + kTimeDigits) return std::nullopt;
  if (line.size() > data_digits && !parse_hex(line.substr(data_digits))) return std::nullopt;
  if (!frame.remote && !parse_data(line, frame)) return std::nullopt;
  return frame;
}

std::string format_frame(const CanFrame& f) {
  const char letter = f.remote ? (f.extended ? 'R' : 'r') : (f.extended ? 'T' : 't');
  std::string text = f.extended ? fmt::format("{}{:08X}{}", letter, f.id, f.length)
                                : fmt::format("{}{:03X}{}", letter, f.id, f.length);
  if (!f.remote) text += to_hex(f.payload());
  return text + kOk;
}

Reply parse_reply(const LineCutter::Line& line) {
  using Kind = Reply::Kind;
  if (line.is_overlong) return {Kind::malformed};
  const std::string_view text = line.text;
  if (line.end == kBell) return {text.empty() ? Kind::refused : Kind::malformed};
  if (text.empty()) return {Kind::ok};
  if (text == "z" || text == "Z") return {Kind::sent};
  if (text[0] == 'V' || text[0] == 'v' || text[0] == 'N') return {Kind::version};
  if (text[0] == 'F' && text.size() == 3) {
    const auto flags = parse_hex(text.substr(1));
    if (flags) return {Kind::flags, {}, static_cast<std::uint8_t>(*flags)};
  }
  if (const auto frame = parse_frame(text)) return {Kind::frame, *frame};
  return {Kind::malformed};
}

std::optional<char> bitrate_digit(int bitrate_bps) {
  char digit = '0';
  for (const int known : kBitrates) {
    if (known == bitrate_bps) return digit;
    ++digit;
  }
  return std::nullopt;
}

std::string known_bitrates() { return fmt::format("{}", fmt::join(kBitrates, ", ")); }

}  // namespace b2m::slcan
