// SPDX-License-Identifier: MIT
#include "config/source.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/core.h>

namespace b2m::config {

namespace {

constexpr std::size_t kLargestFile = 1 << 20;
constexpr std::size_t kLongestExcerpt = 160;

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// Bytes of the character at the front; 0 when it is none (overlong forms, surrogates, beyond
/// U+10FFFF).
std::size_t character_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return 1;
  const std::size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  if (!std::all_of(text.begin() + 1, text.begin() + static_cast<std::ptrdiff_t>(length), continues))
    return 0;
  const auto second = static_cast<unsigned char>(text[1]);
  const bool wrong = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
                     (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
  return wrong ? 0 : length;
}

int characters(std::string_view text) {
  return static_cast<int>(
      std::count_if(text.begin(), text.end(), [](char c) { return !continues(c); }));
}

/// Lines of a long string do not show whose value they are.
bool touches_long_string(std::string_view before, std::string_view line) {
  for (const std::string_view quotes : {"\"\"\"", "'''"}) {
    if (line.find(quotes) != std::string_view::npos) return true;
    std::size_t count = 0;
    for (std::size_t at = before.find(quotes); at != std::string_view::npos;
         at = before.find(quotes, at + quotes.size()))
      ++count;
    if (count % 2 == 1) return true;
  }
  return false;
}

std::string hint_for(int error) {
  if (error == ENOENT) return "give its path with -c FILE";
  if (error == EACCES) return "let the user that runs battery2mqtt read it (chmod, chgrp)";
  return {};
}

}  // namespace

bool may_hold_secret(std::string_view line) {
  std::string small(line);
  std::transform(small.begin(), small.end(), small.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  constexpr std::string_view kSigns[] = {"pass",  "pasw",    "psw",    "pw",        "secret",
                                         "token", "api_key", "apikey", "credential"};
  // An address can hold a login in front of its @.
  const std::size_t colon = small.find(':');
  if (colon != std::string::npos && small.find('@', colon) != std::string::npos) return true;
  return std::any_of(std::begin(kSigns), std::end(kSigns), [&small](std::string_view sign) {
    return small.find(sign) != std::string::npos;
  });
}

std::size_t first_bad_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = character_length(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

std::optional<std::string> read_small_file(const std::string& file, std::string& why_not) {
  std::error_code ignored;  // the open below says it better
  if (std::filesystem::exists(file, ignored) && !std::filesystem::is_regular_file(file, ignored)) {
    why_not = std::filesystem::is_directory(file, ignored) ? "it is a folder, not a file"
                                                           : "it is no plain file";
    return std::nullopt;
  }
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  std::string text(kLargestFile + 1, '\0');
  if (!stream || !stream.read(text.data(), static_cast<std::streamsize>(text.size()))) {
    if (!stream.eof()) {
      const int error = errno;
      why_not = std::strerror(error == 0 ? EIO : error);
      if (const std::string hint = hint_for(error); !hint.empty()) why_not += "\n" + hint;
      return std::nullopt;
    }
  }
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() <= kLargestFile) return text;
  why_not = "it is larger than 1 MiB";
  return std::nullopt;
}

Source::Source(std::string file, std::string text)
    : file_(std::move(file)), text_(std::move(text)) {
  line_starts_.push_back(0);
  for (std::size_t at = 0; at < text_.size(); ++at) {
    if (text_[at] == '\n') line_starts_.push_back(at + 1);
  }
}

std::optional<Source> Source::open(const std::string& file, Mistakes& mistakes) {
  std::string why_not;
  std::optional<std::string> text = read_small_file(file, why_not);
  if (!text) {
    const std::size_t end = why_not.find('\n');
    Mistake mistake{.place = {file, 0, 0}, .what = "cannot be read: " + why_not.substr(0, end)};
    if (end != std::string::npos) mistake.hint = why_not.substr(end + 1);
    mistakes.push_back(std::move(mistake));
    return std::nullopt;
  }
  Source source(file, std::move(*text));
  const std::size_t bad = first_bad_utf8(source.text_);
  if (bad == std::string::npos) return source;
  mistakes.push_back({.place = source.place(bad),
                      .what = "this byte is not UTF-8",
                      .hint = "save the file as UTF-8",
                      .hides_line = true});
  return std::nullopt;
}

Place Source::place(std::size_t offset) const {
  const auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  const auto line = static_cast<int>(after - line_starts_.begin());
  return place_in_line(line, offset - *(after - 1) + 1);
}

Place Source::place_in_line(int number, std::size_t byte_column) const {
  return {file_, number, 1 + characters(line(number).substr(0, byte_column - 1))};
}

std::string_view Source::line(int number) const {
  if (number < 1 || static_cast<std::size_t>(number) > line_starts_.size()) return {};
  const std::size_t start = line_starts_[static_cast<std::size_t>(number) - 1];
  std::string_view rest = std::string_view(text_).substr(start);
  rest = rest.substr(0, rest.find('\n'));
  if (!rest.empty() && rest.back() == '\r') rest.remove_suffix(1);
  return rest;
}

std::string Source::excerpt(const Place& place) const {
  const std::string_view shown = line(place.line);
  if (shown.empty() || shown.size() > kLongestExcerpt || may_hold_secret(shown)) return {};
  const auto offset = static_cast<std::size_t>(shown.data() - text_.data());
  if (touches_long_string(std::string_view(text_).substr(0, offset), shown)) return {};
  std::string below;
  int column = 1;
  for (const char c : shown) {
    if (column >= place.column) break;
    if (continues(c)) continue;
    below += c == '\t' ? '\t' : ' ';
    ++column;
  }
  const std::string number = fmt::format("{:>5} | ", place.line);
  return fmt::format("{}{}\n{}| {}^", number, shown, std::string(number.size() - 2, ' '), below);
}

}  // namespace b2m::config
