// SPDX-License-Identifier: MIT
// Which settings of a charger contradict each other or what is known of its battery.
#include <cmath>

#include <fmt/format.h>

#include "gateway/rules/charge_settings.hpp"

namespace b2m::rules {
namespace {

std::string energy_objection(const ChargerSettings& charger) {
  if (charger.profile.capacity_ah > 0) return {};
  return fmt::format(
      "the capacity of this battery is not known; set capacity_ah in the charging profile \"{}\"",
      charger.profile.name);
}

std::string storage_objection(const ChargeOptions& o, const ChargerSettings& charger) {
  if (!charger.pack.empty()) return {};
  if (std::string why = energy_objection(charger); !why.empty())
    return "storage needs a battery whose state of charge or capacity is known: " + why;
  if (std::isnan(o.start_level_percent))
    return "storage charges by energy and needs to know where the battery stands; first set "
           "\"Charge level now\"";
  return {};
}

std::string power_objection(const ChargeOptions& o, double known_peak_w) {
  if (o.target_power_w <= 0) return "first set \"Target power\"";
  if (known_peak_w > 0 && o.target_power_w >= known_peak_w)
    return fmt::format(
        "a target power of {:.1f} W is not below the {:.1f} W that this charger draws at most, so "
        "every charge would end as soon as it has begun; choose less",
        o.target_power_w, known_peak_w);
  return {};
}

std::string target_objection(const ChargeOptions& o, const ChargerSettings& charger,
                             double known_peak_w) {
  const bool needs_pack = o.target == ChargeTarget::soc || o.target == ChargeTarget::cell_voltage;
  if (needs_pack && charger.pack.empty())
    return fmt::format(
        "the target {} needs a pack of this gateway that the charger charges; set pack in the "
        "[[charger]] \"{}\"",
        kChargeTargets[static_cast<int>(o.target)], charger.id);
  if (o.target == ChargeTarget::cell_voltage && o.target_cell_v <= 0)
    return "first set \"Target cell voltage\"";
  if (o.target == ChargeTarget::energy) return energy_objection(charger);
  if (o.target == ChargeTarget::power) return power_objection(o, known_peak_w);
  return {};
}

}  // namespace

std::string objection(const ChargeOptions& wanted, std::string_view changed,
                      const ChargerSettings& charger, double known_peak_w) {
  if (changed == "charge_mode" && wanted.mode == ChargeMode::storage)
    return storage_objection(wanted, charger);
  if (changed == "charge_target") return target_objection(wanted, charger, known_peak_w);
  if (changed == "target_power" && wanted.target_power_w > 0)
    return power_objection(wanted, known_peak_w);
  return {};
}

}  // namespace b2m::rules
