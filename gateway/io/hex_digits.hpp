// SPDX-License-Identifier: MIT
// Strict hexadecimal fields of fixed width, as the text forms of CAN frames use them.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace b2m {

/// Every character must be a digit; at most eight of them.
inline std::optional<std::uint32_t> parse_hex(std::string_view text) {
  constexpr std::size_t kMaxDigits = 8;
  if (text.empty() || text.size() > kMaxDigits) return std::nullopt;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace b2m
