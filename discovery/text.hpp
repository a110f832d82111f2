// SPDX-License-Identifier: MIT
// Text as topics and JSON need it: UTF-8, JSON strings, instants by ISO 8601.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/units.hpp"

namespace b2m::discovery {

bool is_utf8(std::string_view text);
/// At most `limit` bytes, never ending within a character; what is not UTF-8 becomes "?".
void append_utf8(std::string& out, std::string_view text, std::size_t limit);
/// With quotes around it; what is not UTF-8 becomes "?".
void append_json_string(std::string& out, std::string_view text);
/// True when JSON text nests objects and arrays deeper than `limit`: hostile input, since writing
/// such a document again takes a stack as deep.
bool nests_deeper(std::string_view json, int limit);
/// "2026-11-21T09:44:47+00:00"
void append_time(std::string& out, WallTime time);
std::string format_time(WallTime time);
/// ISO 8601 with a zone ("Z", "+01:00"), seconds with or without a fraction.
std::optional<WallTime> parse_time(std::string_view text);

}  // namespace b2m::discovery
