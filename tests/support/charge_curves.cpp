// SPDX-License-Identifier: MIT
#include "tests/support/charge_curves.hpp"

#include <algorithm>
#include <fstream>
#include <memory>
#include <random>

namespace b2m::test {

double ChargeCurve::at(double s) const {
  const auto after = std::upper_bound(seconds.begin(), seconds.end(), s);
  if (after == seconds.begin()) return watts.front();
  if (after == seconds.end()) return watts.back();
  const auto i = static_cast<std::size_t>(after - seconds.begin());
  const double share = (s - seconds[i - 1]) / (seconds[i] - seconds[i - 1]);
  return watts[i - 1] + share * (watts[i] - watts[i - 1]);
}

double ChargeCurve::peak_at_s() const {
  const auto top = std::max_element(watts.begin(), watts.end());
  return seconds[static_cast<std::size_t>(top - watts.begin())];
}

double ChargeCurve::falls_below_s(double w) const {
  double found = end_s() + 1;
  for (double s = end_s(); s >= 0 && at(s) < w; s -= 1) found = s;
  return found;
}

ChargeCurve recorded_curve(const std::string& name) {
  ChargeCurve curve;
  curve.name = name;
  std::ifstream file(std::string(B2M_SOURCE_DIR) + "/../shared/data/charge-curves/" + name +
                     ".csv");
  for (std::string line; std::getline(file, line);) {
    const auto comma = line.find(',');
    if (line.empty() || line[0] < '0' || line[0] > '9' || comma == std::string::npos) continue;
    curve.seconds.push_back(std::stod(line));
    curve.watts.push_back(std::stod(line.substr(comma + 1)));
  }
  return curve;
}

Load noisy(const ChargeCurve& curve, std::uint64_t seed) {
  auto random = std::make_shared<std::mt19937_64>(seed);
  return [curve, random](double s) {
    std::normal_distribution<double> noise(0, 0.3);
    std::uniform_real_distribution<double> uniform(0, 1);
    double w = curve.at(s);
    if (w <= 0) return 0.0;  // an empty socket reads nothing at all
    w += noise(*random);
    if (uniform(*random) < 0.01) w += 10 * uniform(*random) - 5;
    return std::max(0.0, w);
  };
}

}  // namespace b2m::test
