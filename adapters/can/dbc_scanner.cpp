// SPDX-License-Identifier: MIT
#include "adapters/can/dbc_scanner.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>

namespace b2m::can {
namespace {

constexpr std::string_view kKeywords[] = {"VERSION",
                                          "NS_",
                                          "BS_",
                                          "BU_",
                                          "BO_",
                                          "SG_",
                                          "VAL_",
                                          "VAL_TABLE_",
                                          "SIG_VALTYPE_",
                                          "SG_MUL_VAL_",
                                          "CM_",
                                          "BA_",
                                          "BA_DEF_",
                                          "BA_DEF_DEF_",
                                          "BA_REL_",
                                          "BA_DEF_REL_",
                                          "BA_DEF_DEF_REL_",
                                          "BO_TX_BU_",
                                          "EV_",
                                          "ENVVAR_DATA_",
                                          "EV_DATA_",
                                          "SIG_GROUP_",
                                          "SGTYPE_",
                                          "SGTYPE_VAL_",
                                          "BA_DEF_SGTYPE_",
                                          "BA_SGTYPE_",
                                          "SIG_TYPE_REF_",
                                          "SIGTYPE_VALTYPE_",
                                          "CAT_DEF_",
                                          "CAT_",
                                          "FILTER",
                                          "BU_SG_REL_",
                                          "BU_EV_REL_",
                                          "BU_BO_REL_",
                                          "NS_DESC_"};

constexpr std::string_view kSpace = " \t\r\n\v\f";

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t more = lead < 0x80 ? 0 : lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    if ((lead >= 0x80 && lead < 0xC2) || lead > 0xF4 || i + more >= text.size()) return false;
    for (std::size_t k = 1; k <= more; ++k)
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
    i += more + 1;
  }
  return true;
}

}  // namespace

bool is_dbc_keyword(std::string_view word) {
  return std::find(std::begin(kKeywords), std::end(kKeywords), word) != std::end(kKeywords);
}

std::string to_utf8(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (is_utf8(text)) return std::string(text);
  std::string converted;
  converted.reserve(text.size() + text.size() / 8);
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x80) {
      converted += c;
      continue;
    }
    converted += static_cast<char>(0xC0 | code >> 6);
    converted += static_cast<char>(0x80 | (code & 0x3F));
  }
  return converted;
}

void DbcScanner::advance(std::size_t count) {
  const std::size_t end = std::min(at_ + count, text_.size());
  for (; at_ < end; ++at_) {
    if (text_[at_] != '\n') continue;
    ++line_;
    line_start_ = at_ + 1;
  }
}

void DbcScanner::skip_space() {
  while (at_ < text_.size()) {
    if (kSpace.find(text_[at_]) != std::string_view::npos)
      advance(1);
    else if (rest().starts_with("//"))  // not in the format, but written by people
      skip_line();
    else
      return;
  }
}

DbcPlace DbcScanner::place() {
  skip_space();
  return {line_, static_cast<int>(at_ - line_start_) + 1};
}

bool DbcScanner::at_end() {
  skip_space();
  return at_ >= text_.size();
}

char DbcScanner::peek() { return at_end() ? '\0' : text_[at_]; }

bool DbcScanner::symbol(char c) {
  if (peek() != c) return false;
  advance(1);
  return true;
}

std::string_view DbcScanner::word() {
  skip_space();
  const std::string_view left = rest();
  const auto end = std::find_if_not(left.begin(), left.end(), is_word);
  const std::string_view found = left.substr(0, static_cast<std::size_t>(end - left.begin()));
  advance(found.size());
  return found;
}

std::optional<std::uint64_t> DbcScanner::unsigned_number() {
  skip_space();
  const std::string_view left = rest();
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(left.data(), left.data() + left.size(), value);
  if (error != std::errc{}) return std::nullopt;
  advance(static_cast<std::size_t>(end - left.data()));
  return value;
}

std::optional<std::int64_t> DbcScanner::signed_number() {
  const bool negative = peek() == '-';
  if (negative || peek() == '+') advance(1);
  const auto magnitude = unsigned_number();
  if (!magnitude) return std::nullopt;
  return static_cast<std::int64_t>(negative ? std::uint64_t{0} - *magnitude : *magnitude);
}

std::optional<double> DbcScanner::real() {
  if (peek() == '+') advance(1);
  skip_space();
  const std::string_view left = rest();
  double value = 0;
  const auto [end, error] = std::from_chars(left.data(), left.data() + left.size(), value);
  if (error != std::errc{} || !std::isfinite(value)) return std::nullopt;
  advance(static_cast<std::size_t>(end - left.data()));
  return value;
}

std::optional<std::string> DbcScanner::quoted() {
  if (peek() != '"') return std::nullopt;
  std::string text;
  for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
    if (text_[i] == '"') {
      advance(i + 1 - at_);
      return text;
    }
    if (text_[i] == '\\' && i + 1 < text_.size() && text_[i + 1] == '"') ++i;
    text += text_[i];
  }
  return std::nullopt;
}

bool DbcScanner::skip_statement() {
  while (!at_end()) {
    if (symbol(';')) return true;
    if (peek() == '"') {
      if (!quoted()) return false;
    } else {
      advance(1);
    }
  }
  return false;
}

void DbcScanner::skip_line() {
  const auto end = text_.find('\n', at_);
  advance(end == std::string_view::npos ? text_.size() - at_ : end + 1 - at_);
}

void DbcScanner::skip_to_statement() {
  while (at_ < text_.size()) {
    skip_line();
    const DbcScanner before = *this;
    if (is_dbc_keyword(word())) {
      *this = before;
      return;
    }
  }
}

}  // namespace b2m::can
