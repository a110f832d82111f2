// SPDX-License-Identifier: MIT
#include "config/toml_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <sstream>
#include <tuple>
#include <utility>

#include <toml.hpp>

#include "config/nesting.hpp"

namespace b2m::config {

namespace {

/// Where a value stands in the text.
struct Extent {
  std::size_t offset = 0;
  std::string text;
};

/// The library's own line numbers count from the start of the file for every value: too slow.
Extent extent(const toml::value& value) {
  const auto* known =
      dynamic_cast<const toml::detail::region*>(toml::detail::get_region(value));  // NOLINT
  if (!known) return {};
  return {static_cast<std::size_t>(known->first() - known->begin()), known->str()};
}

std::size_t skip_blanks_back(std::string_view text, std::size_t end) {
  while (end > 0 && (text[end - 1] == ' ' || text[end - 1] == '\t')) --end;
  return end;
}

/// Of `key = value`, given the value's; a header and a dotted key stand for themselves.
std::size_t key_offset(std::string_view text, std::size_t value) {
  std::size_t end = skip_blanks_back(text, value);
  if (end == 0 || text[end - 1] != '=') return value;
  end = skip_blanks_back(text, end - 1);
  if (end == 0) return value;
  const char quote = text[end - 1];
  if (quote == '"' || quote == '\'') {
    const std::size_t open = end < 2 ? std::string_view::npos : text.rfind(quote, end - 2);
    return open == std::string_view::npos ? value : open;
  }
  std::size_t start = end;
  while (start > 0 && std::string_view(" \t\n.{,").find(text[start - 1]) == std::string_view::npos)
    --start;
  return start;
}

/// The library lets numbers beyond 64 bits wrap; here they stay at the end of the range.
std::int64_t exact_integer(std::string digits, std::int64_t parsed) {
  digits.erase(std::remove(digits.begin(), digits.end(), '_'), digits.end());
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.erase(0, 1);
  int base = 10;
  if (digits.starts_with("0x")) base = 16;
  if (digits.starts_with("0o")) base = 8;
  if (digits.starts_with("0b")) base = 2;
  if (base != 10) digits.erase(0, 2);
  std::uint64_t magnitude = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), magnitude, base);
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  if (error == std::errc::result_out_of_range || magnitude > kMost)
    return negative ? std::numeric_limits<std::int64_t>::min()
                    : std::numeric_limits<std::int64_t>::max();
  return parsed;
}

class Converter {
 public:
  explicit Converter(const Source& source) : source_(source) {}

  // Bounded by first_too_deep.
  Node convert(const toml::value& value) const {  // NOLINT(misc-no-recursion)
    const Extent where = extent(value);
    Node node = value.is_table() ? convert_table(value) : convert_plain(value, where);
    node.place = source_.place(where.offset);
    return node;
  }

 private:
  Node convert_plain(const toml::value& value, const Extent& where) const {  // NOLINT
    if (value.is_boolean()) return node(value.as_boolean());
    if (value.is_integer()) return node(exact_integer(where.text, value.as_integer()));
    if (value.is_floating()) return node(value.as_floating());
    if (value.is_string()) return node(value.as_string().str);
    if (!value.is_array()) return Node(Node::Kind::date);
    Node list(Node::Kind::list);
    for (const toml::value& item : value.as_array()) list.items.push_back(convert(item));
    return list;
  }

  Node convert_table(const toml::value& value) const {  // NOLINT(misc-no-recursion)
    std::vector<std::pair<std::size_t, Node>> items;
    for (const auto& [key, item] : value.as_table()) {
      const std::size_t offset = extent(item).offset;
      Node converted = convert(item);
      converted.key = key;
      converted.key_place = source_.place(key_offset(source_.text(), offset));
      items.emplace_back(offset, std::move(converted));
    }
    std::stable_sort(items.begin(), items.end(), [](const auto& a, const auto& b) {
      return std::tie(a.first, a.second.key) < std::tie(b.first, b.second.key);
    });
    Node table(Node::Kind::table);
    for (auto& [offset, item] : items) table.items.push_back(std::move(item));
    return table;
  }

  const Source& source_;
};

/// What the library says, without its name and without the lines it quotes.
std::string plain_message(std::string_view message) {
  message = message.substr(0, message.find('\n'));
  if (message.starts_with("[error] ")) message.remove_prefix(8);
  if (message.starts_with("toml::")) {
    const std::size_t end = message.find(": ");
    message = end == std::string_view::npos ? std::string_view() : message.substr(end + 2);
  }
  while (!message.empty() && (message.back() == '.' || message.back() == ' '))
    message.remove_suffix(1);
  return std::string(message);
}

/// The library's column is the line's start; the right one is where its last caret points.
std::size_t caret_column(std::string_view message) {
  const std::size_t caret = message.find_last_of("^~");
  if (caret == std::string_view::npos) return 1;
  const std::size_t line = message.rfind('\n', caret);
  const std::size_t bar = message.find("| ", line == std::string_view::npos ? 0 : line);
  if (bar == std::string_view::npos || bar > caret) return 1;
  const std::size_t mark = message.find_first_of("^~", bar);
  return mark - bar - 1;
}

Mistake syntax_mistake(const Source& source, const toml::syntax_error& error) {
  const std::string_view message = error.what();
  const std::string plain = plain_message(message);
  Mistake mistake;
  mistake.place =
      source.place_in_line(static_cast<int>(error.location().line()), caret_column(message));
  mistake.what = "this is not TOML" + (plain.empty() ? "" : ": " + plain);
  mistake.hint = "look at this line and the one before: a quote, bracket or = may be missing";
  if (plain.find("already exists") != std::string::npos) {
    mistake.what = "given twice: " + plain;
    mistake.hint = "remove one of the two";
  } else if (plain.find("unknown value") != std::string::npos) {
    mistake.hint = "text stands in quotes: key = \"text\"";
  }
  return mistake;
}

}  // namespace

std::optional<Node> read_toml(const Source& source, Mistakes& mistakes) {
  const std::size_t too_deep = first_too_deep(source.text());
  if (too_deep != std::string_view::npos) {
    mistakes.push_back({.place = source.place(too_deep),
                        .what = "tables and lists nest more than 32 deep here",
                        .hint = "no setting needs that; look for a missing bracket"});
    return std::nullopt;
  }
  try {
    std::istringstream stream(source.text());
    Node tree = Converter(source).convert(toml::parse(stream, source.file()));
    tree.place = {source.file(), 0, 0};
    return tree;
  } catch (const toml::syntax_error& error) {
    mistakes.push_back(syntax_mistake(source, error));
  } catch (const std::exception&) {  // its text may quote the file, and so a secret
    mistakes.push_back({.place = {source.file(), 0, 0},
                        .what = "this is not TOML",
                        .hint = "a date, a number or an escape like \\u0041 may be malformed"});
  }
  return std::nullopt;
}

}  // namespace b2m::config
