// SPDX-License-Identifier: MIT
#include "gateway/rules/charge_signals.hpp"

#include <algorithm>
#include <vector>

namespace b2m::rules {
namespace {

constexpr double kWindow_s = 120;
constexpr std::size_t kLeastSamples = 3;  // a slow plug: the last ones, however old
constexpr std::size_t kMostSamples = 240;
constexpr double kHistory_s = 1800;
constexpr double kHistoryStep_s = 10;
constexpr double kNoPeak_s = 120;
constexpr double kNoDecision_s = 300;
constexpr double kKnee = 0.97;
constexpr double kKneeHold_s = 180;
constexpr double kFall = 0.45;
constexpr double kFallWithin_s = 300;
constexpr double kFallWithinAtMost_s = 390;  // with samples far apart
constexpr double kFallHold_s = 60;
constexpr double kFallFrom = 0.10;  // of the peak
constexpr double kSlope_s = 900;
constexpr double kStillRising = 0.995;
constexpr double kEarly_s = 1200;

}  // namespace

void PowerSignals::relay_came_on(SteadyTime at) {
  on_at_ = at;
  ++beginnings_;
  window_.clear();
  history_.clear();
  median_.reset();
  fall_ = {};
  fall_from_w_ = 0;
}

void PowerSignals::restore(double peak_w, bool has_knee) {
  peak_w_ = peak_w;
  has_knee_ = has_knee;
  beginnings_ = 1;
}

void PowerSignals::add(SteadyTime at, double watts) {
  if (!window_.empty() && at <= window_.back().at) return;
  window_.push_back({at, watts});
  const auto is_old = [&] { return to_seconds(at - window_.front().at) > kWindow_s; };
  while (window_.size() > kMostSamples || (window_.size() > kLeastSamples && is_old()))
    window_.pop_front();
  if (window_.size() < kLeastSamples) return;

  std::vector<double> sorted;
  sorted.reserve(window_.size());
  for (const Sample& s : window_) sorted.push_back(s.watts);
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  median_ = *middle;
  if (on_for(at) >= kNoPeak_s) peak_w_ = std::max(peak_w_, *median_);
  add_history(at);
}

void PowerSignals::add_history(SteadyTime at) {
  if (!history_.empty() && to_seconds(at - history_.back().at) < kHistoryStep_s) return;
  history_.push_back({at, *median_});
  while (to_seconds(at - history_.front().at) > kHistory_s) history_.pop_front();

  const double on_s = on_for(at);
  if (on_s < kNoPeak_s) first_w_ = lowest_early_w_ = *median_;
  if (on_s <= kEarly_s) lowest_early_w_ = std::min(lowest_early_w_, *median_);
  if (*median_ >= kStillRising * peak_w_) rising_slope_ = slope().value_or(rising_slope_);
  if (may_decide() && held_below(kKnee * peak_w_, kKneeHold_s)) has_knee_ = true;

  const auto before = median_before(kFallWithin_s);
  const bool falls = before && *before > kFallFrom * peak_w_ && *median_ < kFall * *before;
  if (falls) fall_from_w_ = std::max(fall_from_w_, *before);
  fall_.note(falls, at);
  if (!falls) fall_from_w_ = 0;
}

std::optional<double> PowerSignals::median_w() const { return median_; }

bool PowerSignals::may_decide() const {
  return !history_.empty() && on_for(history_.back().at) >= kNoDecision_s;
}

bool PowerSignals::held_below(double watts, double seconds) const {
  for (auto s = history_.rbegin(); s != history_.rend(); ++s) {
    if (!(s->watts < watts)) return false;
    if (to_seconds(history_.back().at - s->at) >= seconds) return true;
  }
  return false;
}

std::optional<double> PowerSignals::median_before(double seconds) const {
  for (auto s = history_.rbegin(); s != history_.rend(); ++s) {
    const double age = to_seconds(history_.back().at - s->at);
    if (age > kFallWithinAtMost_s) return std::nullopt;
    if (age >= seconds) return s->watts;
  }
  return std::nullopt;
}

std::optional<double> PowerSignals::fell_from() const {
  if (history_.empty() || !fall_.lasted(kFallHold_s, history_.back().at)) return std::nullopt;
  return fall_from_w_;
}

std::optional<double> PowerSignals::slope() const {
  if (history_.size() < kLeastSamples) return std::nullopt;
  if (to_seconds(history_.back().at - history_.front().at) < kSlope_s) return std::nullopt;
  double n = 0, sum_t = 0, sum_w = 0, sum_tt = 0, sum_tw = 0;
  for (const Sample& s : history_) {
    const double t = to_seconds(s.at - history_.front().at) / 60;
    n += 1;
    sum_t += t;
    sum_w += s.watts;
    sum_tt += t * t;
    sum_tw += t * s.watts;
  }
  const double spread = n * sum_tt - sum_t * sum_t;
  if (spread <= 0) return std::nullopt;
  return (n * sum_tw - sum_t * sum_w) / spread;
}

double PowerSignals::warmup_dip_w() const { return std::max(0.0, first_w_ - lowest_early_w_); }

}  // namespace b2m::rules
