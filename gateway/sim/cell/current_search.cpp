// SPDX-License-Identifier: MIT
#include "gateway/sim/cell/current_search.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/core.h>

namespace b2m::sim {
namespace {

constexpr int kMostTries = 80;
constexpr double kNarrow = 1e-14;  // of a bracket, relative

struct Point {
  double current = 0, voltage = 0;
};

class Search {
 public:
  Search(const CurrentSearch& search, const std::function<double(double)>& voltage)
      : search_(search),
        voltage_(voltage),
        low_(search.low_a),
        high_(search.high_a),
        slope_(std::min(search.slope_v_per_a, -1e-6)) {}

  FoundCurrent run() {
    if (search_.kind == Demand::Kind::power && search_.wanted > 0) return discharge_power();
    if (search_.kind == Demand::Kind::power) high_ = std::min(high_, 0.0);
    if (search_.kind == Demand::Kind::resistance) low_ = std::max(low_, 0.0);
    return falling(std::clamp(search_.guess_a, low_, high_));
  }

 private:
  [[nodiscard]] double evaluate(double current) {
    const double voltage = voltage_(current);
    if (tries_++ > 0 && current != now_.current) {
      const double secant = (voltage - now_.voltage) / (current - now_.current);
      if (secant < 0) slope_ = secant;
    }
    now_ = {current, voltage};
    return miss(now_);
  }

  /// Above 0: more current is wanted.
  [[nodiscard]] double miss(const Point& at) const {
    switch (search_.kind) {
      case Demand::Kind::voltage:
        return at.voltage - search_.wanted;
      case Demand::Kind::power:
        return search_.wanted - at.voltage * at.current;
      case Demand::Kind::resistance:
        return at.voltage - search_.wanted * at.current;
      case Demand::Kind::current:
        break;
    }
    return search_.wanted - at.current;
  }

  [[nodiscard]] double miss_slope() const {
    switch (search_.kind) {
      case Demand::Kind::power:
        return -now_.voltage - now_.current * slope_;
      case Demand::Kind::resistance:
        return slope_ - search_.wanted;
      default:
        return slope_;
    }
  }

  [[nodiscard]] double tolerance() const {
    return search_.kind == Demand::Kind::power
               ? search_.tolerance_v * std::max(1e-3, std::abs(now_.current))
               : search_.tolerance_v;
  }

  FoundCurrent found() const { return {true, false, now_.current, slope_, {}}; }

  FoundCurrent failed(std::string reason) const {
    return {false, false, now_.current, slope_, std::move(reason)};
  }

  /// miss() falls between low_ and high_: secants, and halves where those do not narrow enough.
  FoundCurrent falling(double current) {
    if (!(low_ <= high_)) return at_limit();
    double width = high_ - low_;
    while (tries_ < kMostTries) {
      const double value = evaluate(current);
      if (!std::isfinite(value)) return failed("the voltage is not a number");
      if (std::abs(value) <= tolerance()) return found();
      (value > 0 ? low_ : high_) = current;
      if (high_ - low_ <= kNarrow * (std::abs(low_) + std::abs(high_))) return narrowed(value);
      double next = current - value / miss_slope();
      const bool is_slow = tries_ % 6 == 0 && high_ - low_ > 0.1 * width;
      if (tries_ % 6 == 0) width = high_ - low_;
      if (!(next > low_ && next < high_) || is_slow) next = 0.5 * (low_ + high_);
      current = next;
    }
    return narrowed(miss(now_));
  }

  FoundCurrent narrowed(double value) {
    if (std::abs(value) <= 1e3 * tolerance()) return found();
    const double width = search_.high_a - search_.low_a;
    if (search_.high_a - low_ < 1e-6 * width || high_ - search_.low_a < 1e-6 * width)
      return at_limit();
    return failed(fmt::format("no current between {:.6g} and {:.6g} A gives it", search_.low_a,
                              search_.high_a));
  }

  FoundCurrent at_limit() const {
    FoundCurrent result =
        failed("it takes more lithium than the particles' surfaces can give or take");
    result.is_at_limit = true;
    return result;
  }

  /// The power rises with the current to a largest one and falls again. The root below that is
  /// wanted: Newton from below does not overshoot, as the power bends down.
  FoundCurrent discharge_power() {
    low_ = std::max(low_, 0.0);
    if (!(low_ <= high_)) return at_limit();
    double current = std::clamp(search_.guess_a, low_, high_);
    Point best;
    while (tries_ < kMostTries) {
      double value = evaluate(current);
      if (!std::isfinite(value)) return failed("the voltage is not a number");
      if (now_.voltage * now_.current > best.voltage * best.current) best = now_;
      if (std::abs(value) <= tolerance()) return found();
      if (value < 0) {  // now there is a bracket
        high_ = current;
        return falling(std::max(current - value / miss_slope(), 0.5 * (low_ + high_)));
      }
      current = rising_step(value, current);
      if (high_ - low_ <= 1e-9 * high_) break;
    }
    return failed(fmt::format("the cell can give {:.4g} W at most", best.voltage * best.current));
  }

  /// From where the power is too small: towards more of it, with low_ on the rising side and high_
  /// on the falling one.
  double rising_step(double value, double current) {
    const Point here = now_;
    const double aside = std::max(1e-6 * std::abs(current), 1e-9);
    const double beside = evaluate(current + aside);
    const double slope = (beside - value) / aside;
    now_ = here;
    if (!(slope < 0)) {
      high_ = current;
      return 0.5 * (low_ + high_);
    }
    low_ = current;
    const double next = current - value / slope;
    return next < high_ ? next : 0.5 * (low_ + high_);
  }

  const CurrentSearch& search_;
  const std::function<double(double)>& voltage_;
  double low_, high_, slope_;
  Point now_;
  int tries_ = 0;
};

}  // namespace

FoundCurrent find_current(const CurrentSearch& search,
                          const std::function<double(double)>& voltage) {
  if (!std::isfinite(search.wanted)) return {false, false, 0, 0, "what is asked for is no number"};
  if (search.kind == Demand::Kind::resistance && search.wanted < 0)
    return {false, false, 0, 0, "a load has no resistance below 0"};
  return Search(search, voltage).run();
}

std::string cannot_be_held(Demand::Kind kind, double wanted, const std::string& reason) {
  constexpr std::array<const char*, 4> kUnits = {"A", "V", "W", "Ohm"};
  return fmt::format("{:.6g} {} cannot be held: {}", wanted, kUnits[static_cast<std::size_t>(kind)],
                     reason);
}

}  // namespace b2m::sim
