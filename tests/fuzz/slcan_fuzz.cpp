// SPDX-License-Identifier: MIT
// Any bytes from a serial line as slcan; a frame it accepts must survive being written again.
#include <cstdlib>

#include "gateway/io/slcan_codec.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace b2m;
  LineCutter cutter = slcan::make_cutter();
  Bytes input(bytes, size);
  while (const auto line = cutter.next(input)) {
    const slcan::Reply reply = slcan::parse_reply(*line);
    if (reply.kind != slcan::Reply::Kind::frame) continue;
    std::string text = slcan::format_frame(reply.frame);
    text.pop_back();
    if (slcan::parse_frame(text) != reply.frame) std::abort();
  }
  return 0;
}
