// SPDX-License-Identifier: MIT
#include "config/nesting.hpp"

#include <algorithm>

namespace b2m::config {

namespace {

constexpr int kDeepest = 32;

/// Offset behind the string that opens at `at`; the end of the text when it never closes.
std::size_t skip_string(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const bool is_long = text.substr(at, 3) == std::string_view(quote == '"' ? "\"\"\"" : "'''");
  std::size_t i = at + (is_long ? 3 : 1);
  for (; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (!is_long && (text[i] == quote || text[i] == '\n')) {
      return i + 1;
    } else if (is_long && text[i] == quote && text.substr(i, 3) == text.substr(at, 3)) {
      return i + 3;
    }
  }
  return text.size();
}

}  // namespace

std::size_t first_too_deep(std::string_view text) {
  int depth = 0;
  int dots = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"' || c == '\'') {
      at = skip_string(text, at);
      continue;
    }
    if (c == '#') {
      at = std::min(text.find('\n', at), text.size());
      continue;
    }
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    if (c == '.') ++dots;
    if (c == '\n' || c == '=' || c == ',') dots = 0;
    if (depth > kDeepest || dots > kDeepest) return at;
    ++at;
  }
  return std::string_view::npos;
}

}  // namespace b2m::config
