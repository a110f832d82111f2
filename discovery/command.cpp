// SPDX-License-Identifier: MIT
// The second half of value.hpp: what may be sent to the gateway.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "discovery/text.hpp"
#include "discovery/value.hpp"

namespace b2m::discovery {
namespace {

using nlohmann::json;

constexpr std::string_view kExpires = "expires_at";
constexpr std::string_view kTransaction = "transaction";
constexpr std::size_t kMaxTransactionBytes = 256;
constexpr int kMaxNesting = 4;
/// Distance from a whole number of steps that binary fractions cause.
constexpr double kStepTolerance = 1e-6;
constexpr double kMaxUnix_s = 7'258'118'400;  // the year 2200
constexpr std::string_view kControlNames[] = {"",          "",           "charging", "plugs",
                                              "balancing", "contactors", "limits"};

/// What was sent, short enough for a message and safe to print.
std::string excerpt(std::string_view text) {
  constexpr std::size_t kShown = 40;
  std::string shown;
  append_utf8(shown, text, kShown);
  std::ranges::replace_if(
      shown, [](unsigned char c) { return c < 0x20 || c == 0x7F; }, '?');
  return fmt::format("\"{}\"{}", shown, text.size() > kShown ? "..." : "");
}

Error wrong(Errc code, const Entity& entity, std::string_view text) {
  return {code, fmt::format("{}: {}", entity.key, text)};
}

Result<double> on_off(const Entity& entity, std::string_view text) {
  if (text == "ON") return 1.0;
  if (text == "OFF") return 0.0;
  return wrong(Errc::malformed, entity, fmt::format("{} is neither ON nor OFF", excerpt(text)));
}

Result<double> option(const Entity& entity, std::string_view text) {
  const auto& options = entity.row->kind.options;
  const auto at = std::ranges::find(options, text);
  if (at != options.end()) return static_cast<double>(at - options.begin());
  return wrong(Errc::out_of_range, entity,
               fmt::format("{} is none of: {}", excerpt(text), fmt::join(options, ", ")));
}

Result<double> in_range(const Entity& entity, double value) {
  const double step = step_of(entity);
  if (!(value >= entity.low && value <= entity.high))
    return wrong(Errc::out_of_range, entity,
                 fmt::format("{:g} is not in {:g} to {:g} {}", value, entity.low, entity.high,
                             entity.row->kind.unit));
  const double steps = value / step;
  if (std::abs(steps - std::round(steps)) > kStepTolerance * std::max(1.0, std::abs(steps)))
    return wrong(Errc::out_of_range, entity, fmt::format("{} is no multiple of {:g}", value, step));
  return std::round(steps) * step;
}

Result<double> number(const Entity& entity, std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || rest != end || !std::isfinite(value))
    return wrong(Errc::malformed, entity,
                 fmt::format("{} is no decimal number such as 42 or 4.2", excerpt(text)));
  return in_range(entity, value);
}

Result<double> press(const Entity& entity, std::string_view text) {
  if (text == kPress) return 1.0;
  return wrong(Errc::malformed, entity, fmt::format("{} is not {}", excerpt(text), kPress));
}

Result<Command> text_command(const Entity& entity, std::string_view text) {
  if (text.size() > kMaxTextBytes)
    return wrong(Errc::out_of_range, entity,
                 fmt::format("{} bytes, at most {} are allowed", text.size(), kMaxTextBytes));
  Command command;
  command.entity = &entity;
  command.text = text;
  return command;
}

Result<Command> from_text(const Entity& entity, std::string_view text) {
  Result<double> value = Errc::not_supported;
  switch (entity.row->platform) {
    case Platform::switch_:
      value = on_off(entity, text);
      break;
    case Platform::select:
      value = option(entity, text);
      break;
    case Platform::number:
      value = number(entity, text);
      break;
    case Platform::button:
      value = press(entity, text);
      break;
    case Platform::text:
      return text_command(entity, text);
    default:
      break;
  }
  if (!value) return value.error();
  Command command;
  command.entity = &entity;
  command.value = *value;
  return command;
}

Result<Command> from_json(const Entity& entity, const json& value) {
  const Platform platform = entity.row->platform;
  if (value.is_string()) return from_text(entity, value.get_ref<const std::string&>());
  if (value.is_boolean() && platform == Platform::switch_)
    return from_text(entity, value.get<bool>() ? "ON" : "OFF");
  if (value.is_number() && platform == Platform::number) {
    const auto checked = in_range(entity, value.get<double>());
    if (!checked) return checked.error();
    Command command;
    command.entity = &entity;
    command.value = *checked;
    return command;
  }
  return wrong(Errc::malformed, entity,
               fmt::format("a JSON {} is not what this takes; send {}", value.type_name(),
                           platform == Platform::switch_  ? "\"ON\", \"OFF\", true or false"
                           : platform == Platform::number ? "a number"
                                                          : "a string"));
}

Result<> check_writable(const Entity& entity) {
  if (entity.writable) return {};
  const std::string_view name = kControlNames[static_cast<std::size_t>(entity.control)];
  if (name.empty())
    return wrong(Errc::not_supported, entity, "is a value of the device and takes no commands");
  return wrong(Errc::not_allowed, entity,
               fmt::format("switching it is not allowed; add \"{}\" to allow in [control] of the "
                           "configuration, if the device takes commands at all",
                           name));
}

Result<> check_payload(std::string_view payload, std::size_t limit) {
  if (payload.empty()) return Error(Errc::malformed, "the payload is empty");
  if (payload.size() > limit)
    return Error(Errc::out_of_range, fmt::format("the payload has {} bytes, at most {} are allowed",
                                                 payload.size(), limit));
  if (!is_utf8(payload)) return Error(Errc::malformed, "the payload is not UTF-8");
  return {};
}

/// Takes expires_at and transaction out of the object.
Result<Command> take_envelope(json& object) {
  Command command;
  if (const auto at = object.find(kExpires); at != object.end()) {
    if (at->is_number() && std::abs(at->get<double>()) < kMaxUnix_s)
      command.expires_at = WallTime{std::chrono::duration_cast<WallTime::duration>(
          std::chrono::duration<double>(at->get<double>()))};
    else if (at->is_string())
      command.expires_at = parse_time(at->get_ref<const std::string&>());
    if (!command.expires_at)
      return Error(Errc::malformed,
                   "expires_at: neither Unix seconds nor a time such as 2026-01-31T12:00:00Z");
    object.erase(at);
  }
  if (const auto at = object.find(kTransaction); at != object.end()) {
    if (at->is_structured())
      return Error(Errc::malformed, "transaction: neither text nor a number");
    command.transaction = at->dump(-1, ' ', false, json::error_handler_t::replace);
    if (command.transaction.size() > kMaxTransactionBytes)
      return Error(Errc::out_of_range,
                   fmt::format("transaction: longer than {} bytes", kMaxTransactionBytes));
    object.erase(at);
  }
  return command;
}

Result<Command> with_envelope(Result<Command> command, const Command& envelope) {
  if (!command) return command;
  command->expires_at = envelope.expires_at;
  command->transaction = envelope.transaction;
  return command;
}

json parse_object(std::string_view payload) {
  if (nests_deeper(payload, kMaxNesting)) return json(json::value_t::discarded);
  json value = json::parse(payload, nullptr, false);
  return value.is_object() ? value : json(json::value_t::discarded);
}

Result<Command> parse_object_command(const Entity& entity, json object) {
  const auto envelope = take_envelope(object);
  if (!envelope) return wrong(envelope.error().code, entity, envelope.error().detail);
  const auto value = object.find("value");
  if (value == object.end())
    return wrong(Errc::malformed, entity, "the JSON object has no \"value\"");
  if (object.size() > 1)
    return wrong(Errc::malformed, entity,
                 "the JSON object may hold only value, expires_at and transaction");
  return with_envelope(from_json(entity, *value), *envelope);
}

}  // namespace

