// SPDX-License-Identifier: MIT
#include "discovery/exposes.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "discovery/home_assistant.hpp"
#include "discovery/text.hpp"
#include "discovery/value.hpp"

namespace b2m::discovery {
namespace {

constexpr int kPublished = 1, kSettable = 2;  // bits of `access`
constexpr std::string_view kTypes[] = {"numeric", "binary", "enum", "text", "timestamp", "event"};
constexpr std::string_view kCategories[] = {"", "diagnostic", "config"};
/// A kind that says nothing of its range has one beyond this.
constexpr double kNoLimit = 1e11;

/// JSON written straight to text: a list of 1,000 cells has no use for a document in memory.
class Writer {
 public:
  void open(char bracket) {
    comma();
    out_ += bracket;
    is_first_ = true;
  }
  void close(char bracket) {
    out_ += bracket;
    is_first_ = false;
  }
  void key(std::string_view name) {
    comma();
    append_json_string(out_, name);
    out_ += ':';
    is_first_ = true;  // no comma before the value
  }
  void text(std::string_view value) {
    comma();
    append_json_string(out_, value);
  }
  void number(double value) {
    comma();
    fmt::format_to(std::back_inserter(out_), "{:.12g}", value);
  }
  void boolean(bool value) {
    comma();
    out_ += value ? "true" : "false";
  }
  void text(std::string_view name, std::string_view value) {
    key(name);
    text(value);
  }
  void text_if(std::string_view name, std::string_view value) {
    if (!value.empty()) text(name, value);
  }
  void number(std::string_view name, double value) {
    key(name);
    number(value);
  }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void comma() {
    if (!is_first_) out_ += ',';
    is_first_ = false;
  }
  std::string out_;
  bool is_first_ = true;
};

void write_number(Writer& w, const Entity& entity) {
  w.text_if("unit", entity.row->kind.unit);
  if (std::abs(entity.low) < kNoLimit) w.number("value_min", entity.low);
  if (std::abs(entity.high) < kNoLimit) w.number("value_max", entity.high);
  if (entity.writable) w.number("value_step", step_of(entity));
  w.number("decimals", entity.decimals);
}

void write_values(Writer& w, const Entity& entity) {
  switch (entity.row->kind.type) {
    case ValueType::number:
      return write_number(w, entity);
    case ValueType::on_off: {
      const bool is_bridge_state = entity.row_id == core_row("connection");
      w.text("value_on", is_bridge_state ? "online" : "ON");
      w.text("value_off", is_bridge_state ? "offline" : "OFF");
      return;
    }
    case ValueType::option:
      w.key("values");
      w.open('[');
      for (const std::string_view option : entity.row->kind.options) w.text(option);
      return w.close(']');
    case ValueType::event:
      if (entity.row->platform == Platform::button) w.text("value_press", kPress);
      return;
    default:
      return;
  }
}

void write_entity(Writer& w, const Device& device, const Entity& entity, const Topics& topics) {
  const bool is_button = entity.row->platform == Platform::button;
  w.open('{');
  w.text("key", entity.key);
  w.text("name", entity.name);
  w.text("type", is_button ? "button" : kTypes[static_cast<std::size_t>(entity.row->kind.type)]);
  w.number("access", (is_button ? 0 : kPublished) + (entity.writable ? kSettable : 0));
  if (!is_button) w.text("topic", topics.value(device, entity));
  if (entity.writable) w.text("set_topic", topics.set(device, entity));
  write_values(w, entity);
  w.text_if("device_class", entity.row->kind.device_class);
  w.text_if("state_class", entity.row->kind.state_class);
  w.text_if("category", kCategories[static_cast<std::size_t>(entity.row->category)]);
  w.text_if("description", entity.row->help);
  w.close('}');
}

void write_device(Writer& w, const Site& site, const Device& device, const Topics& topics) {
  const auto entities = site.entities(device.id);
  w.open('{');
  w.text("id", device.slug);
  w.text("name", device.name);
  w.text("kind", kDeviceKinds[static_cast<std::size_t>(device.kind)]);
  if (device.kind != DeviceKind::bridge) {
    w.text("parent", site.device(device.parent).slug);
    w.number("cells", device.cells);
    w.text("topic", topics.summary(device.slug));
  }
  w.text_if("model", device.model);
  w.text_if("chemistry", device.chemistry);
  w.text("availability_topic", topics.availability(device.slug));
  if (std::ranges::any_of(entities, &Entity::writable))
    w.text("set_topic", topics.device_set(device.slug));
  w.key("entities");
  w.open('[');
  for (const Entity& entity : entities) write_entity(w, device, entity, topics);
  w.close(']');
  w.close('}');
}

}  // namespace

std::string devices_json(const Site& site, const Topics& topics) {
  Writer w;
  w.open('[');
  for (const Device& device : site.devices()) write_device(w, site, device, topics);
  w.close(']');
  return w.take();
}

}  // namespace b2m::discovery
