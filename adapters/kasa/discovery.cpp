// SPDX-License-Identifier: MIT
// Names and addresses in one form, and the answers of the old plugs; the newer ones' are in
// tdp.cpp.
#include "adapters/kasa/discovery.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "adapters/kasa/xor_protocol.hpp"

namespace b2m::kasa {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kPlugType = "IOT.SMARTPLUGSWITCH";
constexpr std::size_t kShortChild = 2;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_hex(char c) { return is_digit(c) || (upper(c) >= 'A' && upper(c) <= 'F'); }

const Json& member(const Json& object, const char* key) {
  static const Json kNone;
  if (!object.is_object()) return kNone;
  const auto found = object.find(key);
  return found == object.end() ? kNone : *found;
}

std::string text(const Json& object, const char* key) {
  const Json& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::string text(const Json& object, const char* key, const char* other_key) {
  const std::string first = text(object, key);
  return first.empty() ? text(object, other_key) : first;
}

Error malformed(const std::string& from, std::string_view what) {
  return {Errc::malformed, fmt::format("{}: {} in what came back to the probe", from, what)};
}

Error no_plug(const std::string& from, std::string_view what) {
  return {Errc::not_supported, fmt::format("{} is {}, not a plug", from, what)};
}

/// Wall switches and dimmers call themselves plugs in their type.
bool is_lamp_switch(const Json& info) {
  std::string name = text(info, "dev_name");
  std::transform(name.begin(), name.end(), name.begin(), lower);
  return name.find("light") != std::string::npos || name.find("dimmer") != std::string::npos;
}

Result<> check_plug(const Json& info, const std::string& from) {
  if (!info.is_object()) return malformed(from, "no get_sysinfo");
  if (member(info, "system").is_object()) return no_plug(from, "a camera");
  const std::string type = text(info, "type", "mic_type");
  if (type.empty()) return malformed(from, "no type");
  if (type != kPlugType) return no_plug(from, fmt::format("a device of type {:.40}", type));
  if (is_lamp_switch(info)) return no_plug(from, "a light switch or dimmer");
  return {};
}

std::optional<bool> has_meter(const Json& info) {
  const std::string features = ":" + text(info, "feature") + ":";
  if (features.size() == 2) return std::nullopt;
  return features.find(":ENE:") != std::string::npos;
}

/// Over UDP a strip cuts the ids of its sockets down to their last two digits.
std::vector<Found::Socket> sockets_of(const Json& info, const std::string& device_id) {
  std::vector<Found::Socket> sockets;
  const Json& children = member(info, "children");
  if (!children.is_array()) return sockets;
  for (const Json& child : children) {
    const std::string id = text(child, "id");
    sockets.push_back({id.size() == kShortChild ? device_id + id : id, text(child, "alias")});
  }
  return sockets;
}

}  // namespace

std::vector<std::uint8_t> xor_probe() { return xor_encrypt(R"({"system":{"get_sysinfo":{}}})"); }

Result<Found> parse_xor_answer(Bytes datagram, const std::string& from) {
  const Json all = Json::parse(xor_decrypt(datagram), nullptr, false);
  if (all.is_discarded()) return malformed(from, "no JSON");
  const Json& info = member(member(all, "system"), "get_sysinfo");
  if (const auto plug = check_plug(info, from); !plug) return plug.error();
  Found found;
  found.address = from;
  found.port = kXorPort;
  found.transport = Transport::xor_tcp;
  found.family = Family::iot;
  found.mac = normal_mac(text(info, "mac", "mic_mac"));
  if (found.mac.empty()) return malformed(from, "no MAC address");
  found.device_id = text(info, "deviceId");
  found.model = text(info, "model");
  found.alias = text(info, "alias");
  found.has_meter = has_meter(info);
  found.sockets = sockets_of(info, found.device_id);
  return found;
}

std::string normal_mac(std::string_view text) {
  constexpr std::size_t kDigits = 12;
  const bool is_bare = text.size() == kDigits;
  if (!is_bare && text.size() != kDigits + 5) return {};
  std::string mac;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_separator = !is_bare && i % 3 == 2;
    if (is_separator ? text[i] != ':' && text[i] != '-' : !is_hex(text[i])) return {};
    if (is_separator) continue;
    if (mac.size() % 3 == 2) mac += ':';
    mac += upper(text[i]);
  }
  return mac;
}

std::string normal_alias(std::string_view text) {
  std::string alias;
  for (const char c : text) {
    const bool is_space = c == ' ' || c == '\t';
    if (is_space && (alias.empty() || alias.back() == ' ')) continue;
    alias += is_space ? ' ' : lower(c);
  }
  if (!alias.empty() && alias.back() == ' ') alias.pop_back();
  return alias;
}

}  // namespace b2m::kasa
