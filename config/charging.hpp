// SPDX-License-Identifier: MIT
// Chargers, their profiles and circuits as the file has them: the structs of the rules, and what
// the rules need not know.
#pragma once

#include <optional>
#include <string>

#include "config/mistake.hpp"
#include "config/values.hpp"
#include "gateway/rules/charge_types.hpp"

namespace b2m::config {

enum class OnStop { off, keep };
enum class Weekday { any, monday, tuesday, wednesday, thursday, friday, saturday, sunday };

template <>
struct WordsOf<OnStop> {
  static constexpr std::string_view kWords[] = {"off", "keep"};
};
template <>
struct WordsOf<Weekday> {
  static constexpr auto& kWords = kWeekdayWords;
};
template <>
struct WordsOf<ChargeMode> {
  static constexpr auto& kWords = kChargeModes;
};
template <>
struct WordsOf<ChargeTarget> {
  static constexpr auto& kWords = kChargeTargets;
};
template <>
struct WordsOf<FullEvery> {
  static constexpr auto& kWords = kFullEveryWords;
};

/// [[charging_profile]], or a file profiles/charging/ID.toml.
struct ChargingProfile : rules::ChargingProfile {
  std::string id;
  std::string title;  // key "name": in words, for people
  Place place;
};

struct Circuit : rules::Circuit {
  Place place;
};

/// [[charger]]. `settings` of the rules are complete once load() is through.
struct Charger : rules::ChargerSettings {
  std::string profile_id;
  OnStop on_stop = OnStop::off;
  Weekday weekday = Weekday::any;
  // Instead of what the profile says.
  std::optional<ChargeTarget> target;
  std::optional<double> target_fraction_percent, target_level_percent, target_cell_v;
  std::optional<double> storage_level_percent;
  std::string price_topic, price_key;
  std::string temperature_topic, temperature_key;
  Place place;
};

}  // namespace b2m::config
