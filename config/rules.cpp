// SPDX-License-Identifier: MIT
#include "config/rules.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "config/suggest.hpp"

namespace b2m::config {

namespace {

constexpr std::size_t kLongestSlug = 64;

std::string bound(double value, bool hex) {
  if (hex && value >= 0) return fmt::format("0x{:X}", static_cast<std::uint64_t>(value));
  return fmt::format("{}", value);
}

bool is_hex_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace

Rule range(double low, double high) {
  Rule rule;
  rule.low = low;
  rule.high = high;
  return rule;
}

Rule hex_range(double low, double high) {
  Rule rule = range(low, high);
  rule.hex = true;
  return rule;
}

Rule at_least(double low) {
  Rule rule;
  rule.low = low;
  return rule;
}

Rule one_of(std::initializer_list<std::string_view> choices) {
  Rule rule;
  rule.choices.assign(choices.begin(), choices.end());
  return rule;
}

Rule one_of(std::vector<std::string> choices) {
  Rule rule;
  rule.choices = std::move(choices);
  return rule;
}

Rule text_that(std::string_view shape, std::function<bool(std::string_view)> fits) {
  Rule rule;
  rule.shape = shape;
  rule.fits = std::move(fits);
  return rule;
}

bool is_slug(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && text.size() <= kLongestSlug &&
         std::all_of(text.begin(), text.end(), fits);
}

Rule slug() { return text_that("small letters a to z, digits and _, at most 64", is_slug); }

Rule entity_key() {
  return text_that(
      "small letters a to z, digits and _, at most 64, and none of set, availability, history",
      [](std::string_view text) {
        return is_slug(text) && text != "set" && text != "availability" && text != "history";
      });
}

Rule not_empty() {
  return text_that("not empty", [](std::string_view text) { return !text.empty(); });
}

Rule hex_bytes(int most_bytes) {
  return text_that(fmt::format("hex digits, two a byte, 0 to {} bytes", most_bytes),
                   [most_bytes](std::string_view text) {
                     return text.size() % 2 == 0 &&
                            text.size() <= static_cast<std::size_t>(most_bytes) * 2 &&
                            std::all_of(text.begin(), text.end(), is_hex_digit);
                   });
}

std::string describe(const Rule& rule, std::string_view unit) {
  const std::string tail = unit.empty() ? "" : " " + std::string(unit);
  if (!rule.choices.empty()) return join(rule.choices);
  if (rule.low && rule.high)
    return bound(*rule.low, rule.hex) + " to " + bound(*rule.high, rule.hex) + tail;
  if (rule.low) return "at least " + bound(*rule.low, rule.hex) + tail;
  if (rule.high) return "at most " + bound(*rule.high, rule.hex) + tail;
  return rule.shape;
}

bool allows(const Rule& rule, double number) {
  return (!rule.low || number >= *rule.low) && (!rule.high || number <= *rule.high);
}

bool allows(const Rule& rule, std::string_view text) {
  if (!rule.choices.empty())
    return std::find(rule.choices.begin(), rule.choices.end(), text) != rule.choices.end();
  return !rule.fits || rule.fits(text);
}

}  // namespace b2m::config
