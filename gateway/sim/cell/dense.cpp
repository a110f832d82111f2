// SPDX-License-Identifier: MIT
#include "gateway/sim/cell/dense.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace b2m::sim {

void Dense::restart(const Instant& now) {
  voltage_.reset();
  points_[0] = now;
  count_ = 1;
  begin_ = 0;
}

// Kept: as many older points as fit before begin, stage (if there is one) and end.
Dense Dense::with(const Instant& end, const Attempt& attempt) const {
  const bool has_stage = std::isfinite(attempt.stage_voltage_v);
  const std::size_t room = has_stage ? 2 : 3;
  const std::size_t kept = std::min(room, count_);
  Dense next;
  std::copy_n(points_.begin() + static_cast<std::ptrdiff_t>(count_ - kept), kept,
              next.points_.begin());
  next.begin_ = kept - 1;
  next.count_ = kept;
  const Instant& begin = points_[count_ - 1];
  if (has_stage)
    next.points_[next.count_++] = {begin.time_s + kStagePart * (end.time_s - begin.time_s),
                                   attempt.stage_voltage_v, attempt.stage_current_a,
                                   attempt.stage_temperature_k, 0};
  next.points_[next.count_++] = end;
  const Hermite voltage(begin.voltage_v, attempt, end.time_s - begin.time_s);
  if (voltage.is_known()) next.voltage_ = voltage;
  return next;
}

void Dense::step(const Instant& end, const Attempt& attempt) { *this = with(end, attempt); }

namespace {
// The newest divided difference of the highest order of f over the points.
template <class F>
double divided_difference(const std::array<Instant, 4>& points, F&& f) {
  std::array<double, 4> d{};
  for (std::size_t i = 0; i < 4; ++i) d[i] = f(points[i]);
  for (std::size_t order = 1; order < 4; ++order)
    for (std::size_t i = 3; i >= order; --i)
      d[i] = (d[i] - d[i - 1]) / (points[i].time_s - points[i - order].time_s);
  return std::abs(d[3]);
}
}  // namespace

Dense::Error Dense::error_of(const Instant& end, const Attempt& attempt) const {
  const Dense next = with(end, attempt);
  // Slopes come with a current that stays.
  if (next.voltage_) return {next.voltage_->error(), 0};
  if (next.count_ < 4) {
    constexpr double kMuch = std::numeric_limits<double>::infinity();
    return next.count_ == 3 ? Error{} : Error{kMuch, kMuch};
  }
  // Where a parabola through the last three points is worst: a third of a cubic's largest value
  // there.
  const double h = next.points_[3].time_s - next.points_[1].time_s;
  const double reach = h * h * h * 0.05;
  return {reach * divided_difference(next.points_, [](const Instant& p) { return p.voltage_v; }),
          reach * divided_difference(next.points_, [](const Instant& p) { return p.current_a; })};
}

std::array<double, 4> Dense::weights(double time_s) const {
  std::array<double, 4> w{};
  for (std::size_t i = 0; i < count_; ++i) {
    w[i] = 1;
    for (std::size_t j = 0; j < count_; ++j)
      if (j != i) w[i] *= (time_s - points_[j].time_s) / (points_[i].time_s - points_[j].time_s);
  }
  return w;
}

Instant Dense::at(double time_s) const {
  const Instant &begin = points_[begin_], &end = points_[count_ - 1];
  Instant now{time_s, 0, begin.current_a, begin.temperature_k, charge_to(time_s)};
  const bool is_warming = begin.temperature_k != end.temperature_k;
  // A current that stays is not to be a rounding off.
  const bool is_changing = begin.current_a != end.current_a;
  if (voltage_) now.voltage_v = voltage_->at((time_s - begin.time_s) / (end.time_s - begin.time_s));
  if (voltage_ && !is_warming && !is_changing) return now;
  const auto w = weights(time_s);
  const auto curve = [&](double Instant::*value) {
    double sum = 0;
    for (std::size_t i = 0; i < count_; ++i) sum += w[i] * points_[i].*value;
    return sum;
  };
  if (!voltage_) now.voltage_v = curve(&Instant::voltage_v);
  if (is_changing) now.current_a = curve(&Instant::current_a);
  if (is_warming) now.temperature_k = curve(&Instant::temperature_k);
  return now;
}

double Dense::current_at(double time_s) const {
  const auto w = weights(time_s);
  double current = 0;
  for (std::size_t i = 0; i < count_; ++i) current += w[i] * points_[i].current_a;
  return current;
}

// Simpson's rule is exact for the cubic.
double Dense::charge_to(double time_s) const {
  const Instant& from = points_[begin_];
  // Slopes of the voltage come with a current that stays.
  if (voltage_) return from.charge_ah + from.current_a * (time_s - from.time_s) / 3600;
  const double middle = current_at(0.5 * (from.time_s + time_s));
  const double sum = from.current_a + 4 * middle + current_at(time_s);
  return from.charge_ah + sum * (time_s - from.time_s) / 6 / 3600;
}

}  // namespace b2m::sim
