// SPDX-License-Identifier: MIT
// CAN over a serial line in ASCII (Lawicel's command set), the host's side, without any I/O.
// Facts: docs/protocols/can.md, "slcan".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/io/can_frame.hpp"
#include "gateway/io/line_cutter.hpp"

namespace b2m::slcan {

inline constexpr char kOk = '\r';
inline constexpr char kBell = '\a';

/// Lines end with CR; BEL is a line of its own. The longest is an extended frame with time stamp.
inline LineCutter make_cutter() { return LineCutter(32, "\r\a\n"); }

/// "t12321122" and the like, with or without the four digits of a time stamp.
std::optional<CanFrame> parse_frame(std::string_view line);
/// The same with its CR. Only data and remote frames of at most 8 bytes can be written.
std::string format_frame(const CanFrame& frame);

/// What an adapter says to its host.
struct Reply {
  enum class Kind { ok, refused, frame, sent, flags, version, malformed };
  Kind kind = Kind::malformed;
  CanFrame frame{};
  std::uint8_t flags = 0;
};
Reply parse_reply(const LineCutter::Line& line);

/// The status flags of command F.
namespace flag {
inline constexpr std::uint8_t kRxFull = 0x01;
inline constexpr std::uint8_t kTxFull = 0x02;
inline constexpr std::uint8_t kWarning = 0x04;
inline constexpr std::uint8_t kOverrun = 0x08;
inline constexpr std::uint8_t kPassive = 0x20;
inline constexpr std::uint8_t kArbitrationLost = 0x40;
inline constexpr std::uint8_t kBusError = 0x80;
}  // namespace flag

/// The digit after S, or nothing when the command set has no such rate.
std::optional<char> bitrate_digit(int bitrate_bps);
/// "10000, 20000, ..." for messages.
std::string known_bitrates();

}  // namespace b2m::slcan
