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
constexpr double kPair_v = 0.014;      // two readings to 10 mV, two of a meter: tilts the line
constexpr double kDoubt = 0.1;         // of the correction: whoever read the meter may have erred
constexpr double kLeastTolerance = 0.01;

bool are_near(const Calibration::Point& a, const Calibration::Point& b) {
  return std::abs(a.read_v - b.read_v) < Calibration::kFarEnough * std::max(a.read_v, b.read_v);
}

/// As what each part of the kept text says.
bool take_part(const std::string& part, Calibration::Owner& owner,
               std::vector<Calibration::Point>& points) {
  std::istringstream in(part);
  in.imbue(std::locale::classic());
  std::string word;
  if (part.starts_with("scale ")) return static_cast<bool>(in >> word >> owner.scale);
  if (part.starts_with("serial ")) return static_cast<bool>(in >> word >> owner.serial);
  Calibration::Point& point = points.emplace_back();
  return static_cast<bool>(in >> point.read_v >> point.true_v);
}

}  // namespace

Result<Calibration> Calibration::with(Point point, double tolerance) const {
  Calibration next = *this;
  std::erase_if(next.points_, [&](const Point& p) { return are_near(p, point); });
  const auto distance = [&](const Point& p) { return std::abs(p.read_v - point.read_v); };
  if (next.points_.size() == 2)  // the new one and the other end make the longest line
    next.points_.erase(std::ranges::min_element(next.points_, {}, distance));
  next.points_.push_back(point);
  std::ranges::sort(next.points_, {}, &Point::read_v);
  if (const Result<> fitted = next.fit(tolerance); !fitted) return fitted.error();
  return next;
}

Result<> Calibration::fit(double tolerance) {
  gain_ = 1;
  offset_v_ = 0;
  if (points_.empty()) return {};
  const double most = std::max(tolerance, kLeastTolerance);
  for (const Point& p : points_) {
    if (!(p.read_v > 0)) return Error(Errc::out_of_range, "the node reads 0 V");
    if (!(std::abs(p.true_v / p.read_v - 1) <= most + 1e-9))
      return Error(
          Errc::out_of_range,
          fmt::format("{:.3f} V for a reading of {:.3f} V is off by {:+.1f} %, but reference and "
                      "divider can be off by {:.0f} % (tolerance_percent): check the meter, the "
                      "node's cell and its divider",
                      p.true_v, p.read_v, (p.true_v / p.read_v - 1) * 100, most * 100));
  }
  const Point& first = points_.front();
  gain_ = first.true_v / first.read_v;  // most of it is the reference, which is a factor
  if (points_.size() == 1) return {};
  const Point& last = points_.back();
  gain_ = (last.true_v - first.true_v) / (last.read_v - first.read_v);
  offset_v_ = first.true_v - gain_ * first.read_v;
  if (!(std::abs(gain_ - 1) <= 2 * most && std::abs(offset_v_) <= kMostOffset * first.read_v))
    return Error(Errc::out_of_range,
                 fmt::format("the two points make a gain of {:.3f} and an offset of {:.3f} V: one "
                             "of them is wrong; reset the calibration and begin again",
                             gain_, offset_v_));
  return {};
}

double Calibration::error(double read_v, double tolerance) const {
  if (points_.empty()) return tolerance * read_v;
  double away = std::max(points_.front().read_v - read_v, read_v - points_.back().read_v);
  away = std::max(away, 0.0);
  const double slope =
      points_.size() == 1
          ? kSlopeOfOne
          : kSlopeOfTwo + kPair_v / (points_.back().read_v - points_.front().read_v);
  return std::max(kMeter_v + away * slope, kDoubt * std::abs(apply(read_v) - read_v));
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
  if (points_.empty()) return "";
  std::string text;
  for (const Point& p : points_) text += fmt::format("{} {};", p.read_v, p.true_v);
  text += fmt::format("scale {}", owner_.scale);
  return owner_.serial.empty() ? text : text + ";serial " + owner_.serial;
}

Result<Calibration> Calibration::read(std::string_view kept, double tolerance) {
  const Error unreadable(Errc::malformed, fmt::format("\"{}\" is not a calibration", kept));
  std::istringstream in{std::string(kept)};
  Calibration calibration;
  for (std::string part; std::getline(in, part, ';');)
    if (!take_part(part, calibration.owner_, calibration.points_)) return unreadable;
  auto& points = calibration.points_;
  std::ranges::sort(points, {}, &Point::read_v);
  if (points.size() > 2 || (points.size() == 2 && are_near(points[0], points[1])))
    return unreadable;
  if (const Result<> fitted = calibration.fit(tolerance); !fitted) return fitted.error();
  return calibration;
}

}  // namespace b2m::spi_nodes
