// SPDX-License-Identifier: MIT
// Any bytes as a DBC file; what it accepts must also decode any frame.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "adapters/can/dbc.hpp"
#include "adapters/can/decoder.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace b2m;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto reading = can::parse_dbc(text);
  if (!reading.mistakes.empty()) return 0;
  const can::Decoder decoder(reading.dbc);
  std::vector<can::DecodedSignal> out;
  CanFrame frame;
  for (std::size_t i = 0; i < frame.data.size() && i < size; ++i)
    frame.data[i] = bytes[size - 1 - i];
  for (const can::DbcMessage& message : reading.dbc.messages) {
    frame.id = message.id;
    frame.extended = message.extended;
    for (frame.length = 0; frame.length <= frame.data.size(); ++frame.length) {
      out.clear();
      (void)decoder.decode(frame, out);  // only crashes count
    }
  }
  return 0;
}