Result<Command> parse_command(const Entity& entity, std::string_view payload) {
  if (auto ok = check_writable(entity); !ok) return ok.error();
  if (auto ok = check_payload(payload, kMaxCommandBytes); !ok)
    return wrong(ok.error().code, entity, ok.error().detail);
  if (payload.front() != '{') return from_text(entity, payload);
  json object = parse_object(payload);
  const bool is_plain_text = entity.row->platform == Platform::text &&
                             (object.is_discarded() || !object.contains("value"));
  if (is_plain_text) return from_text(entity, payload);
  if (object.is_discarded())
    return wrong(Errc::malformed, entity, fmt::format("{} is not JSON", excerpt(payload)));
  return parse_object_command(entity, std::move(object));
}

Result<std::vector<Command>> parse_device_set(const Site& site, const Device& device,
                                              std::string_view payload) {
  if (auto ok = check_payload(payload, kMaxDeviceSetBytes); !ok) return ok.error();
  json object = parse_object(payload);
  if (object.is_discarded())
    return Error(
        Errc::malformed,
        fmt::format("{} is no JSON object such as {{\"charging\": \"ON\"}}", excerpt(payload)));
  const auto envelope = take_envelope(object);
  if (!envelope) return envelope.error();
  if (object.empty()) return Error(Errc::malformed, "the JSON object names no key to set");
  std::vector<Command> commands;
  for (const auto& [key, value] : object.items()) {
    const Entity* entity = site.find(device.slug, key);
    if (!entity)
      return Error(Errc::unknown_key, fmt::format("{} has no key {}", device.slug, excerpt(key)));
    if (auto ok = check_writable(*entity); !ok) return ok.error();
    auto command = with_envelope(from_json(*entity, value), *envelope);
    if (!command) return command.error();
    commands.push_back(std::move(*command));
  }
  return commands;
}

}  // namespace b2m::discovery
