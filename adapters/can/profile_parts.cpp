// SPDX-License-Identifier: MIT
// The parts of a profile: ids and payloads for charging, acknowledgement and errors.
#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "adapters/can/profile_resolver.hpp"

namespace b2m::can {
namespace {

constexpr std::uint32_t kMostStandardId = 0x7FF;
constexpr double kMsPerS = 1000;

void take_over(PartSettings& part, const PartSettings& change) {
  const auto override = [&](auto PartSettings::*member) {
    if (change.*member) part.*member = change.*member;
  };
  override(&PartSettings::extended_ids);
  override(&PartSettings::error_id);
  override(&PartSettings::charge_command_id);
  override(&PartSettings::ack_id);
  override(&PartSettings::charge_payload_on);
  override(&PartSettings::charge_payload_off);
  override(&PartSettings::ack_payload_on);
  override(&PartSettings::ack_payload_off);
  override(&PartSettings::repeat_ms);
  override(&PartSettings::ack_max_age_s);
  part.place = change.place;
}

std::optional<CanId> can_id(const PartSettings& part, std::optional<std::uint32_t> id) {
  if (!id) return std::nullopt;
  return CanId{*id, part.extended_ids.value_or(false) || *id > kMostStandardId};
}

/// Of hex digits, whose form the schema has checked.
Payload payload(const std::optional<std::string>& hex) {
  Payload bytes;
  const std::string digits = hex.value_or("");
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    std::uint8_t byte = 0;
    std::from_chars(digits.data() + i, digits.data() + i + 2, byte, 16);
    bytes.push_back(byte);
  }
  return bytes;
}

}  // namespace

void ProfileResolver::add_parts() {
  for (const PartSettings& part : file_.parts) add_part(part);
  for (const PartSettings& change : settings_.parts)
    if (std::ranges::find(file_.parts, change.id, &PartSettings::id) == file_.parts.end())
      complain(change.place, fmt::format("the profile has no part \"{}\"", change.id),
               "its parts are the [[part]] tables of its profile.toml");
}

void ProfileResolver::add_part(PartSettings part) {
  if (std::ranges::find(profile_.parts, part.id, &Part::id) != profile_.parts.end())
    complain(part.place, fmt::format("two parts are called \"{}\"", part.id),
             "give one of them another id");
  const auto change = std::ranges::find(settings_.parts, part.id, &PartSettings::id);
  if (change != settings_.parts.end()) take_over(part, *change);
  Part made;
  made.id = part.id;
  made.error = can_id(part, part.error_id);
  made.command = can_id(part, part.charge_command_id);
  made.ack = can_id(part, part.ack_id);
  made.on = payload(part.charge_payload_on);
  made.off = payload(part.charge_payload_off);
  made.ack_on = payload(part.ack_payload_on);
  made.ack_off = payload(part.ack_payload_off);
  made.repeat_s = part.repeat_ms.value_or(kRepeatMs) / kMsPerS;
  made.ack_max_age_s = part.ack_max_age_s.value_or(kAckMaxAgeS);
  check_charging(part, made);
  profile_.parts.push_back(std::move(made));
}

void ProfileResolver::check_charging(const PartSettings& part, const Part& made) {
  if (made.command && made.on == made.off)
    complain(
        part.place,
        fmt::format("part \"{}\": charge_payload_on and charge_payload_off are the same", part.id),
        "a frame must say either start or stop");
  if (made.ack && made.ack_on == made.ack_off)
    complain(part.place,
             fmt::format("part \"{}\": ack_payload_on and ack_payload_off are the same", part.id),
             "write what the BMS answers while charging and while not");
  if (made.command && (made.command == made.ack || made.command == made.error))
    complain(part.place, fmt::format("part \"{}\" uses one id for two purposes", part.id),
             "charge_command_id, ack_id and error_id must differ");
}

}  // namespace b2m::can
