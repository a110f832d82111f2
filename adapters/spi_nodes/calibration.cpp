// SPDX-License-Identifier: MIT
#include "adapters/spi_nodes/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include <fmt/format.h>

namespace b2m::spi_nodes {
namespace {

constexpr double kMeter_v = 0.002;     // a good meter's own error
constexpr double kSlopeOfOne = 0.01;   // one point leaves offset and gain mixed up
constexpr double kSlopeOfTwo = 0.002;  // beyond two points

}  // namespace

Result<Calibration> Calibration::with(Point point) const {
  Calibration next = *this;
  const auto distance = [&](const Point& p) { return std::abs(p.read_v - point.read_v); };
  const double near = kFarEnough * point.read_v;
  std::erase_if(next.points_, [&](const Point& p) { return distance(p) < near; });
  if (next.points_.size() == 2)  // the new one and the other end make the longest line
    next.points_.erase(std::ranges::min_element(next.points_, {}, distance));
  next.points_.push_back(point);
  std::ranges::sort(next.points_, {}, &Point::read_v);
  if (const Result<> fitted = next.fit(); !fitted) return fitted.error();
  return next;
}

Result<> Calibration::fit() {
  gain_ = 1;
  offset_v_ = 0;
  if (points_.empty()) return {};
  const Point& first = points_.front();
  if (!(first.read_v > 0)) return Error(Errc::out_of_range, "the node reads 0 V");
  gain_ = first.true_v / first.read_v;  // most of it is the reference, which is a factor
  if (points_.size() == 2) {
    const Point& last = points_.back();
    gain_ = (last.true_v - first.true_v) / (last.read_v - first.read_v);
    offset_v_ = first.true_v - gain_ * first.read_v;
  }
  if (!(gain_ >= kLeastGain && gain_ <= kMostGain))
    return Error(
        Errc::out_of_range,
        fmt::format("{:.3f} V for a reading of {:.3f} V is a gain of {:.3f}; only {} to {} "
                    "can be: check the meter, the node's cell and its divider",
                    points_.back().true_v, points_.back().read_v, gain_, kLeastGain, kMostGain));
  if (std::abs(offset_v_) > kMostOffset * first.read_v)
    return Error(Errc::out_of_range,
                 fmt::format("the two points make an offset of {:.3f} V, more than {:.0f} % of the "
                             "reading: one of them is wrong; reset the calibration and begin again",
                             offset_v_, kMostOffset * 100));
  return {};
}

double Calibration::error(double read_v, double tolerance) const {
  if (points_.empty()) return tolerance * read_v;
  double away = std::max(points_.front().read_v - read_v, read_v - points_.back().read_v);
  away = std::max(away, 0.0);
  return kMeter_v + away * (points_.size() == 1 ? kSlopeOfOne : kSlopeOfTwo);
}

std::string Calibration::text() const {
  if (points_.empty()) return "none";
  std::string text = fmt::format("gain {:.4f}, offset {:+.3f} V", gain_, offset_v_);
  std::string_view before = " from ";
  for (const Point& p : points_) {
    text += fmt::format("{}{:.3f} -> {:.3f} V", before, p.read_v, p.true_v);
    before = ", ";
  }
  return text;
}

std::string Calibration::kept() const {
  std::string text;
  for (const Point& p : points_)
    text += fmt::format("{}{} {}", text.empty() ? "" : ";", p.read_v, p.true_v);
  return text;
}

std::optional<Calibration> Calibration::read(std::string_view kept) {
  std::istringstream in{std::string(kept)};
  in.imbue(std::locale::classic());
  Calibration calibration;
  for (std::string pair; std::getline(in, pair, ';');) {
    std::istringstream numbers(pair);
    numbers.imbue(std::locale::classic());
    Point point;
    if (!(numbers >> point.read_v >> point.true_v)) return std::nullopt;
    auto next = calibration.with(point);
    if (!next) return std::nullopt;
    calibration = std::move(*next);
  }
  return calibration;
}

}  // namespace b2m::spi_nodes
