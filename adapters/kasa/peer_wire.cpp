// SPDX-License-Identifier: MIT
#include "adapters/kasa/peer_wire.hpp"

#include <algorithm>
#include <string_view>

#include "adapters/kasa/peer_http.hpp"

namespace b2m::kasa::peer {
namespace {

constexpr std::size_t kHeader = 4;

Octets octets(std::string_view text) { return {text.begin(), text.end()}; }

Octets cut(const PeerDevice& device, Octets reply) {
  if (device.has(PlugFaultKind::reset)) reply.resize(reply.size() / 2);
  return reply;
}

}  // namespace

Octets spoil_frame(const PeerDevice& device, Octets reply) {
  if (device.has(PlugFaultKind::garbage)) return {0, 0, 0, 5, 0x12, 0xFE, 0x00, 0x7F, 0x99};
  if (device.has(PlugFaultKind::huge_header)) {
    const Octets hundred_megabytes{0x06, 0x40, 0x00, 0x00};
    std::ranges::copy(hundred_megabytes, reply.begin());
  }
  if (device.has(PlugFaultKind::truncated)) {  // framed well, but half of the text is missing
    reply.resize(kHeader + (reply.size() - kHeader) / 2);
    reply[2] = static_cast<std::uint8_t>((reply.size() - kHeader) >> 8);
    reply[3] = static_cast<std::uint8_t>(reply.size() - kHeader);
  }
  return cut(device, std::move(reply));
}

Octets spoil_http(const PeerDevice& device, Octets reply) {
  if (device.has(PlugFaultKind::garbage)) return octets("\x7f\x13 nonsense\r\n\r\n\x99");
  if (device.has(PlugFaultKind::huge_header))
    return octets("HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\nxxxx");
  if (device.has(PlugFaultKind::truncated)) {
    const std::string_view end = "\r\n\r\n";
    const auto head = std::search(reply.begin(), reply.end(), end.begin(), end.end());
    const auto body = static_cast<std::size_t>(reply.end() - head) - end.size();
    return http_reply(200, Bytes(reply).last(body / 2));
  }
  return cut(device, std::move(reply));
}

}  // namespace b2m::kasa::peer
