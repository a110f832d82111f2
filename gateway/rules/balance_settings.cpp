// SPDX-License-Identifier: MIT
#include "gateway/rules/balance_settings.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace b2m::rules {
namespace {

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return value;
}

}  // namespace

BalanceSettings::BalanceSettings(const Site& site, DeviceId pack, const BalancePlan& plan,
                                 double low_v, const Recall& recall)
    : plan_(plan), low_v_(low_v) {
  settings_ = {
      Setting{site.slot(pack, point::bleed_time), &BalancePlan::bleed_time_s, {}, {}},
      {site.slot(pack, point::balance_difference), &BalancePlan::balance_difference_v, {}, {}},
      {site.slot(pack, point::balance_voltage), &BalancePlan::balance_voltage_v, {}, {}}};
  for (Setting& setting : settings_) {
    if (setting.slot == kNoSlot) continue;
    setting.kept_key =
        fmt::format("pack.{}.{}", site.device(pack).slug, site.entity(setting.slot).key);
    setting.initial = fmt::format("{}", plan_.*setting.value);
    if (recall) restore(site, setting, recall);
  }
}

/// Kept as "value|initial value of then".
void BalanceSettings::restore(const Site& site, const Setting& setting, const Recall& recall) {
  const auto kept = recall(setting.kept_key);
  const auto bar = kept ? kept->rfind('|') : std::string::npos;
  if (bar == std::string::npos || kept->substr(bar + 1) != setting.initial) return;
  const auto value = number_of(std::string_view(*kept).substr(0, bar));
  const Entity& entity = site.entity(setting.slot);
  const bool is_voltage = setting.value == &BalancePlan::balance_voltage_v;
  if (!value || !(*value >= entity.low && *value <= entity.high)) return;
  if (is_voltage && *value <= low_v_) return;
  plan_.*setting.value = *value;
}

std::optional<double> BalanceSettings::floor_v() const {
  if (plan_.balance_voltage_v <= 0) return std::nullopt;
  return std::max(plan_.balance_voltage_v, low_v_);
}

bool BalanceSettings::is_mine(Slot slot) const {
  return slot != kNoSlot && std::ranges::find(settings_, slot, &Setting::slot) != settings_.end();
}

Result<> BalanceSettings::change(const Intent& intent, Decision& out) {
  const auto at = std::ranges::find(settings_, intent.slot, &Setting::slot);
  if (at->value == &BalancePlan::balance_voltage_v && intent.value <= low_v_)
    return Error(Errc::refused,
                 fmt::format("{:.3f} V is not above the low limit of these cells with its margin, "
                             "{:.3f} V",
                             intent.value, low_v_));
  plan_.*(at->value) = intent.value;
  out.kept.push_back({at->kept_key, fmt::format("{}|{}", intent.value, at->initial)});
  return {};
}

void BalanceSettings::show(Decision& out) const {
  for (const Setting& setting : settings_) {
    const double value = plan_.*setting.value;
    if (setting.slot != kNoSlot)
      out.computed.push_back({setting.slot, value, value > 0 ? Quality::good : Quality::missing});
  }
}

}  // namespace b2m::rules
