// SPDX-License-Identifier: MIT
#include "adapters/kasa/wire_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace b2m::kasa {
namespace {

constexpr std::size_t kMaxAlias = 31;
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::uint8_t byte_at(std::string_view text, std::size_t i) {
  return static_cast<std::uint8_t>(text[i]);
}

std::size_t length_by_first(std::uint8_t first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return 2;
  if (first >= 0xE0 && first <= 0xEF) return 3;
  if (first >= 0xF0 && first <= 0xF4) return 4;
  return 0;
}

/// The second byte has fewer values where a shorter form, a surrogate or too large a number begins.
bool is_second(std::uint8_t first, std::uint8_t second) {
  const int low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const int high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  return second >= low && second <= high;
}

/// Bytes of the character that begins at `i`; 0: none does.
std::size_t character_at(std::string_view text, std::size_t i) {
  const std::size_t length = length_by_first(byte_at(text, i));
  if (length == 0 || i + length > text.size()) return 0;
  if (length > 1 && !is_second(byte_at(text, i), byte_at(text, i + 1))) return 0;
  for (std::size_t k = 2; k < length; ++k)
    if ((byte_at(text, i + k) & 0xC0) != 0x80) return 0;
  return length;
}

/// Characters; nothing when it is no UTF-8.
std::optional<std::size_t> characters(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++count) {
    const std::size_t length = character_at(text, i);
    if (length == 0) return std::nullopt;
    i += length;
  }
  return count;
}

nlohmann::json strictly_parsed(std::string_view text) {
  return nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
}

}  // namespace

nlohmann::json parse_json(std::string_view text) {
  auto json = strictly_parsed(text);
  if (!json.is_discarded() || is_utf8(text)) return json;
  return strictly_parsed(mended_utf8(text));
}

const nlohmann::json* member(const nlohmann::json* parent, const char* key) {
  if (parent == nullptr || !parent->is_object()) return nullptr;
  const auto it = parent->find(key);
  return it == parent->end() ? nullptr : &*it;
}

std::optional<double> number(const nlohmann::json* parent, const char* key) {
  const auto* value = member(parent, key);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  const auto n = value->get<double>();
  return std::isfinite(n) ? std::optional(n) : std::nullopt;
}

std::optional<bool> flag(const nlohmann::json* parent, const char* key) {
  const auto* value = member(parent, key);
  if (value != nullptr && value->is_boolean()) return value->get<bool>();
  const auto n = number(parent, key);
  if (n == 0.0) return false;
  if (n == 1.0) return true;
  return std::nullopt;
}

std::string words(const nlohmann::json* parent, const char* key) {
  const auto* value = member(parent, key);
  if (value == nullptr || !value->is_string()) return {};
  return value->get<std::string>();
}

std::string json_string(std::string_view text) { return nlohmann::json(mended_utf8(text)).dump(); }

std::string first_word(std::string text) {
  if (const auto end = text.find(' '); end != std::string::npos) text.resize(end);
  return text;
}

bool is_utf8(std::string_view text) { return characters(text).has_value(); }

std::string mended_utf8(std::string_view text) {
  std::string good;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = character_at(text, i);
    good.append(length == 0 ? "?" : text.substr(i, length));
    i += length == 0 ? 1 : length;
  }
  return good;
}

Result<> check_alias(std::string_view alias) {
  const auto count = characters(alias);
  if (!count) return Error(Errc::malformed, "the new name is no valid UTF-8 text");
  if (*count == 0) return Error(Errc::out_of_range, "the new name is empty");
  if (*count > kMaxAlias)
    return Error(
        Errc::out_of_range,
        fmt::format("the new name has {} characters, a plug takes at most {}", *count, kMaxAlias));
  return {};
}

std::string to_base64(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    const std::size_t here = std::min<std::size_t>(3, text.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) group = group << 8 | (k < here ? byte_at(text, i + k) : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      out += k <= here ? kBase64[group >> (18 - 6 * k) & 63U] : '=';
  }
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  while (!text.empty() && text.back() == '=' && text.size() % 4 != 2) text.remove_suffix(1);
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto value = kBase64.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 6 | static_cast<std::uint32_t>(value)) & 0xFFFFFFU;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xFFU);
  }
  return out;
}

}  // namespace b2m::kasa
