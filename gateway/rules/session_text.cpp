// SPDX-License-Identifier: MIT
#include "gateway/rules/session_text.hpp"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace b2m::rules {

void TextWriter::add(std::string_view key, double value) {
  if (std::isfinite(value)) text_ += fmt::format("{}={}\n", key, value);
}

void TextWriter::add(std::string_view key, std::string_view value) {
  text_ += key;
  text_ += '=';
  for (const char c : value) text_ += c == '\n' || c == '\r' ? ' ' : c;
  text_ += '\n';
}

TextReader::TextReader(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    values_.emplace(line.substr(0, equals), line.substr(equals + 1));
  }
}

std::optional<std::string> TextReader::text(std::string_view key) const {
  const auto found = values_.find(key);
  if (found == values_.end()) return std::nullopt;
  return found->second;
}

std::optional<double> TextReader::number(std::string_view key) const {
  const auto value = text(key);
  return value ? parse_finite(*value) : std::nullopt;
}

double TextReader::number(std::string_view key, double low, double high, double or_else) const {
  const auto value = number(key);
  return value && *value >= low && *value <= high ? *value : or_else;
}

std::optional<double> parse_finite(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

}  // namespace b2m::rules
