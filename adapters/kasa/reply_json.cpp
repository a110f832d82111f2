// SPDX-License-Identifier: MIT
#include "adapters/kasa/reply_json.hpp"

#include <cmath>

#include <boost/json/src.hpp>  // the library's own code, in this file alone

#include "adapters/kasa/wire_text.hpp"

namespace b2m::kasa {
namespace json = boost::json;

ReplyJson::ReplyJson(std::string_view text) {
  if (!parse(text) && !is_utf8(text)) (void)parse(mended_utf8(text));
}

bool ReplyJson::parse(std::string_view text) {
  std::array<unsigned char, 256> scratch;  // of the parser, for what it has not finished
  json::parser parser({}, {}, scratch.data(), scratch.size());
  parser.reset(&memory_);
  json::error_code error;
  parser.write(text, error);
  if (!error) root_.emplace(parser.release());
  return !error;
}

const json::value* member(const json::value* parent, std::string_view key) {
  const json::object* object = parent ? parent->if_object() : nullptr;
  return object ? object->if_contains(key) : nullptr;
}

std::optional<double> number(const json::value* parent, std::string_view key) {
  const json::value* value = member(parent, key);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  json::error_code error;
  const auto n = value->to_number<double>(error);
  return !error && std::isfinite(n) ? std::optional(n) : std::nullopt;
}

std::optional<bool> flag(const json::value* parent, std::string_view key) {
  const json::value* value = member(parent, key);
  if (value != nullptr && value->is_bool()) return value->get_bool();
  const auto n = number(parent, key);
  if (n == 0.0) return false;
  if (n == 1.0) return true;
  return std::nullopt;
}

std::string words(const json::value* parent, std::string_view key) {
  const json::value* value = member(parent, key);
  const json::string* text = value ? value->if_string() : nullptr;
  return text ? std::string(std::string_view(*text)) : std::string();
}

}  // namespace b2m::kasa
