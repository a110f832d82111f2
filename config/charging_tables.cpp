// SPDX-License-Identifier: MIT
// The keys of [[charging_profile]], [[circuit]] and [[charger]]; docs/charging.md explains them.
#include <fmt/core.h>

#include "config/tables.hpp"
#include "config/topics.hpp"
#include "gateway/rules/charge_windows.hpp"

namespace b2m::config {

namespace {

using Profile = ChargingProfile;

constexpr double kMostWatts = 4000;
constexpr double kMostAmperes = 100;
constexpr double kMostAmpereHours = 2000;
constexpr double kMostVolts = 500;
constexpr double kMostHours = 72;
constexpr double kDayMinutes = 24 * 60;
constexpr double kMostPrice = 1000;

/// A charge that ends at its first reading, or never: said instead of obeyed.
void check_profile(const Profile& p, Complaints& complaints) {
  const auto never = [&](std::string_view key, double value, std::string_view then) {
    if (p.peak_w <= 0 || value < p.peak_w) return;
    complaints.about(
        key,
        fmt::format("{} = {} is not below peak_w = {}: the charger never draws that much, so {}",
                    key, value, p.peak_w, then),
        "the limit must lie below the charger's peak power");
  };
  never("nominal_start_w", p.nominal_start_w, "no charge would ever start");
  never("nominal_stop_w", p.nominal_stop_w, "every charge would end at its first reading");
  never("storage_start_w", p.storage_start_w,
        "a charge for storage would be refused at its first reading, always");
  never("full_power_w", p.full_power_w, "every charge would count as full at once");
  never("idle_w", p.idle_w, "every battery would look like none");
  if (p.nominal_stop_w > 0 && p.full_power_w >= p.nominal_stop_w)
    complaints.about("full_power_w",
                     fmt::format("full_power_w = {} is not below nominal_stop_w = {}: a full "
                                 "charge would end before a nominal one",
                                 p.full_power_w, p.nominal_stop_w),
                     "power falls towards the end: full is the lower of the two");
  if (p.nominal_start_w > 0 && p.nominal_start_w < p.nominal_stop_w)
    complaints.about("nominal_start_w",
                     fmt::format("nominal_start_w = {} is below nominal_stop_w = {}: a charge "
                                 "could start that has to end at once",
                                 p.nominal_start_w, p.nominal_stop_w),
                     "make it nominal_stop_w or more");
  if (p.no_load_w >= p.idle_w)
    complaints.about("no_load_w", "no_load_w must be below idle_w",
                     "an empty socket draws less than a charger without a battery");
  if (p.max_power_w > 0 && p.max_power_w < p.peak_w)
    complaints.about("max_power_w",
                     fmt::format("max_power_w = {} is below peak_w = {}: every charge would end "
                                 "as a fault",
                                 p.max_power_w, p.peak_w),
                     "make it a fifth more than peak_w, or leave it out");
}

void add_ratings(Schema<Profile>& schema) {
  using S = Profile;
  schema
      .option("charger_current_a", &S::charger_current_a,
              "What the charger gives, as on its label.", range(0.05, kMostAmperes))
      .option("capacity_ah", &S::capacity_ah,
              "Of the battery; needed by the target energy and for storage. Not set: no limit of "
              "energy.",
              range(0.1, kMostAmpereHours))
      .option("battery_voltage_v", &S::battery_voltage_v, "Nominal voltage of the battery.",
              range(1, kMostVolts))
      .option("efficiency", &S::efficiency, "Part of the wall's energy that reaches the battery.",
              range(0.3, 1))
      .option("peak_w", &S::peak_w,
              "Highest power at the wall while charging, until a session has taught it.",
              range(1, kMostWatts))
      .option("max_power_w", &S::max_power_w,
              "More than this is a fault; not set: 1.15 times the known peak; without one, 1.5 "
              "times what the charger's current lets expect, or 1000 W.",
              range(1, kMostWatts))
      .option("no_load_w", &S::no_load_w, "Less: nothing is plugged in.", range(0, 100))
      .option("idle_w", &S::idle_w, "Less: a charger without a battery, or with a full one.",
              range(0, 500))
      .option("full_power_w", &S::full_power_w, "Full when the power stays below.",
              range(0.5, kMostWatts))
      .option("balance_min", &S::balance_min, "Held on for that long after full.",
              range(0, kDayMinutes))
      .option("max_hours", &S::max_hours,
              "Longest time on in one session; not set: 1.25 times capacity by current plus 3 h, "
              "at most 12.",
              range(0.1, kMostHours));
}

void add_limits(Schema<Profile>& schema) {
  using S = Profile;
  schema
      .option("nominal_start_w", &S::nominal_start_w,
              "With the target power: a charge that draws less at its beginning is not worth it.",
              range(0, kMostWatts))
      .option("nominal_stop_w", &S::nominal_stop_w, "With the target power: the charge ends below.",
              range(0, kMostWatts))
      .option("storage_start_w", &S::storage_start_w,
              "In mode storage: a battery that draws less at the beginning is left as it is.",
              range(0, kMostWatts))
      .option("target", &S::target, "What ends a charge in mode nominal, until a user chooses.",
              words_of<ChargeTarget>())
      .option("target_fraction_percent", &S::target_fraction_percent,
              "Of the target fraction: part of the peak power.", range(1, 100))
      .option("target_level_percent", &S::target_level_percent, "Of the targets energy and soc.",
              range(1, 100))
      .option("target_cell_v", &S::target_cell_v,
              "Of the target cell_voltage: highest cell of the bound pack.", range(0.5, 60))
      .option("storage_level_percent", &S::storage_level_percent, "Of the mode storage.",
              range(1, 100))
      .place(&S::place)
      .check(check_profile);
}

void check_guard(const Charger& c, Complaints& complaints) {
  if (c.guard_renew_min >= c.guard_min / 2)
    complaints.about("guard_renew_min",
                     fmt::format("guard_renew_min = {} must be less than half of guard_min = {}",
                                 c.guard_renew_min, c.guard_min),
                     "one lost renewal must not end a charge");
}

void check_times(const Charger& c, Complaints& complaints) {
  if (const auto windows = rules::parse_windows(c.windows); !windows)
    complaints.about("windows", fmt::format("windows: {}", windows.error().text()),
                     "for example windows = \"mon-fri 22:00-06:00; sat,sun 00:00-24:00\"");
  if (const auto ready_by = rules::parse_ready_by(c.ready_by); !ready_by)
    complaints.about("ready_by", fmt::format("ready_by: {}", ready_by.error().text()),
                     "for example ready_by = \"mon-fri 07:00; sun 10:30\"");
}

void check_topics(const Charger& c, Complaints& complaints) {
  if (!c.price_key.empty() && c.price_topic.empty())
    complaints.about("price_key", "price_key needs a price_topic", "add price_topic = \"...\"");
  if (!c.temperature_key.empty() && c.temperature_topic.empty())
    complaints.about("temperature_key", "temperature_key needs a temperature_topic",
                     "add temperature_topic = \"...\"");
  if (c.temperature_low_c >= c.temperature_high_c)
    complaints.about("temperature_low_c", "temperature_low_c must be below temperature_high_c",
                     "swap them");
  if (c.price_limited && c.price_topic.empty() && c.price_per_kwh == 0)
    complaints.about("price_limited", "price_limited needs a price to hold against the limit",
                     "add price_topic, or price_per_kwh");
}

void add_wiring(Schema<Charger>& schema) {
  using S = Charger;
  schema.required("id", &S::id, "Name of the charger in reports; keep it for ever.", slug())
      .required("plug", &S::plug, "Id of the plug that it is plugged into.", not_empty())
      .required("profile", &S::profile_id,
                "A [[charging_profile]] of this file, a shipped one, or \"./FOLDER/FILE\".",
                not_empty())
      .option("pack", &S::pack,
              "The [[pack]] that it charges: its real values outrank every guess from the power.")
      .option("circuit", &S::circuit, "The [[circuit]] that it shares with other chargers.")
      .option("guard_min", &S::guard_min,
              "The plug switches itself off when it has not heard from the gateway for this long.",
              range(1, 720))
      .option("guard_renew_min", &S::guard_renew_min, "The plug's timer is renewed this often.",
              range(0.3, 300))
      .option("without_guard", &S::without_guard,
              "Charge also with a plug that has no timer of its own: a crash of the gateway then "
              "leaves the charger on.")
      .option("on_stop", &S::on_stop,
              "When the gateway is stopped: switch off, or keep charging until the guard ends it.",
              words_of<OnStop>())
      .option("temperature_topic", &S::temperature_topic,
              "MQTT topic with the temperature at the battery, in °C. Where it is set "
              "and silent, nothing is charged.",
              topic())
      .option("temperature_key", &S::temperature_key,
              "The payload is JSON, and the temperature has this key in it.", not_empty())
      .option("temperature_low_c", &S::temperature_low_c, "No charge starts below it.",
              range(-40, 60))
      .option("temperature_high_c", &S::temperature_high_c, "No charge starts above it.",
              range(-40, 90));
}

void add_plan(Schema<Charger>& schema) {
  using S = Charger;
  schema.option("mode", &S::mode, "Until a user chooses another.", words_of<ChargeMode>())
      .option("schedule", &S::schedule, "Charge by itself, in the windows below.")
      .option("windows", &S::windows,
              "When the schedule may charge: \"mon-fri 22:00-06:00; sat,sun 00:00-24:00\"; not "
              "set: at any time.")
      .option("ready_by", &S::ready_by,
              "Full or at its target by then: \"mon-fri 07:00; sun 10:30\".")
      .option("ready_by_outside", &S::ready_by_outside,
              "Charge outside the windows where they are too short for ready_by.")
      .option("full_every", &S::full_every,
              "A full charge, for balancing, when the last one is longer ago.",
              words_of<FullEvery>())
      .option("full_weekday", &S::weekday, "Day of that full charge.", words_of<Weekday>())
      .option("price_per_kwh", &S::price_per_kwh, "For the cost, where no topic gives it.",
              range(0, kMostPrice))
      .option("price_topic", &S::price_topic, "MQTT topic with the price of one kWh now.", topic())
      .option("price_key", &S::price_key, "The payload is JSON, and the price has this key in it.",
              not_empty())
      .option("price_limit", &S::price_limit, "With price_limited: charges only up to this price.",
              range(-kMostPrice, kMostPrice))
      .option("price_limited", &S::price_limited, "Obey price_limit.")
      .option("start_delay_min", &S::start_delay_min,
              "Wait after a window opens or start is pressed, for a warm battery to cool.",
              range(0, kDayMinutes))
      .option("min_on_min", &S::min_on_min, "A window or price does not end a charge before it.",
              range(0, 240))
      .option("cool_down_h", &S::cool_down_h,
              "Least time between a finished charge and the next one of the schedule.",
              range(0, 168));
}

void add_targets(Schema<Charger>& schema) {
  using S = Charger;
  constexpr auto kHelp = "Instead of the profile's.";
  schema.option("target", &S::target, kHelp, words_of<ChargeTarget>())
      .option("target_fraction_percent", &S::target_fraction_percent, kHelp, range(1, 100))
      .option("target_level_percent", &S::target_level_percent, kHelp, range(1, 100))
      .option("target_cell_v", &S::target_cell_v, kHelp, range(0.5, 60))
      .option("storage_level_percent", &S::storage_level_percent, kHelp, range(1, 100))
      .place(&S::place)
      .check(check_guard)
      .check(check_times)
      .check(check_topics);
}

}  // namespace

const Schema<ChargingProfile>& charging_profile_schema() {
  static const auto kSchema = [] {
    Schema<Profile> schema("charging_profile", "A charger together with the battery on it.");
    schema
        .required("id", &Profile::id,
                  "As in profile = \"ID\" of a charger; goes before a shipped one of that name.",
                  slug())
        .option("name", &Profile::title, "In words, for people.", not_empty());
    add_ratings(schema);
    add_limits(schema);
    return schema;
  }();
  return kSchema;
}

const Schema<ChargingProfile>& shipped_charging_schema() {
  static const auto kSchema = [] {
    Schema<Profile> schema("charging",
                           "A charging profile: profiles/charging/NAME.toml; the keys are those of "
                           "[[charging_profile]].");
    schema.required("name", &Profile::title, "In words, for people.", not_empty());
    add_ratings(schema);
    add_limits(schema);
    return schema;
  }();
  return kSchema;
}

const Schema<Circuit>& circuit_schema() {
  using S = Circuit;
  static const auto kSchema =
      Schema<S>("circuit", "Chargers that share a fuse or a strip.")
          .required("id", &S::id, "As in circuit = \"ID\" of a charger.", slug())
          .option("max_chargers", &S::max_chargers, "So many may charge at once.", range(1, 100))
          .option("max_power_w", &S::max_power_w, "So much may they draw together.",
                  range(1, 20'000))
          .place(&S::place)
          .check([](const S& circuit, Complaints& complaints) {
            if (circuit.max_chargers <= 0 && circuit.max_power_w <= 0)
              complaints.here("a circuit needs max_chargers or max_power_w",
                              "for example max_chargers = 1");
          });
  return kSchema;
}

const Schema<Charger>& charger_schema() {
  static const auto kSchema = [] {
    Schema<Charger> schema("charger", "A plug with a battery charger on it.");
    add_wiring(schema);
    add_plan(schema);
    add_targets(schema);
    return schema;
  }();
  return kSchema;
}

}  // namespace b2m::config
