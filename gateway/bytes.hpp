// SPDX-License-Identifier: MIT
// Byte views and the only place where byte order is handled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace b2m {

using Bytes = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

constexpr std::uint16_t u16le(Bytes b) { return static_cast<std::uint16_t>(b[0] | b[1] << 8); }
constexpr std::uint16_t u16be(Bytes b) { return static_cast<std::uint16_t>(b[0] << 8 | b[1]); }
constexpr std::uint32_t u32le(Bytes b) {
  return static_cast<std::uint32_t>(u16le(b)) | static_cast<std::uint32_t>(u16le(b.subspan(2)))
                                                    << 16;
}
constexpr std::uint32_t u32be(Bytes b) {
  return static_cast<std::uint32_t>(u16be(b)) << 16 | u16be(b.subspan(2));
}

/// "C80A11", capital hex digits without separators.
inline std::string to_hex(Bytes bytes) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t b : bytes) {
    text += kDigits[b >> 4];
    text += kDigits[b & 15];
  }
  return text;
}

}  // namespace b2m
