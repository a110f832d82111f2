// SPDX-License-Identifier: MIT
// What is said of a charger before anything runs: its profile, its guards, its initial settings,
// and what a charge shall reach. docs/charging.md explains every one of them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/model/charge_words.hpp"
#include "gateway/model/site.hpp"
#include "gateway/units.hpp"

namespace b2m::rules {

/// A charger together with the kind of battery on it. Watts are those at the wall. 0: not known.
struct ChargingProfile {
  std::string name;
  double charger_current_a = 0;
  double capacity_ah = 0;
  double battery_voltage_v = 48;
  double efficiency = 0.8;  // into the battery, of what the wall gives
  double peak_w = 0;        // until a session has been learned from
  double max_power_w = 0;   // never more, whatever was learned
  double no_load_w = 0.3;   // less: nothing is plugged in
  double idle_w = 5;        // less: a charger without a battery, or with a full one
  double full_power_w = 5;  // full when the power stays below
  double balance_min = 60;  // held that long after full
  double max_hours = 0;     // relay on; 0: 1.25 times capacity by current plus 3, at most 12
  // What the original called nominal and storage: a charge may only start above, and ends below.
  double nominal_start_w = 0;
  double nominal_stop_w = 0;
  double storage_start_w = 0;
  // Initial values of the charger's entities.
  ChargeTarget target = ChargeTarget::knee;
  double target_fraction_percent = 86;
  double target_level_percent = 80;
  double target_cell_v = 0;
  double storage_level_percent = 60;
};

/// How a charger is wired and guarded, and what its entities say before anybody has changed them.
struct ChargerSettings {
  std::string id;       // of the [[charger]]
  std::string plug;     // slug of its device
  std::string pack;     // slug; empty: none is bound
  std::string circuit;  // shared with other chargers; empty: none
  ChargingProfile profile;

  double guard_min = 30;  // the plug switches itself off after so long without us
  double guard_renew_min = 10;
  bool without_guard = false;     // charge although the plug has no timer that could be armed
  bool keeps_on_at_stop = false;  // when the gateway is stopped: leave the charge to the guard
  double temperature_low_c = 0, temperature_high_c = 45;  // where there is a temperature topic

  ChargeMode mode = ChargeMode::off;
  bool schedule = false;
  std::string windows;   // "mon-fri 22:00-06:00; sat 00:00-08:00"
  std::string ready_by;  // "mon-fri 07:00"
  bool ready_by_outside = true;
  FullEvery full_every = FullEvery::never;
  int full_weekday = 0;      // position in kWeekdayWords
  double price_per_kwh = 0;  // where no topic gives it
  double price_limit = 0;
  bool price_limited = false;
  double start_delay_min = 0;
  double min_on_min = 15;
  double cool_down_h = 8;
};

/// Chargers that share a fuse or a strip.
struct Circuit {
  std::string id;
  int max_chargers = 0;    // 0: any number
  double max_power_w = 0;  // 0: any; by measured power, or the peak of one about to start
};

/// What one charge shall reach. Exactly what `kind` names counts.
struct ChargeGoal {
  ChargeTarget kind = ChargeTarget::full;
  double fraction = 0;      // of the peak power, 0 to 1
  double power_w = 0;       // stop below
  double start_w = 0;       // with power: not worth starting below; 0: always
  double energy_wh = 0;     // at the wall, to be drawn in this session
  double soc_percent = 0;   // of the bound pack
  double cell_v = 0;        // of the bound pack's highest cell
  bool is_storage = false;  // no power may stand in for it
  std::string text;         // "86 % of the peak power"

  bool operator==(const ChargeGoal&) const = default;
};

}  // namespace b2m::rules
