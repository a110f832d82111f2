// SPDX-License-Identifier: MIT
#include "discovery/retraction.hpp"

#include <algorithm>
#include <initializer_list>

#include <nlohmann/json.hpp>

#include "discovery/text.hpp"

namespace b2m::discovery {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kBridgeState = "/bridge/state";
constexpr std::string_view kAvailabilityEnd = "/availability";
constexpr int kMaxNesting = 8;

/// A JSON object; null where the text is anything else.
Json parse_object(std::string_view text) {
  if (text.size() > kMaxConfigBytes || !is_utf8(text) || nests_deeper(text, kMaxNesting))
    return nullptr;
  Json value = Json::parse(text, nullptr, false);
  return value.is_object() ? value : Json(nullptr);
}

/// The member of the first of these names that there is; null if there is none.
const Json& member(const Json& object, std::initializer_list<const char*> names) {
  static const Json kNone;
  if (!object.is_object()) return kNone;
  for (const char* name : names)
    if (const auto at = object.find(name); at != object.end()) return *at;
  return kNone;
}

std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : ""; }

const Json& components_of(const Json& config) { return member(config, {"cmps", "components"}); }
std::string platform_of(const Json& component) {
  return text_of(member(component, {"p", "platform"}));
}
std::string state_topic_of(const Json& component) {
  return text_of(member(component, {"stat_t", "state_topic"}));
}

std::vector<std::string> availability_topics(const Json& config) {
  std::vector<std::string> topics;
  const Json& list = member(config, {"avty", "availability"});
  if (list.is_array())
    for (const Json& item : list)
      if (auto topic = text_of(member(item, {"t", "topic"})); !topic.empty())
        topics.push_back(std::move(topic));
  return topics;
}

std::string base_in(const Json& config) {
  for (const std::string& topic : availability_topics(config))
    if (topic.ends_with(kBridgeState)) return topic.substr(0, topic.size() - kBridgeState.size());
  return {};
}

/// Announces a component of which only the platform is known, well enough to be taken back.
Json stand_in(const std::string& platform, const std::string& id, const Json& config) {
  const Json& ids = member(member(config, {"dev", "device"}), {"ids", "identifiers"});
  const std::string device = ids.is_array() && !ids.empty() ? text_of(ids.front()) : text_of(ids);
  const std::string topic = base_in(config) + "/bridge/removed/" + id;
  Json c{{"p", platform}, {"uniq_id", device + "_" + id}, {"name", id}};
  const auto is_one_of = [&](std::initializer_list<std::string_view> names) {
    return std::ranges::find(names, platform) != names.end();
  };
  if (platform != "button") c["stat_t"] = topic;
  if (is_one_of({"switch", "number", "select", "text", "button"})) c["cmd_t"] = topic + "/set";
  if (platform == "select") c["ops"] = {"-"};
  if (platform == "event") c["evt_typ"] = {"-"};
  return c;
}

std::string write(const Json& config) {
  return config.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string base_of(std::string_view config) { return base_in(parse_object(config)); }

Retraction::Retraction(std::string config) : config_(std::move(config)) {
  const Json parsed = parse_object(config_);
  for (const auto& [id, component] : components_of(parsed).items())
    present_[id] = platform_of(component);
}

bool Retraction::add_former(std::string_view former) {
  const Json config = parse_object(former);
  const Json& components = components_of(config);
  const std::string base = base_in(config);
  if (!components.is_object() || base.empty()) return false;
  const bool is_first_of_gone = is_gone() && former_.empty();
  if (is_first_of_gone) former_ = former;
  if (is_gone()) {
    for (const std::string& topic : availability_topics(config)) {
      if (!topic.ends_with(kAvailabilityEnd)) continue;
      keep_value_topic(topic, base);
      keep_value_topic(topic.substr(0, topic.size() - kAvailabilityEnd.size()), base);
    }
  }
  bool is_news = is_first_of_gone;
  for (const auto& [id, component] : components.items()) {
    const std::string platform = platform_of(component);
    const bool has_more = component.is_object() && component.size() > 1;
    if (platform != "event") keep_value_topic(state_topic_of(component), base);
    if (is_first_of_gone && has_more)
      present_[id] = platform;
    else
      is_news |= add_ghost(platform, id, has_more ? write(component) : "");
  }
  return is_news;
}

bool Retraction::add_ghost(const std::string& platform, const std::string& component,
                           std::string json) {
  if (platform.empty() || component.empty()) return false;
  const auto present = present_.find(component);
  if (present != present_.end() && present->second == platform) return false;
  std::string& known = ghosts_[{component, platform}];
  const bool is_news = known.empty();
  if (is_news) known = json.empty() ? "{}" : std::move(json);
  if (is_news && platform != "event")
    keep_value_topic(state_topic_of(parse_object(known)), base_of(is_gone() ? former_ : config_));
  has_conflict_ |= present != present_.end();
  return is_news;
}

/// Only what is below this program's own topics: a message may have come from anywhere.
void Retraction::keep_value_topic(std::string topic, std::string_view base) {
  const bool is_below = topic.size() > base.size() + 1 && topic.starts_with(base) &&
                        topic[base.size()] == '/' && !base.empty();
  if (!is_below || topic.ends_with(kBridgeState) ||
      topic.find_first_of("+#") != std::string::npos ||
      std::ranges::find(value_topics_, topic) != value_topics_.end())
    return;
  value_topics_.push_back(std::move(topic));
}

void Retraction::settle() {
  // Of two ghosts with one id only the first has been in the messages.
  for (auto at = ghosts_.begin(); at != ghosts_.end();) {
    const std::string id = at->first.first;
    at = ghosts_.erase(at);
    while (at != ghosts_.end() && at->first.first == id) ++at;
  }
  if (!ghosts_.empty()) return;
  has_conflict_ = false;
  is_done_ = is_gone();
  value_topics_.clear();
}

std::string Retraction::build(bool as_they_were, bool override_present) const {
  Json config = parse_object(is_gone() ? former_ : config_);
  if (!config.is_object()) return {};
  Json& components = config[config.contains("components") ? "components" : "cmps"];
  std::string last;
  for (const auto& [id, json] : ghosts_) {
    const auto& [component, platform] = id;
    if (component == last) continue;
    last = component;
    if (!override_present && present_.contains(component)) continue;
    Json ghost = parse_object(json);
    if (ghost.empty()) ghost = stand_in(platform, component, config);
    components[component] = as_they_were ? std::move(ghost) : Json{{"p", platform}};
  }
  return write(config);
}

std::string Retraction::resting() const {
  return is_gone() || ghosts_.empty() ? config_ : build(false, false);
}

std::string Retraction::with_ghosts() const { return build(true, true); }

std::string Retraction::with_removals() const { return build(false, true); }

void Retraction::save(const std::string& topic, Announced& into) const {
  into[topic] = is_gone() ? former_ : config_;
  for (const auto& [id, json] : ghosts_) into[topic + "#" + id.second + "/" + id.first] = json;
}

}  // namespace b2m::discovery
