// SPDX-License-Identifier: MIT
#include "gateway/rules/balance_run.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace b2m::rules {
namespace {

/// Longer than this nobody waits for readings or for bleeders to be seen off.
constexpr double kPatience_s = 30;
constexpr double kRounding = 1e-9;

struct Extremes {
  double low = 0, high = 0;
};

/// All cells are known.
Extremes extremes(const BalanceGuard& guard, const Snapshot& now) {
  Extremes e{now[guard.cells().front().voltage].value, now[guard.cells().front().voltage].value};
  for (const BalanceCell& cell : guard.cells()) {
    e.low = std::min(e.low, now[cell.voltage].value);
    e.high = std::max(e.high, now[cell.voltage].value);
  }
  return e;
}

/// Cells to bleed: those far enough above the lowest one, highest first, so many in a module.
std::vector<bool> choose(const BalanceGuard& guard, const Snapshot& now, double above_v, int most) {
  std::vector<std::pair<double, std::size_t>> high;
  for (std::size_t i = 0; i < guard.cells().size(); ++i) {
    const double v = now[guard.cells()[i].voltage].value;
    if (guard.cells()[i].has_bleeder(now) && v > above_v + kRounding) high.emplace_back(-v, i);
  }
  std::ranges::sort(high);
  std::vector<bool> chosen(guard.cells().size());
  std::vector<int> in_module(guard.modules());
  for (const auto& entry : high) {
    int& count = in_module[guard.cells()[entry.second].module];
    if (most > 0 && count >= most) continue;
    ++count;
    chosen[entry.second] = true;
  }
  return chosen;
}

BalanceEnd nothing_to_bleed(const Extremes& e, const BalancePlan& plan, double floor_v) {
  const double spread = e.high - e.low;
  if (spread <= plan.balance_difference_v + kRounding)
    return {fmt::format("balanced, the spread is {:.3f} V", spread)};
  if (e.high <= floor_v)
    return {fmt::format("no cell is above {:.3f} V, the spread is {:.3f} V", floor_v, spread)};
  return {fmt::format("no cell that can be bled is high enough, the spread is {:.3f} V", spread)};
}

}  // namespace

void BalanceRun::enter(Phase phase, SteadyTime now) {
  phase_ = phase;
  phase_since_ = now;
  unbled_since_.reset();
}

void BalanceRun::start(SteadyTime now) {
  started_ = now;
  doing_ = "Measures";
  bleeds_.clear();
  enter(Phase::resting, now);
}

double BalanceRun::seconds_left(std::size_t cell, double period_s, SteadyTime now) const {
  if (phase_ != Phase::bleeding || !bleeds_[cell]) return 0;
  return std::max(0.0, period_s - to_seconds(now - phase_since_));
}

std::optional<BalanceEnd> BalanceRun::step(const Input& in, const Decision& out,
                                           const BalanceGuard& guard,
                                           const BalanceSettings& settings) {
  if (!is_on()) return std::nullopt;
  const Around around{in, guard, settings};
  std::optional<BalanceEnd> end;
  if (auto why = guard.of_run(in, out)) {
    end = BalanceEnd{std::move(*why), Severity::warning};
  } else if (!settings.floor_v()) {
    end = BalanceEnd{"the balance voltage is not set", Severity::warning};
  } else if (in.now.now() - started_ >= from_seconds(settings.plan().balance_max_h * 3600)) {
    end =
        BalanceEnd{fmt::format("the time limit of {:g} h is over", settings.plan().balance_max_h)};
  } else {
    end = phase_ == Phase::resting ? rest(around) : bleed(around);
  }
  if (end) stop();
  return end;
}

std::optional<BalanceEnd> BalanceRun::rest(const Around& a) {
  if (has_rested(a)) return decide(a);
  const double limit_s = a.settings.plan().balance_rest_s + kPatience_s;
  if (a.in.now.now() - phase_since_ <= from_seconds(limit_s)) return std::nullopt;
  return BalanceEnd{fmt::format("no readings without bleeding within {:g} s", limit_s),
                    Severity::warning};
}

/// Every bleeder has been read as off, and every cell was measured long enough after that.
bool BalanceRun::has_rested(const Around& a) {
  const Snapshot& now = a.in.now;
  for (std::size_t i = 0; i < a.guard.cells().size(); ++i) {
    const BalanceCell& cell = a.guard.cells()[i];
    const bool was_bled = i < bleeds_.size() && bleeds_[i];
    if (!was_bled && !cell.has_bleeder(now)) continue;
    const Reading& bleed = now[cell.bleed];
    if (!bleed.is_off() || bleed.time < phase_since_) {
      unbled_since_.reset();
      return false;
    }
  }
  if (!unbled_since_) unbled_since_ = now.now();
  const SteadyTime rested = *unbled_since_ + from_seconds(a.settings.plan().balance_rest_s);
  return std::ranges::all_of(
      a.guard.cells(), [&](const BalanceCell& cell) { return now[cell.voltage].time >= rested; });
}

std::optional<BalanceEnd> BalanceRun::decide(const Around& a) {
  const BalancePlan& plan = a.settings.plan();
  const double floor_v = *a.settings.floor_v();
  const Extremes e = extremes(a.guard, a.in.now);
  const double above_v = std::max(floor_v, e.low + plan.balance_difference_v);
  bleeds_ = choose(a.guard, a.in.now, above_v, plan.max_bleeders);
  const auto count = std::ranges::count(bleeds_, true);
  if (count == 0) return nothing_to_bleed(e, plan, floor_v);
  doing_ = fmt::format("Bleeds {} of {} cells, the spread is {:.3f} V", count, bleeds_.size(),
                       e.high - e.low);
  enter(Phase::bleeding, a.in.now.now());
  return std::nullopt;
}

std::optional<BalanceEnd> BalanceRun::bleed(const Around& a) {
  for (std::size_t i = 0; i < bleeds_.size(); ++i)
    if (bleeds_[i] && a.in.now[a.guard.cells()[i].voltage].value <= *a.settings.floor_v())
      bleeds_[i] = false;
  const bool is_over =
      a.in.now.now() - phase_since_ >= from_seconds(a.settings.plan().balance_period_s);
  if (is_over || std::ranges::count(bleeds_, true) == 0) enter(Phase::resting, a.in.now.now());
  return std::nullopt;
}

}  // namespace b2m::rules
