// SPDX-License-Identifier: MIT
#include "gateway/rules/charge_learning.hpp"

#include <cmath>

#include "gateway/rules/session_text.hpp"

namespace b2m::rules {
namespace {

constexpr double kShare = 0.2;
constexpr double kMostWatts = 4000;
constexpr double kMostWattHours = 100000;
constexpr double kMostMinutes = 2880;

struct Field {
  const char* key;
  double Learned::*member;
  double low, high;
};
constexpr Field kFields[] = {
    {"peak_w", &Learned::peak_w, 0, kMostWatts},
    {"peak_spread_w", &Learned::peak_spread_w, 0, kMostWatts},
    {"warmup_dip_w", &Learned::warmup_dip_w, 0, kMostWatts},
    {"cc_slope_w_per_h", &Learned::cc_slope_w_per_h, -kMostWatts, kMostWatts},
    {"knee_to_end_wh", &Learned::knee_to_end_wh, 0, kMostWattHours},
    {"knee_to_end_min", &Learned::knee_to_end_min, 0, kMostMinutes},
    {"end_step_w", &Learned::end_step_w, 0, kMostWatts},
    {"idle_w", &Learned::idle_w, 0, kMostWatts},
    {"after_full_w", &Learned::after_full_w, 0, kMostWatts},
    {"efficiency", &Learned::efficiency, 0, 1},
};

/// 0 stands for "not known yet": the first value is taken as it is.
void average(double& known, const std::optional<double>& seen) {
  if (!seen || !std::isfinite(*seen)) return;
  known = known == 0 ? *seen : known + kShare * (*seen - known);
}

}  // namespace

void learn(Learned& learned, const Lesson& lesson) {
  ++learned.sessions;
  if (lesson.peak_w && learned.peak_w > 0)
    average(learned.peak_spread_w, std::abs(*lesson.peak_w - learned.peak_w));
  average(learned.peak_w, lesson.peak_w);
  average(learned.warmup_dip_w, lesson.warmup_dip_w);
  average(learned.cc_slope_w_per_h, lesson.cc_slope_w_per_h);
  average(learned.knee_to_end_wh, lesson.knee_to_end_wh);
  average(learned.knee_to_end_min, lesson.knee_to_end_min);
  average(learned.after_full_w, lesson.after_full_w);
  average(learned.efficiency, lesson.efficiency);
  if (!lesson.end_step_w) return;
  learned.has_end_step = *lesson.end_step_w > 0;
  if (learned.has_end_step) average(learned.end_step_w, lesson.end_step_w);
}

void learn_idle(Learned& learned, double watts) { average(learned.idle_w, watts); }

std::string Learned::to_text() const {
  TextWriter out;
  out.add("sessions", sessions);
  for (const Field& field : kFields) out.add(field.key, this->*field.member);
  out.add("has_end_step", has_end_step ? 1.0 : 0.0);
  return std::move(out).text();
}

Learned Learned::from_text(std::string_view text) {
  const TextReader in(text);
  Learned learned;
  learned.sessions = static_cast<int>(in.number("sessions", 0, 1e6, 0));
  for (const Field& field : kFields)
    learned.*field.member = in.number(field.key, field.low, field.high, 0);
  learned.has_end_step = in.flag("has_end_step");
  return learned;
}

}  // namespace b2m::rules
