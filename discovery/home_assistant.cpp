// SPDX-License-Identifier: MIT
#include "discovery/home_assistant.hpp"

#include <nlohmann/json.hpp>

#include "discovery/value.hpp"
#include "gateway/model/event_types.hpp"

namespace b2m::discovery {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kProgram = "battery2mqtt";
constexpr int kCommandQos = 1;
constexpr std::string_view kPlatforms[] = {"sensor", "binary_sensor", "switch", "number",
                                           "select", "text",          "button", "event"};

/// What a discovery message is about.
struct Subject {
  const Site& site;
  const Device& device;
  const Topics& topics;
};

void add_if(Json& object, const char* key, std::string_view text) {
  if (!text.empty()) object[key] = text;
}

Json options_of(const Entity& entity) {
  Json options = Json::array();
  for (const std::string_view option : entity.row->kind.options) options.push_back(option);
  return options;
}

/// A plain number without unit and classes stays text for Home Assistant: without a state class it
/// would complain about a numeric sensor, and a mean of ordinals means nothing.
bool is_numeric(const Kind& kind) {
  return kind.type == ValueType::number &&
         !(kind.unit.empty() && kind.device_class.empty() && kind.state_class.empty());
}

void add_sensor(Json& c, const Entity& entity) {
  const Kind& kind = entity.row->kind;
  if (kind.type == ValueType::option) {
    c["dev_cla"] = "enum";
    c["ops"] = options_of(entity);
    return;
  }
  add_if(c, "dev_cla", kind.device_class);
  if (!is_numeric(kind)) return;
  add_if(c, "unit_of_meas", kind.unit);
  c["stat_cla"] = kind.state_class.empty() ? "measurement" : kind.state_class;
  c["sug_dsp_prc"] = entity.decimals;
}

void add_binary_sensor(Json& c, const Entity& entity) {
  add_if(c, "dev_cla", entity.row->kind.device_class);
  if (entity.row_id != core_row("connection")) return;
  c["pl_on"] = "online";
  c["pl_off"] = "offline";
}

/// What says that a device is gone, or that something is wrong with it, must not vanish with it.
bool outlives_its_device(const Entity& entity) {
  const Kind& kind = entity.row->kind;
  return kind.device_class == kind::kConnectivity.device_class ||
         kind.device_class == kind::kProblem.device_class ||
         entity.row->platform == Platform::event;
}

void add_availability(Json& c, const Entity& entity, const Subject& m) {
  if (entity.row_id == core_row("connection")) {
    c["avty"] = Json::array();  // or it could never show "off"
  } else if (m.device.kind != DeviceKind::bridge && outlives_its_device(entity)) {
    c["avty"] = Json::array({{{"t", m.topics.availability("bridge")}}});
  }
}

void add_number(Json& c, const Entity& entity) {
  add_if(c, "dev_cla", entity.row->kind.device_class);
  add_if(c, "unit_of_meas", entity.row->kind.unit);
  c["min"] = entity.low;
  c["max"] = entity.high;
  c["step"] = step_of(entity);
  c["mode"] = "box";
}

Json event_types() {
  Json types = Json::array();
  for (const EventType& type : kEventTypes) types.push_back(type.name);
  return types;
}

void add_platform(Json& c, Platform platform, const Entity& entity) {
  switch (platform) {
    case Platform::sensor:
      return add_sensor(c, entity);
    case Platform::binary_sensor:
      return add_binary_sensor(c, entity);
    case Platform::number:
      return add_number(c, entity);
    case Platform::select:
      c["ops"] = options_of(entity);
      return;
    case Platform::text:
      c["max"] = kMaxTextBytes;
      return;
    case Platform::event:
      c["evt_typ"] = event_types();
      return;
    case Platform::switch_:
    case Platform::button:
      return add_if(c, "dev_cla", entity.row->kind.device_class);
  }
}

void add_topics(Json& c, Platform platform, const Entity& entity, const Subject& m) {
  const bool takes_commands = detail::is_writable(platform);
  if (platform != Platform::button) c["stat_t"] = m.topics.value(m.device, entity);
  if (!takes_commands) return;
  c["cmd_t"] = m.topics.set(m.device, entity);
  c["qos"] = kCommandQos;
  if (entity.optimistic && platform != Platform::button) c["opt"] = true;
}

void add_category(Json& c, Platform platform, Category category) {
  const bool takes_commands = detail::is_writable(platform);
  if (category == Category::none) return;
  // "config" on something read-only jams Home Assistant's discovery until its restart.
  c["ent_cat"] = category == Category::config && takes_commands ? "config" : "diagnostic";
}

Json component(Platform platform, const Entity& entity, const Subject& m) {
  Json c;
  c["p"] = to_string(platform);
  c["uniq_id"] = m.topics.device_id(m.device.slug) + "_" + entity.key;
  c["name"] = entity.name;
  add_topics(c, platform, entity, m);
  add_platform(c, platform, entity);
  add_availability(c, entity, m);
  add_category(c, platform, entity.row->category);
  if (!entity.row->enabled) c["en"] = false;
  return c;
}

Json device_block(const Subject& m, const HomeAssistantOptions& options) {
  Json block;
  block["ids"] = Json::array({m.topics.device_id(m.device.slug)});
  block["name"] = m.device.name;
  if (m.device.kind == DeviceKind::bridge) {
    block["mf"] = kProgram;
    block["mdl"] = "Gateway";
    add_if(block, "sw", options.software_version);
  } else {
    add_if(block, "mdl", m.device.model.empty() ? m.device.chemistry : m.device.model);
    block["via_device"] = m.topics.device_id(m.site.device(m.device.parent).slug);
  }
  add_if(block, "cu", options.configuration_url);
  return block;
}

Json origin_block(const HomeAssistantOptions& options) {
  Json block;
  block["name"] = kProgram;
  add_if(block, "sw", options.software_version);
  add_if(block, "url", options.origin_url);
  return block;
}

Json availability(const Subject& m) {
  Json list = Json::array({{{"t", m.topics.availability("bridge")}}});
  if (m.device.kind != DeviceKind::bridge)
    list.push_back({{"t", m.topics.availability(m.device.slug)}});
  return list;
}

}  // namespace

std::string_view to_string(Platform platform) {
  return kPlatforms[static_cast<std::size_t>(platform)];
}

std::optional<Platform> announced_platform(const Entity& entity) {
  const Platform platform = entity.row->platform;
  if (entity.writable || !detail::is_writable(platform)) return platform;
  if (platform == Platform::button) return std::nullopt;
  return platform == Platform::switch_ ? Platform::binary_sensor : Platform::sensor;
}

std::string device_config(const Site& site, const Device& device, const Topics& topics,
                          const HomeAssistantOptions& options) {
  const Subject m{site, device, topics};
  Json components = Json::object();
  for (const Entity& entity : site.entities(device.id))
    if (const auto platform = announced_platform(entity))
      components[entity.key] = component(*platform, entity, m);
  Json config;
  config["dev"] = device_block(m, options);
  config["o"] = origin_block(options);
  config["avty"] = availability(m);
  config["avty_mode"] = "all";
  config["cmps"] = std::move(components);
  return config.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace b2m::discovery
