// SPDX-License-Identifier: MIT
// Lines "key=value" in which a charger's memory is kept over restarts.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace b2m::rules {

class TextWriter {
 public:
  void add(std::string_view key, double value);
  void add(std::string_view key, std::string_view value);
  [[nodiscard]] std::string text() && { return std::move(text_); }

 private:
  std::string text_;
};

/// Whatever is not understood is as if it were not there.
class TextReader {
 public:
  explicit TextReader(std::string_view text);
  [[nodiscard]] std::optional<std::string> text(std::string_view key) const;
  [[nodiscard]] std::optional<double> number(std::string_view key) const;  // finite
  /// The default for a number outside its range.
  [[nodiscard]] double number(std::string_view key, double low, double high, double or_else) const;
  [[nodiscard]] bool flag(std::string_view key) const { return number(key, 0, 1, 0) == 1; }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

/// A finite number and nothing else.
std::optional<double> parse_finite(std::string_view text);

}  // namespace b2m::rules
