// SPDX-License-Identifier: MIT
// Walks through the text of a DBC file word by word and knows where it stands.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace b2m::can {

struct DbcPlace {
  int line = 1, column = 1;
};

class DbcScanner {
 public:
  explicit DbcScanner(std::string_view text) : text_(text) {}

  /// Where the next word begins.
  DbcPlace place();
  [[nodiscard]] bool at_end();
  /// Skips to the next character that is not white space and returns it; 0 at the end.
  char peek();

  bool symbol(char c);
  std::string_view word();  // letters, digits, underscore; empty if there is none
  std::optional<std::uint64_t> unsigned_number();
  std::optional<std::int64_t> signed_number();  // also the upper half of 64 unsigned bits, wrapped
  std::optional<double> real();
  std::optional<std::string> quoted();  // may span lines; empty if it does not begin or end

  /// Behind the next ';' that is not inside quotes; false when the file ends before.
  bool skip_statement();
  void skip_line();
  /// To the next line that begins, after white space, with one of the words a statement begins
  /// with.
  void skip_to_statement();

 private:
  void skip_space();
  void advance(std::size_t count);
  [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
  int line_ = 1;
};

/// Whether a statement of a DBC file begins with this word.
bool is_dbc_keyword(std::string_view word);

/// The text itself when it is UTF-8 (without byte order mark), else converted from Latin-1.
std::string to_utf8(std::string_view text);

}  // namespace b2m::can
