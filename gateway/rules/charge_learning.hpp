// SPDX-License-Identifier: MIT
// What one finished charge teaches.
#pragma once

#include <optional>

#include "gateway/rules/charge_session.hpp"

namespace b2m::rules {

/// Of a session that ran to its end. Empty: this session cannot tell.
struct Lesson {
  std::optional<double> peak_w;
  std::optional<double> warmup_dip_w;
  std::optional<double> cc_slope_w_per_h;
  std::optional<double> knee_to_end_wh;
  std::optional<double> knee_to_end_min;
  std::optional<double> end_step_w;  // 0: it ended without a step
  std::optional<double> after_full_w;
  std::optional<double> efficiency;
};

void learn(Learned& learned, const Lesson& lesson);
/// A charger without a battery was seen to draw so much.
void learn_idle(Learned& learned, double watts);

}  // namespace b2m::rules
