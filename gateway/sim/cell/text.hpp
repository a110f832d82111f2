// SPDX-License-Identifier: MIT
// What experiments and cycles, both read from text, have in common.
#pragma once

#include <string>
#include <string_view>

namespace b2m::sim {

inline bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

inline std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// For an error: nothing that upsets a terminal, not too long.
inline std::string quoted(std::string_view text) {
  constexpr std::size_t kMost = 60;
  std::string shown(text.substr(0, kMost));
  for (char& c : shown)
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  return "\"" + shown + (text.size() > kMost ? "...\"" : "\"");
}

}  // namespace b2m::sim
