// SPDX-License-Identifier: MIT
#include "discovery/state_json.hpp"

#include <algorithm>
#include <chrono>

#include "discovery/text.hpp"
#include "discovery/value.hpp"

namespace b2m::discovery {
namespace {

constexpr std::size_t kBytesPerEntity = 32;  // first guess, saves most reallocations

void append_key(std::string& out, std::string_view key) {
  out += '"';
  out += key;
  out += "\":";
}

void append_json_value(std::string& out, const Entity& entity, const Reading& reading,
                       std::string_view text) {
  const ValueType type = entity.row->kind.type;
  if (!reading.is_good()) {
    out += "null";
  } else if (type == ValueType::number) {
    if (!append_number(out, reading.value, entity.decimals)) out += "null";
  } else if (type == ValueType::on_off) {
    out += reading.value != 0 ? "true" : "false";
  } else {
    const std::string value = format_value(entity, reading, text);
    if (value == kUnknown)
      out += "null";
    else
      append_json_string(out, value);
  }
}

}  // namespace

std::string summary_json(const Snapshot& snapshot, const Device& device, WallTime now) {
  const auto entities = snapshot.site().entities(device.id);
  std::string out;
  out.reserve(entities.size() * kBytesPerEntity);
  out += '{';
  SteadyTime newest = SteadyTime::min();
  for (const Entity& entity : entities) {
    if (entity.row->kind.type == ValueType::event) continue;
    const Reading& reading = snapshot[entity.slot];
    append_key(out, entity.key);
    append_json_value(out, entity, reading, snapshot.text(entity.slot));
    out += ',';
    if (reading.is_good()) newest = std::max(newest, reading.time);
  }
  append_key(out, "sampled_at");
  if (newest == SteadyTime::min()) return out += "null}";
  const auto age = std::chrono::duration_cast<WallTime::duration>(snapshot.now() - newest);
  out += '"';
  append_time(out, now - age);
  return out += "\"}";
}

std::string event_json(const Event& event) {
  std::string out = "{\"event_type\":";
  append_json_string(out, event.type);
  out += ",\"device\":";
  append_json_string(out, event.device);
  out += ",\"key\":";
  append_json_string(out, event.key);
  out += ",\"severity\":";
  append_json_string(out, kSeverities[static_cast<std::size_t>(event.severity)]);
  out += ",\"message\":";
  append_json_string(out, event.message);
  out += ",\"time\":\"";
  append_time(out, event.time);
  return out += "\"}";
}

}  // namespace b2m::discovery
