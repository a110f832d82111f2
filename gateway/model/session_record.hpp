// SPDX-License-Identifier: MIT
// One finished charge, as it is stored, reported and exported.
#pragma once

#include <string>
#include <vector>

#include "gateway/model/charge_words.hpp"
#include "gateway/units.hpp"

namespace b2m {

struct SessionRecord {
  struct CurvePoint {
    double t_s = 0;  // since the start, pauses included
    double power_w = 0;
  };

  std::string charger;  // id of the [[charger]]
  std::string plug;     // slug of its device
  std::string pack;     // slug of the bound pack; may be empty
  std::string profile;
  ChargeMode mode = ChargeMode::off;
  std::string target;  // in words: "86 % of 104 W"
  std::string result;  // one word: "done", "unplugged", "no_load", "idle", "user", "fault", ...
  std::string reason;  // a sentence
  WallTime started{};
  WallTime ended{};
  double on_s = 0;  // relay on
  double energy_wh = 0;
  double battery_ah = 0;  // estimated
  double peak_w = 0;
  double cost = 0;
  bool has_cost = false;
  std::vector<CurvePoint> curve;  // one point a minute
};

}  // namespace b2m
