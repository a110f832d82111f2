// SPDX-License-Identifier: MIT
#include "discovery/text.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>

#include <fmt/format.h>

namespace b2m::discovery {
namespace {

/// Length of the UTF-8 character at the start of `text`; 0 when there is none.
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  const std::uint8_t second = byte(1);
  const bool is_overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool is_surrogate = first == 0xED && second > 0x9F;
  const bool is_beyond = first == 0xF4 && second > 0x8F;
  return is_overlong || is_surrogate || is_beyond ? 0 : length;
}

void append_json_character(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      if (static_cast<unsigned char>(c) >= 0x20)
        out += c;
      else
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
  }
}

/// Reads fixed places of digits from the front of a text.
class Digits {
 public:
  explicit Digits(std::string_view text) : text_(text) {}

  int number(std::size_t places) {
    int value = 0;
    if (text_.size() < places) return fail();
    for (std::size_t i = 0; i < places; ++i) {
      if (text_[i] < '0' || text_[i] > '9') return fail();
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(places);
    return value;
  }
  void expect(std::string_view one_of) {
    if (text_.empty() || one_of.find(text_.front()) == std::string_view::npos)
      fail();
    else
      text_.remove_prefix(1);
  }
  bool skip(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  [[nodiscard]] char next() const { return text_.empty() ? '\0' : text_.front(); }
  [[nodiscard]] bool is_done() const { return ok_ && text_.empty(); }

 private:
  int fail() {
    ok_ = false;
    text_ = {};
    return 0;
  }
  std::string_view text_;
  bool ok_ = true;
};

std::chrono::nanoseconds fraction(Digits& digits) {
  std::int64_t value = 0;
  std::int64_t scale = 1'000'000'000;
  if (digits.next() != '.') return {};
  digits.expect(".");
  do {
    const int digit = digits.number(1);
    scale /= 10;  // beyond nanoseconds nothing is added
    value += digit * scale;
  } while (digits.next() >= '0' && digits.next() <= '9');
  return std::chrono::nanoseconds(value);
}

std::chrono::minutes zone(Digits& digits, bool& in_range) {
  if (digits.skip('Z') || digits.skip('z')) return {};
  const bool is_west = digits.next() == '-';
  digits.expect("+-");
  const int hours = digits.number(2);
  digits.skip(':');
  const int minutes = digits.number(2);
  in_range = in_range && hours < 24 && minutes < 60;
  const std::chrono::minutes offset{hours * 60 + minutes};
  return is_west ? -offset : offset;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

void append_utf8(std::string& out, std::string_view text, std::size_t limit) {
  const std::size_t end = out.size() + limit;
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (out.size() + std::max<std::size_t>(length, 1) > end) return;
    if (length == 0)
      out += '?';
    else
      out += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (length == 0)
      out += '?';
    else if (length == 1)
      append_json_character(out, text.front());
    else
      out += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  out += '"';
}

bool nests_deeper(std::string_view json, int limit) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else
        in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > limit) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

void append_time(std::string& out, WallTime time) {
  namespace chrono = std::chrono;
  const auto seconds = chrono::floor<chrono::seconds>(time);
  const auto day = chrono::floor<chrono::days>(seconds);
  const chrono::year_month_day date{day};
  const chrono::hh_mm_ss clock{seconds - day};
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}+00:00",
                 static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                 static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(),
                 clock.seconds().count());
}

std::string format_time(WallTime time) {
  std::string text;
  append_time(text, time);
  return text;
}

std::optional<WallTime> parse_time(std::string_view text) {
  namespace chrono = std::chrono;
  Digits digits(text);
  const chrono::year year{digits.number(4)};
  digits.expect("-");
  const chrono::month month{static_cast<unsigned>(digits.number(2))};
  digits.expect("-");
  const chrono::year_month_day date{year, month,
                                    chrono::day{static_cast<unsigned>(digits.number(2))}};
  digits.expect("Tt ");
  const int hours = digits.number(2);
  digits.expect(":");
  const int minutes = digits.number(2);
  digits.expect(":");
  const int seconds = digits.number(2);
  const auto rest = fraction(digits);
  bool in_range = date.ok() && year >= chrono::year{1970} && year < chrono::year{2200} &&
                  hours < 24 && minutes < 60 && seconds <= 60;
  const auto offset = zone(digits, in_range);
  if (!digits.is_done() || !in_range) return std::nullopt;
  const auto instant = chrono::sys_days{date} + chrono::hours{hours} + chrono::minutes{minutes} +
                       chrono::seconds{seconds} - offset;
  return WallTime{instant} + chrono::duration_cast<WallTime::duration>(rest);
}

}  // namespace b2m::discovery
