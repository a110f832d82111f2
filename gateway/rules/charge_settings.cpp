// SPDX-License-Identifier: MIT
#include "gateway/rules/charge_settings.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>

namespace b2m::rules {
namespace {

/// One entity with a number, a switch or a choice.
struct NumberRow {
  std::string_view key;
  double (*get)(const ChargeOptions&);
  void (*set)(ChargeOptions&, double);
};

template <auto kMember>
constexpr NumberRow number(std::string_view key) {
  return {key, [](const ChargeOptions& o) { return static_cast<double>(o.*kMember); },
          [](ChargeOptions& o, double v) {
            using Value = std::remove_reference_t<decltype(o.*kMember)>;
            o.*kMember = static_cast<Value>(v);
          }};
}

using O = ChargeOptions;
constexpr NumberRow kNumbers[] = {
    number<&O::mode>("charge_mode"),
    number<&O::target>("charge_target"),
    number<&O::schedule>("schedule"),
    number<&O::ready_by_outside>("ready_by_outside"),
    number<&O::full_every>("full_every"),
    number<&O::full_weekday>("full_weekday"),
    number<&O::price_limit>("price_limit"),
    number<&O::price_limited>("price_limited"),
    number<&O::start_delay_min>("start_delay"),
    number<&O::min_on_min>("min_on_time"),
    number<&O::cool_down_h>("cool_down"),
    number<&O::start_level_percent>("start_level"),
    number<&O::target_level_percent>("target_level"),
    number<&O::storage_level_percent>("storage_level"),
    number<&O::target_fraction_percent>("target_fraction"),
    number<&O::target_power_w>("target_power"),
    number<&O::target_cell_v>("target_cell_voltage"),
};

const NumberRow* number_row(std::string_view key) {
  const auto* const at = std::ranges::find(kNumbers, key, &NumberRow::key);
  return at == std::end(kNumbers) ? nullptr : at;
}

/// Zero is not what the user wants of these, but "not set".
bool is_unset(std::string_view key, double value) {
  const bool zero_is_unset = key == "target_power" || key == "target_cell_voltage";
  return std::isnan(value) || (zero_is_unset && value <= 0);
}

Result<> set_text(ChargeOptions& options, std::string_view key, std::string_view text) {
  if (key == "schedule_windows") {
    auto windows = parse_windows(text);
    if (!windows) return windows.error();
    options.windows = std::move(*windows);
    return {};
  }
  auto ready_by = parse_ready_by(text);
  if (!ready_by) return ready_by.error();
  options.ready_by = std::move(*ready_by);
  return {};
}

/// As it is kept: options by their words, since their order is no promise outside the program.
std::string value_text(const ChargeOptions& options, std::string_view key) {
  if (key == "schedule_windows") return format(options.windows);
  if (key == "ready_by") return format(options.ready_by);
  const double value = number_row(key)->get(options);
  const Kind& kind = kPoints[core_row(key)].kind;
  if (is_unset(key, value)) return {};
  if (kind.type == ValueType::option)
    return std::string(kind.options[static_cast<std::size_t>(value)]);
  return fmt::format("{}", value);
}

std::optional<double> number_of(const Kind& kind, std::string_view text) {
  if (kind.type == ValueType::option) {
    const auto at = std::ranges::find(kind.options, text);
    if (at == kind.options.end()) return std::nullopt;
    return static_cast<double>(at - kind.options.begin());
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  const double low = kind.type == ValueType::on_off ? 0 : kind.low;
  const double high = kind.type == ValueType::on_off ? 1 : kind.high;
  if (!(value >= low && value <= high)) return std::nullopt;
  return value;
}

ChargeOptions initial_options(const ChargerSettings& c) {
  ChargeOptions o;
  o.mode = c.mode;
  o.target = c.profile.target;
  o.schedule = c.schedule;
  o.ready_by_outside = c.ready_by_outside;
  o.full_every = c.full_every;
  o.full_weekday = c.full_weekday;
  o.price_limit = c.price_limit;
  o.price_limited = c.price_limited;
  o.start_delay_min = c.start_delay_min;
  o.min_on_min = c.min_on_min;
  o.cool_down_h = c.cool_down_h;
  o.target_level_percent = c.profile.target_level_percent;
  o.storage_level_percent = c.profile.storage_level_percent;
  o.target_fraction_percent = c.profile.target_fraction_percent;
  o.target_power_w = c.profile.nominal_stop_w;
  o.target_cell_v = c.profile.target_cell_v;
  for (const auto& [key, text] :
       {std::pair<std::string_view, const std::string&>{"schedule_windows", c.windows},
        {"ready_by", c.ready_by}})
    if (const auto set = set_text(o, key, text); !set)
      throw std::runtime_error(fmt::format("charger \"{}\": {}", c.id, set.error().detail));
  return o;
}

}  // namespace

ChargeSettings::ChargeSettings(const Site& site, DeviceId device, const ChargerSettings& charger,
                               const Recall& recall)
    : charger_(charger), options_(initial_options(charger)) {
  for (const PointRow& row : kPoints) {
    if (row.scope != Scope::charger || row.origin != Origin::setting ||
        row.platform == Platform::button)
      continue;
    Setting& setting = settings_.emplace_back();
    setting.key = row.key;
    setting.slot = site.slot(device, core_row(row.key));
    setting.initial = value_text(options_, row.key);
  }
  for (Setting& setting : settings_) {
    if (recall) restore(setting, recall);
    refresh(setting);
  }
}

void ChargeSettings::refresh(Setting& setting) {
  const NumberRow* row = number_row(setting.key);
  setting.is_text = row == nullptr;
  if (setting.is_text) {
    setting.shown_text = value_text(options_, setting.key);
    return;
  }
  const double value = row->get(options_);
  const bool unset = is_unset(setting.key, value);
  setting.shown = {setting.slot, unset ? 0 : value, unset ? Quality::missing : Quality::good};
}

std::string ChargeSettings::kept_key(const Setting& setting) const {
  return fmt::format("charger.{}.{}", charger_.id, setting.key);
}

/// Kept as "value|initial value of then": whatever is not understood any more is forgotten.
void ChargeSettings::restore(Setting& setting, const Recall& recall) {
  const auto kept = recall(kept_key(setting));
  if (!kept) return;
  const auto bar = kept->rfind('|');
  if (bar == std::string::npos || kept->substr(bar + 1) != setting.initial) return;
  const std::string text = kept->substr(0, bar);
  const NumberRow* row = number_row(setting.key);
  if (!row) {
    (void)set_text(options_, setting.key, text);  // on failure nothing has been changed
    return;
  }
  if (text.empty()) return;
  if (const auto value = number_of(kPoints[core_row(setting.key)].kind, text))
    row->set(options_, *value);
}

std::string_view ChargeSettings::key_of(Slot slot) const {
  const auto at = std::ranges::find(settings_, slot, &Setting::slot);
  return at == settings_.end() || slot == kNoSlot ? std::string_view{} : at->key;
}

Result<> ChargeSettings::change(const Intent& intent, double known_peak_w) {
  const auto at = std::ranges::find(settings_, intent.slot, &Setting::slot);
  ChargeOptions wanted = options_;
  if (const NumberRow* row = number_row(at->key)) {
    row->set(wanted, intent.value);
  } else if (const auto set = set_text(wanted, at->key, intent.text); !set) {
    return set.error();
  }
  if (std::string why = objection(wanted, at->key, charger_, known_peak_w); !why.empty())
    return Error(Errc::refused, std::move(why));
  options_ = std::move(wanted);
  at->is_changed = true;
  refresh(*at);
  ++revision_;
  return {};
}

void ChargeSettings::forget_start_level() {
  if (std::isnan(options_.start_level_percent)) return;
  options_.start_level_percent = std::numeric_limits<double>::quiet_NaN();
  Setting& setting = *std::ranges::find(settings_, "start_level", &Setting::key);
  setting.is_changed = true;
  refresh(setting);
  ++revision_;
}

void ChargeSettings::show(Decision& out) const {
  for (const Setting& setting : settings_) {
    if (setting.slot == kNoSlot) continue;
    if (setting.is_text) {
      // Home Assistant cannot show an empty text.
      const std::string_view empty = setting.key == "ready_by" ? kNever : kAnyTime;
      out.texts.emplace_back(setting.slot,
                             setting.shown_text.empty() ? std::string(empty) : setting.shown_text);
    } else {
      out.computed.push_back(setting.shown);
    }
  }
}

void ChargeSettings::take_kept(std::vector<Kept>& into) {
  for (Setting& setting : settings_) {
    if (!std::exchange(setting.is_changed, false)) continue;
    into.push_back({kept_key(setting),
                    fmt::format("{}|{}", value_text(options_, setting.key), setting.initial)});
  }
}

}  // namespace b2m::rules
