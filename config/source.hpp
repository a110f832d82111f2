// SPDX-License-Identifier: MIT
// The text of a configuration file: where an offset stands, and lines to show with a mistake.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/mistake.hpp"

namespace b2m::config {

class Source {
 public:
  Source(std::string file, std::string text);

  /// Nothing, with the mistake, when the file cannot be read, is too large or is not UTF-8.
  static std::optional<Source> open(const std::string& file, Mistakes& mistakes);

  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] Place place(std::size_t offset) const;
  /// Columns count characters here and bytes in `byte_column`; both from 1.
  [[nodiscard]] Place place_in_line(int line, std::size_t byte_column) const;
  /// The line with a caret below; empty where there is none, or where it may hold a secret.
  [[nodiscard]] std::string excerpt(const Place& place) const;

 private:
  [[nodiscard]] std::string_view line(int number) const;

  std::string file_;
  std::string text_;
  std::vector<std::size_t> line_starts_;
};

/// A line that looks as if a password stood in it.
bool may_hold_secret(std::string_view line);
/// The whole of a small file; the error text says why not.
std::optional<std::string> read_small_file(const std::string& file, std::string& why_not);
/// Offset of the first byte that is no UTF-8; npos when all is well.
std::size_t first_bad_utf8(std::string_view text);

}  // namespace b2m::config
