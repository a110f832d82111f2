// SPDX-License-Identifier: MIT
#include "gateway/app/topic_inputs.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "discovery/text.hpp"
#include "gateway/log.hpp"

namespace b2m::app {
namespace {

constexpr int kDeepest = 16;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

Result<double> plain_number(std::string_view text) {
  text = trimmed(text);
  double value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || failed != std::errc{} || end != text.data() + text.size() ||
      !std::isfinite(value))
    return Error(Errc::malformed, "it is no plain decimal number");
  return value;
}

}  // namespace

Result<double> number_in(std::string_view payload, std::string_view key) {
  if (key.empty()) return plain_number(payload);
  if (discovery::nests_deeper(payload, kDeepest))
    return Error(Errc::malformed, "it is nested too deep for JSON of this kind");
  const auto json = nlohmann::json::parse(payload, nullptr, false);
  if (!json.is_object()) return Error(Errc::malformed, "it is no JSON object");
  const auto at = json.find(std::string(key));
  if (at == json.end()) return Error(Errc::malformed, fmt::format("it has no \"{}\"", key));
  if (at->is_string()) return plain_number(at->get_ref<const std::string&>());
  if (!at->is_number()) return Error(Errc::malformed, fmt::format("\"{}\" is no number", key));
  return at->get<double>();
}

TopicInputs::TopicInputs(const Site& site, const std::vector<config::Charger>& chargers, Set set)
    : site_(site), set_(std::move(set)) {
  for (const config::Charger& charger : chargers) {
    add(charger, point::price.row, charger.price_topic, charger.price_key);
    add(charger, point::ambient_temperature.row, charger.temperature_topic,
        charger.temperature_key);
  }
}

void TopicInputs::add(const config::Charger& charger, RowId row, const std::string& topic,
                      const std::string& key) {
  const Device* device = site_.find(charger.plug);
  if (topic.empty() || !device) return;
  inputs_.push_back({topic, key, site_.slot(device->id, row)});
}

std::vector<std::string> TopicInputs::filters() const {
  std::vector<std::string> topics;
  for (const Input& input : inputs_)
    if (std::ranges::find(topics, input.topic) == topics.end()) topics.push_back(input.topic);
  return topics;
}

bool TopicInputs::on_message(const mqtt::Incoming& message) {
  bool is_ours = false;
  for (Input& input : inputs_) {
    if (input.topic != message.topic || input.slot == kNoSlot) continue;
    is_ours = true;
    take(input, message);
  }
  return is_ours;
}

void TopicInputs::take(Input& input, const mqtt::Incoming& message) {
  const Entity& entity = site_.entity(input.slot);
  Result<double> value = Error(Errc::malformed, "it is too large");
  if (!message.too_large) value = number_in(message.payload, input.key);
  if (value && (*value < entity.low || *value > entity.high))
    value = Error(Errc::malformed,
                  fmt::format("{} is not in {} to {}", *value, entity.low, entity.high));
  if (value) {
    if (std::exchange(input.has_complained, false))
      log::info("mqtt", "{} has a number again", input.topic);
    return set_(input.slot, *value, Quality::good);
  }
  set_(input.slot, 0, Quality::missing);
  if (std::exchange(input.has_complained, true)) return;
  log::warn("mqtt", "{} of {} is unknown: the payload of {} cannot be used: {}", entity.key,
            site_.device(entity.device).slug, input.topic, value.error().text());
}

}  // namespace b2m::app
