// SPDX-License-Identifier: MIT
// A charger's setting entities: their values, what users may set them to, and how they survive a
// restart. A changed setting wins over the configuration until that is changed as well.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "gateway/result.hpp"
#include "gateway/rules/charge_types.hpp"
#include "gateway/rules/charge_windows.hpp"
#include "gateway/rules/rule.hpp"

namespace b2m::rules {

/// What the entities say just now.
struct ChargeOptions {
  ChargeMode mode = ChargeMode::off;
  ChargeTarget target = ChargeTarget::knee;
  bool schedule = false;
  Windows windows;
  ReadyBy ready_by;
  bool ready_by_outside = true;
  FullEvery full_every = FullEvery::never;
  int full_weekday = 0;  // position in kWeekdayWords
  double price_limit = 0;
  bool price_limited = false;
  double start_delay_min = 0;
  double min_on_min = 15;
  double cool_down_h = 8;
  double start_level_percent = std::numeric_limits<double>::quiet_NaN();  // NaN: not known
  double target_level_percent = 80;
  double storage_level_percent = 60;
  double target_fraction_percent = 86;
  double target_power_w = 0;  // 0: not set
  double target_cell_v = 0;   // 0: not set
};

/// Why this charger cannot have these options, with how to mend it; `changed` is the key of the
/// entity that was just set. Empty: it can.
std::string objection(const ChargeOptions& wanted, std::string_view changed,
                      const ChargerSettings& charger, double known_peak_w);

class ChargeSettings {
 public:
  /// Throws std::runtime_error when a text of the configuration is wrong.
  ChargeSettings(const Site& site, DeviceId device, const ChargerSettings& charger,
                 const Recall& recall);

  [[nodiscard]] const ChargeOptions& options() const { return options_; }
  /// Differs after every change.
  [[nodiscard]] unsigned revision() const { return revision_; }
  /// The key of this entity; empty: it is no setting of this charger.
  [[nodiscard]] std::string_view key_of(Slot slot) const;
  Result<> change(const Intent& intent, double known_peak_w);
  /// Whatever the user said of the battery's level is past.
  void forget_start_level();
  void show(Decision& out) const;
  /// What has changed since the last call.
  void take_kept(std::vector<Kept>& into);

 private:
  struct Setting {
    std::string_view key;
    Slot slot = kNoSlot;
    std::string initial;
    bool is_changed = false;  // since it was last kept
    // As it is shown:
    bool is_text = false;
    Computed shown;
    std::string shown_text;
  };
  void refresh(Setting& setting);
  void restore(Setting& setting, const Recall& recall);
  [[nodiscard]] std::string kept_key(const Setting& setting) const;

  const ChargerSettings& charger_;
  ChargeOptions options_;
  std::vector<Setting> settings_;
  unsigned revision_ = 0;
};

}  // namespace b2m::rules
