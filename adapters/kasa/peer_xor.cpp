// SPDX-License-Identifier: MIT
#include "adapters/kasa/peer_xor.hpp"

namespace b2m::kasa::peer {
namespace {

constexpr std::uint8_t kFirstKey = 0xAB;
constexpr std::size_t kHeader = 4;

}  // namespace

std::vector<std::uint8_t> scramble(std::string_view text) {
  std::vector<std::uint8_t> bytes(text.begin(), text.end());
  std::uint8_t previous = kFirstKey;
  for (std::uint8_t& b : bytes) previous = b = static_cast<std::uint8_t>(b ^ previous);
  return bytes;
}

std::string unscramble(Bytes bytes) {
  std::string text;
  std::uint8_t previous = kFirstKey;
  for (const std::uint8_t b : bytes) {
    text += static_cast<char>(b ^ previous);
    previous = b;
  }
  return text;
}

std::vector<std::uint8_t> xor_frame(std::string_view text) {
  std::vector<std::uint8_t> frame;
  for (int shift = 24; shift >= 0; shift -= 8)
    frame.push_back(static_cast<std::uint8_t>(text.size() >> shift));
  const auto body = scramble(text);
  frame.insert(frame.end(), body.begin(), body.end());
  return frame;
}

std::optional<std::string> take_xor_frame(std::vector<std::uint8_t>& received) {
  if (received.size() < kHeader) return std::nullopt;
  std::size_t length = 0;
  for (std::size_t i = 0; i < kHeader; ++i) length = length << 8 | received[i];
  if (received.size() - kHeader < length) return std::nullopt;
  std::string text = unscramble(Bytes(received).subspan(kHeader, length));
  received.erase(received.begin(),
                 received.begin() + static_cast<std::ptrdiff_t>(kHeader + length));
  return text;
}

}  // namespace b2m::kasa::peer
