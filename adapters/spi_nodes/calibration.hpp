// SPDX-License-Identifier: MIT
// Two readings with a good meter beside them make a straight line. The same for every protocol: it
// is kept here, not in the node.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/result.hpp"
#include "gateway/units.hpp"

namespace b2m::spi_nodes {

class Calibration {
 public:
  struct Point {
    double read_v = 0, true_v = 0;
    bool operator==(const Point&) const = default;
  };
  /// Whose it is: another node on the same cell has another reference.
  struct Owner {
    std::string serial;  // empty: it has none
    double scale = 1;    // of its divider
    bool operator==(const Owner&) const = default;
  };
  static constexpr double kTolerance = 0.1;   // of reference and divider together
  static constexpr double kMostOffset = 0.1;  // of the reading
  static constexpr double kFarEnough = 0.05;  // of the reading: nearer points are one

  /// With one more point: replaces the one near it, else the nearer of two. Refuses what reference
  /// and divider cannot be off by.
  [[nodiscard]] Result<Calibration> with(Point point, double tolerance = kTolerance) const;
  [[nodiscard]] bool is_empty() const { return points_.empty(); }
  [[nodiscard]] const Owner& owner() const { return owner_; }
  void belong_to(Owner owner) { owner_ = std::move(owner); }
  [[nodiscard]] double apply(double read_v) const { return gain_ * read_v + offset_v_; }
  /// Widest deviation at this reading; `tolerance` 0.1: 10 %.
  [[nodiscard]] double error(double read_v, double tolerance) const;
  [[nodiscard]] std::string text() const;

  /// As it is kept: "3.605 3.612;4.102 4.110;scale 1;serial DEADBEEF0001".
  [[nodiscard]] std::string kept() const;
  static Result<Calibration> read(std::string_view kept, double tolerance = kTolerance);

 private:
  Result<> fit(double tolerance);

  Owner owner_;
  std::vector<Point> points_;  // at most two, the lower one first
  double gain_ = 1, offset_v_ = 0;
};

}  // namespace b2m::spi_nodes
