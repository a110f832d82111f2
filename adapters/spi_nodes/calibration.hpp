// SPDX-License-Identifier: MIT
// Two readings with a good meter beside them make a straight line. The same for every protocol: it
// is kept here, not in the node.
#pragma once

#include <optional>
#include <string>
#include <string_view>
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
  static constexpr double kLeastGain = 0.8, kMostGain = 1.25;
  static constexpr double kMostOffset = 0.1;  // of the reading
  static constexpr double kFarEnough = 0.05;  // of the reading: nearer points are one

  /// With one more point: replaces the one near it, else the farther of two. Refuses what no
  /// reference or divider can be off by.
  [[nodiscard]] Result<Calibration> with(Point point) const;
  [[nodiscard]] double apply(double read_v) const { return gain_ * read_v + offset_v_; }
  /// Widest deviation at this reading; `tolerance` 0.1: 10 %.
  [[nodiscard]] double error(double read_v, double tolerance) const;
  [[nodiscard]] std::string text() const;

  /// As it is kept: "3.605 3.612;4.102 4.110".
  [[nodiscard]] std::string kept() const;
  static std::optional<Calibration> read(std::string_view kept);

 private:
  Result<> fit();

  std::vector<Point> points_;  // at most two
  double gain_ = 1, offset_v_ = 0;
};

}  // namespace b2m::spi_nodes
