// SPDX-License-Identifier: MIT
#include "discovery/value.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "discovery/text.hpp"

namespace b2m::discovery {
namespace {

/// Beyond this a fixed number of decimals is no longer a measurement.
constexpr double kMaxNumber = 1e15;
/// The year 2200 in Unix seconds.
constexpr double kMaxTime_s = 7'258'118'400;
constexpr int kMaxDecimals = 9;

void append_option(std::string& out, const Entity& entity, double value) {
  const auto& options = entity.row->kind.options;
  const bool is_one = value >= 0 && value < static_cast<double>(options.size());
  out += is_one ? options[static_cast<std::size_t>(value)] : kUnknown;
}

void append_on_off(std::string& out, const Entity& entity, bool is_on) {
  if (entity.row_id == core_row("connection"))
    out += is_on ? "online" : "offline";
  else
    out += is_on ? "ON" : "OFF";
}

void append_text(std::string& out, std::string_view text) {
  if (text.empty())
    out += kUnknown;  // an empty retained payload would delete the topic
  else
    append_utf8(out, text, kMaxTextBytes);
}

void append_instant(std::string& out, double unix_s) {
  if (!(unix_s >= 0 && unix_s < kMaxTime_s))
    out += kUnknown;
  else
    append_time(out, WallTime{std::chrono::seconds{static_cast<std::int64_t>(unix_s)}});
}

}  // namespace

bool append_number(std::string& out, double value, int decimals) {
  if (!(std::abs(value) <= kMaxNumber)) return false;  // NaN too
  const std::size_t start = out.size();
  fmt::format_to(std::back_inserter(out), "{:.{}f}", value, std::clamp(decimals, 0, kMaxDecimals));
  if (out[start] == '-' && out.find_first_not_of("-0.", start) == std::string::npos)
    out.erase(start, 1);
  return true;
}

double step_of(const Entity& entity) {
  if (entity.row->kind.step > 0) return entity.row->kind.step;
  return std::pow(10, -std::clamp(entity.decimals, 0, 3));  // Home Assistant takes no finer one
}

void append_value(std::string& out, const Entity& entity, const Reading& reading,
                  std::string_view text) {
  if (!reading.is_good()) {
    out += kUnknown;
    return;
  }
  switch (entity.row->kind.type) {
    case ValueType::number:
      if (!append_number(out, reading.value, entity.decimals)) out += kUnknown;
      return;
    case ValueType::on_off:
      return std::isnan(reading.value) ? void(out += kUnknown)
                                       : append_on_off(out, entity, reading.value != 0);
    case ValueType::option:
      return append_option(out, entity, reading.value);
    case ValueType::text:
      return append_text(out, text);
    case ValueType::timestamp:
      return append_instant(out, reading.value);
    case ValueType::event:
      out += kUnknown;  // events have no value
  }
}

std::string format_value(const Entity& entity, const Reading& reading, std::string_view text) {
  std::string out;
  append_value(out, entity, reading, text);
  return out;
}

}  // namespace b2m::discovery
