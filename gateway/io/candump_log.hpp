// SPDX-License-Identifier: MIT
// Log files of candump -l and -L, line by line, without any I/O.
// Facts: docs/protocols/can.md, "candump logs".
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "gateway/io/can_frame.hpp"
#include "gateway/io/line_cutter.hpp"

namespace b2m::candump {

struct Record {
  std::chrono::nanoseconds time{};  // since 1970, or since the start of the recording
  std::string interface;
  CanFrame frame{};
};

struct LogLine {
  enum class Kind { frame, blank, can_fd, malformed };
  Kind kind = Kind::malformed;
  Record record{};
};

inline LineCutter make_cutter() { return LineCutter(256, "\n"); }

LogLine parse_line(std::string_view line);
/// "(1436509052.249713) can0 044#2A366C2B", without an end of line.
std::string format_line(const Record& record);

}  // namespace b2m::candump
