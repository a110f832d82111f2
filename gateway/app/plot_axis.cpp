// SPDX-License-Identifier: MIT
#include "gateway/app/plot_axis.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace b2m::app {
namespace {

constexpr double kFlatPart = 0.05;  // how much room a constant gets, of its value

double tick_step(double span, int wanted) {
  const double raw = span / wanted;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double round : {1.0, 2.0, 5.0})
    if (round * power >= raw * 0.999) return round * power;
  return 10 * power;
}

}  // namespace

std::string Axis::text(double tick) const {
  const std::string text = fmt::format("{:.{}f}", tick, decimals);
  return text.find_first_not_of("-0.") == std::string::npos ? text.substr(text[0] == '-') : text;
}

Range range_of(std::span<const Curve> curves, std::vector<double> Curve::*values) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const Curve& curve : curves) {
    for (const double value : curve.*values) {
      if (!std::isfinite(value)) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  if (low > high) return {};
  const double room = std::max(std::abs(high), 1e-3) * kFlatPart;
  if (high - low < room * 1e-3) return {low - room, high + room};
  return {low, high};
}

Axis make_axis(Range range, int wanted, bool is_rounded) {
  Axis axis;
  const double step = tick_step(range.high - range.low, wanted);
  axis.decimals = std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
  axis.range = range;
  if (is_rounded)
    axis.range = {std::floor(range.low / step) * step, std::ceil(range.high / step) * step};
  const double slack = step * 1e-6;
  for (double n = std::ceil((axis.range.low - slack) / step); n * step <= axis.range.high + slack;
       ++n)
    axis.ticks.push_back(n * step);
  return axis;
}

Curve thinned(const Curve& curve, Range x, int columns) {
  Curve out{curve.name, {}, {}};
  const auto column_of = [&](std::size_t i) {
    return std::clamp(static_cast<int>(x.part(curve.x[i]) * columns), 0, columns - 1);
  };
  for (std::size_t i = 0; i < curve.x.size();) {
    std::size_t end = i + 1;
    std::size_t lowest = i;
    std::size_t highest = i;
    for (; end < curve.x.size() && column_of(end) == column_of(i); ++end) {
      if (curve.y[end] < curve.y[lowest]) lowest = end;
      if (curve.y[end] > curve.y[highest]) highest = end;
    }
    std::size_t kept[] = {i, lowest, highest, end - 1};
    std::ranges::sort(kept);
    const auto kept_end = std::unique(std::begin(kept), std::end(kept));
    for (auto at = std::begin(kept); at != kept_end; ++at) {
      out.x.push_back(curve.x[*at]);
      out.y.push_back(curve.y[*at]);
    }
    i = end;
  }
  return out;
}

}  // namespace b2m::app
