// SPDX-License-Identifier: MIT
#include "gateway/app/event_publisher.hpp"

#include <utility>

#include <fmt/format.h>

#include "discovery/state_json.hpp"
#include "discovery/text.hpp"

namespace b2m::app {
namespace {

void log_note(const Device& device, const Note& note) {
  if (note.severity == Severity::error) {
    log::error(device.slug, "{}", note.message);
  } else if (note.severity == Severity::warning) {
    log::warn(device.slug, "{}", note.message);
  } else {
    log::info(device.slug, "{}", note.message);
  }
}

}  // namespace

void EventPublisher::publish(DeviceId device, const Note& note) {
  send(device, note, mqtt::Lane::event);
}

void EventPublisher::publish(const Alert& alert) {
  const Entity& entity = site_.entity(alert.slot);
  Note note;
  note.type = alert.active ? "alarm_raised" : "alarm_cleared";
  note.severity = alert.active ? alert.severity : Severity::info;
  note.key = entity.key;
  note.message =
      fmt::format("{} {}: {}", entity.name, alert.active ? "raised" : "cleared", alert.message);
  send(entity.device, note, mqtt::Lane::alert);
}

void EventPublisher::send(DeviceId id, const Note& note, mqtt::Lane lane) {
  const Device& device = site_.device(id);
  log_note(device, note);
  discovery::Event event;
  event.type = note.type;
  event.device = device.slug;
  event.key = note.key;
  event.severity = note.severity;
  event.message = note.message;
  event.time = clock_.wall();
  mqtt::Outgoing message;
  message.topic = topics_.bridge("event");
  message.payload = discovery::event_json(event);
  message.lane = lane;
  message.qos = 1;
  message.coalesce = device.slug + "/" + note.key;
  message.content_type = "application/json";
  const Slot last_event = site_.slot(id, point::last_event);
  if (last_event != kNoSlot) {
    mqtt::Outgoing own = message;
    own.topic = topics_.value(device, site_.entity(last_event));
    own.coalesce += "/entity";
    link_.send(std::move(own));
  }
  link_.send(std::move(message));
}

void EventPublisher::publish_log(log::Level level, std::string_view area, std::string_view text) {
  std::string json = fmt::format(R"({{"level":"{}","area":)", log::to_string(level));
  discovery::append_json_string(json, area);
  json += R"(,"message":)";
  discovery::append_json_string(json, text);
  json += fmt::format(R"(,"time":"{}"}})", discovery::format_time(clock_.wall()));
  mqtt::Outgoing message;
  message.topic = topics_.bridge("logging");
  message.payload = std::move(json);
  message.lane = mqtt::Lane::log;
  message.content_type = "application/json";
  link_.send(std::move(message));
}

}  // namespace b2m::app
