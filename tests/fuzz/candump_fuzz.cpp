// SPDX-License-Identifier: MIT
// Any bytes as a candump log; a frame it accepts must survive being written again.
#include <cstdlib>

#include "gateway/io/candump_log.hpp"

namespace {

void check(const b2m::LineCutter::Line& line) {
  using namespace b2m::candump;
  const LogLine parsed = parse_line(line.text);
  if (parsed.kind != LogLine::Kind::frame) return;
  const LogLine again = parse_line(format_line(parsed.record));
  if (again.kind != LogLine::Kind::frame || again.record.frame != parsed.record.frame) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  b2m::LineCutter cutter = b2m::candump::make_cutter();
  b2m::Bytes input(bytes, size);
  while (const auto line = cutter.next(input)) check(*line);
  check(cutter.rest());
  return 0;
}
