// SPDX-License-Identifier: MIT
// What a plug sends is believed only as far as it has the right form: JSON with any type in any
// place, broken UTF-8, base64. Nothing here throws.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "gateway/result.hpp"

namespace b2m::kasa {

/// Discarded (`is_discarded()`) when it is no JSON. A name cut within a character does not spoil
/// the reply: broken UTF-8 becomes "?".
nlohmann::json parse_json(std::string_view text);
/// Of an object; nullptr when `parent` is null, no object, or has no such member.
const nlohmann::json* member(const nlohmann::json* parent, const char* key);
/// A finite number.
std::optional<double> number(const nlohmann::json* parent, const char* key);
/// true and false, 1 and 0; nothing else.
std::optional<bool> flag(const nlohmann::json* parent, const char* key);
/// Empty when it is no string.
std::string words(const nlohmann::json* parent, const char* key);
/// The text as a JSON string, with its quotes.
std::string json_string(std::string_view text);
/// "1.0.16 Build 210205 Rel.163735" -> "1.0.16".
std::string first_word(std::string text);

bool is_utf8(std::string_view text);
/// What is no UTF-8 becomes "?".
std::string mended_utf8(std::string_view text);
/// A plug takes 1 to 31 characters.
Result<> check_alias(std::string_view alias);

std::string to_base64(std::string_view text);
/// Empty when it is not base64.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace b2m::kasa
