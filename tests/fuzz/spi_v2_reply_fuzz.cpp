// SPDX-License-Identifier: MIT
// Any bytes as what came back while a request went out, and as a request. What is accepted must
// survive being written again, and its payload must be readable as every kind.
#include <algorithm>
#include <cstdlib>

#include "adapters/spi_nodes/v2.hpp"

namespace {

using namespace b2m;
using namespace b2m::spi_nodes;

void demand(bool claim) {
  if (!claim) std::abort();
}

void read_all(const V2Payload& payload) {
  const V2Read read = read_payload(payload);
  demand(read_payload(to_payload(read)).flags == read.flags);
  demand(to_payload(stats_payload(payload)) == payload);
  demand(to_payload(raw_payload(payload)) == payload);
  demand(to_payload(identity_payload(payload)) == payload);
  demand(to_payload(bleed_payload(payload)) == payload);
  demand(!inhibit_reason(bleed_payload(payload).reason).empty());
}

void check_reply(Bytes miso, Bytes mosi) {
  const V2Parsed parsed = parse_reply(miso, mosi);
  demand(!to_string(parsed.fault).empty());
  if (parsed.fault != V2Fault::none) return;
  demand(std::ranges::equal(encode(parsed.reply), miso));
  demand(!to_string(parsed.reply.status).empty());
  read_all(parsed.reply.payload);
}

/// The checksum put right, so that more gets behind it.
void check_mended(Bytes miso, Bytes mosi) {
  if (miso.size() != kV2Bytes) return;
  V2Frame frame;
  std::ranges::copy(miso, frame.begin());
  frame[1] = kV2ReplyStart;
  const std::uint32_t crc = crc32(Bytes(frame).subspan(1, 10));
  for (std::size_t i = 0; i < 4; ++i)
    frame[11 + i] = static_cast<std::uint8_t>(crc >> (24 - 8 * i));
  demand(parse_reply(frame, mosi).fault == V2Fault::none);
  check_reply(frame, mosi);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const Bytes input(bytes, size);
  const Bytes miso = input.first(std::min(size, kV2Bytes));
  const Bytes mosi = input.subspan(miso.size());
  check_reply(input, input);
  check_reply(miso, mosi);
  check_mended(miso, mosi);
  if (const auto request = parse_request(miso)) demand(std::ranges::equal(encode(*request), miso));
  return 0;
}
