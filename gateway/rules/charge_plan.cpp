// SPDX-License-Identifier: MIT
#include "gateway/rules/charge_plan.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace b2m::rules {
namespace {

/// 2024-01-01. A clock that shows less has not been set since the machine was switched on.
constexpr std::int64_t kClockSet_s = 1704067200;
/// Between two charges without any window, whatever the cool-down.
constexpr double kLeastBreak_h = 0.25;
/// Records from farther in the future were made while the clock was wrong.
constexpr Occurrence kServedHorizon = 2 * kMinutesADay;
constexpr std::int64_t kSkipHorizon_s = 9 * 86400;

bool is_served(Occurrence at, Occurrence served) {
  return at != kNoOccurrence && at <= served && served - at <= kServedHorizon;
}

WallTime after_hours(WallTime from, double hours) {
  return from + std::chrono::seconds(std::llround(hours * 3600));
}

bool is_skipped(const PlanInput& in, WallTime at) {
  const std::int64_t t = to_unix(at);
  const PlanMemory& m = in.memory;
  return t >= m.skip_from && t < m.skip_until && m.skip_until - t <= kSkipHorizon_s;
}

/// Empty: the price does not stand against a charge.
std::string price_objection(const PlanInput& in) {
  if (!in.options.price_limited) return {};
  if (!in.price) return "the price is not known";
  if (*in.price <= in.options.price_limit) return {};
  return fmt::format("the price of {} is above the limit of {}", *in.price, in.options.price_limit);
}

bool needs_charge(const PlanInput& in, const Deadline& ready_by) {
  if (is_served(ready_by.occurrence, in.memory.served_ready_by)) return false;
  if (in.memory.runs_for == ready_by.occurrence) return true;
  return in.wall >= latest_start(in, ready_by.at);
}

/// Whether the schedule lets a charge run now: exactly one of the two texts is filled.
struct Permit {
  std::string because;
  std::string against;
  std::optional<Deadline> deadline;
};

Permit no(std::string against) { return {{}, std::move(against), {}}; }

std::string closed_text(const Calendar& cal) {
  return cal.opening ? "outside the charge windows, the next opens " + moment_text(*cal.opening)
                     : std::string("outside the charge windows");
}

Permit permit(const PlanInput& in, const Calendar& cal) {
  const ChargeOptions& o = in.options;
  if (!cal.is_clock_set) return no("the clock of this machine is not set");
  if (in.on_for_s <= 0 && is_skipped(in, in.wall))
    return no("skipped until " + moment_text(from_unix(in.memory.skip_until)));
  Permit p;
  if (cal.ready_by && needs_charge(in, *cal.ready_by)) p.deadline = cal.ready_by;
  if (p.deadline && o.ready_by_outside) {
    p.because = "to be ready by " + moment_text(p.deadline->at);
    return p;
  }
  const std::string price = price_objection(in);
  if (cal.is_open && price.empty()) {
    p.because = cal.window.empty() ? "at any time" : "window " + cal.window;
  } else if (in.on_for_s > 0 && in.on_for_s < o.min_on_min * 60) {
    p.because = "minimum on-time";
  } else {
    p.against = cal.is_open ? price : closed_text(cal);
  }
  return p;
}

std::string delay_text(double wait_s) {
  return fmt::format("start delay, {:.0f} min left", std::ceil(wait_s / 60));
}

/// What keeps a session that might run from being started. Empty: nothing.
std::string start_objection(const PlanInput& in, const Calendar& cal, const Permit& p) {
  const ChargeOptions& o = in.options;
  if (p.deadline) return {};
  if (o.windows.empty() && cal.ready_by) {
    const WallTime start = latest_start(in, cal.ready_by->at);
    if (is_served(cal.ready_by->occurrence, in.memory.served_ready_by))
      return "already charged for " + moment_text(cal.ready_by->at);
    return fmt::format("starts {} to be ready by {}", moment_text(start),
                       moment_text(cal.ready_by->at));
  }
  if (o.windows.empty()) {
    const WallTime again =
        after_hours(from_unix(in.memory.last_end), std::max(o.cool_down_h, kLeastBreak_h));
    if (in.memory.last_end > 0 && in.wall < again) return "cool-down until " + moment_text(again);
  } else if (is_served(cal.occurrence, in.memory.served_window)) {
    return fmt::format("the window {} has had its charge", cal.window);
  }
  const double wait_s = o.start_delay_min * 60 - in.open_for_s;
  return wait_s > 0 ? delay_text(wait_s) : std::string();
}

/// Nothing new; what runs is held when it is to go on later, else ended.
Plan hold(const PlanInput& in, std::string why, ChargeWish::What what) {
  Plan plan;
  plan.wish.what = in.session.is_active ? what : ChargeWish::What::none;
  plan.wish.mode = in.options.mode;
  plan.wish.goal = in.session.goal;
  plan.wish.reason = why;
  plan.waits_for = std::move(why);
  return plan;
}

Plan go(const PlanInput& in, ChargeMode mode, std::string because) {
  auto goal = goal_of(in, mode);
  if (!goal) return hold(in, goal.error().detail, ChargeWish::What::pause);
  Plan plan;
  plan.wish.what = ChargeWish::What::charge;
  plan.wish.mode = mode;
  plan.wish.goal = std::move(*goal);
  plan.wish.reason = std::move(because);
  return plan;
}

Plan by_hand(const PlanInput& in) {
  const double wait_s = in.options.start_delay_min * 60 - in.asked_for_s;
  if (!in.session.is_active && wait_s > 0)
    return hold(in, delay_text(wait_s), ChargeWish::What::none);
  const ChargeMode mode = in.options.mode == ChargeMode::off ? ChargeMode::manual : in.options.mode;
  Plan plan = go(in, mode, "started by hand");
  plan.wish.is_urgent = true;
  return plan;
}

Plan scheduled(const PlanInput& in, const Calendar& cal) {
  const bool begins = !in.session.is_active;
  const Permit p = permit(in, cal);
  std::string against = p.against;
  if (against.empty() && begins) against = start_objection(in, cal, p);
  if (!against.empty()) {
    Plan plan = hold(in, against, ChargeWish::What::pause);
    plan.deadline = p.deadline;
    return plan;
  }
  const bool due = begins && in.options.mode == ChargeMode::nominal && is_full_due(in, cal.local);
  const bool full = due || (!begins && in.memory.is_full_charge);
  Plan plan = go(in, full ? ChargeMode::full : in.options.mode,
                 p.because + (full ? ", a full charge is due" : ""));
  plan.becomes_full = due;
  plan.deadline = p.deadline;
  return plan;
}

}  // namespace

Calendar calendar(const ChargeOptions& options, WallTime wall) {
  Calendar c;
  c.local = local_time(wall);
  c.is_clock_set = to_unix(wall) >= kClockSet_s;
  c.is_open = options.windows.empty();
  if (const auto open = open_window(options.windows, c.local)) {
    c.is_open = true;
    c.window = format(*open->window);
    c.occurrence = open->occurrence;
  }
  if (!c.is_open) c.opening = next_opening(options.windows, wall);
  c.ready_by = next_ready_by(options.ready_by, wall);
  return c;
}

Plan make_plan(const PlanInput& in, const Calendar& cal) {
  if (in.memory.by_hand) return by_hand(in);
  switch (in.options.mode) {
    case ChargeMode::off:
      return hold(in, "the charge mode is off", ChargeWish::What::none);
    case ChargeMode::manual:
      return hold(in, "charges when started by hand", ChargeWish::What::none);
    case ChargeMode::nominal:
    case ChargeMode::full:
    case ChargeMode::storage:
      break;
  }
  if (!in.options.schedule) return hold(in, "the schedule is off", ChargeWish::What::none);
  return scheduled(in, cal);
}

bool is_full_due(const PlanInput& in, const LocalTime& local) {
  if (in.spread_alarm) return true;
  constexpr double kDays[] = {0, 7, 14, 30};
  const double days = kDays[static_cast<int>(in.options.full_every)];
  const int weekday = in.options.full_weekday;
  if (days <= 0 || (weekday != 0 && weekday != local.weekday + 1)) return false;
  return !in.session.full_at || in.wall >= after_hours(*in.session.full_at, (days - 0.5) * 24);
}

void mark_served(PlanMemory& memory, const PlanInput& in, const Calendar& cal, bool by_user) {
  if (cal.occurrence != kNoOccurrence) memory.served_window = cal.occurrence;
  if (cal.ready_by) {
    const bool is_near = cal.ready_by->at - in.wall <= std::chrono::hours(24);
    if (needs_charge(in, *cal.ready_by) || (by_user && is_near))
      memory.served_ready_by = cal.ready_by->occurrence;
  }
  memory.last_end = to_unix(in.wall);
}

Result<> skip_next(PlanMemory& memory, const PlanInput& in, const Calendar& cal) {
  const ChargeOptions& o = in.options;
  if (o.windows.empty() && o.ready_by.empty())
    return Error(Errc::refused,
                 "the schedule has neither windows nor ready-by times, so there is no next "
                 "charge to leave out; switch the schedule off instead");
  const auto start = next_start(in, cal);
  if (in.memory.by_hand || !start)
    return Error(Errc::refused, in.session.is_active
                                    ? "a charge is running; stop or pause it instead"
                                    : "no charge is planned");
  const auto closing = next_closing(o.windows, *start);
  const bool in_window = !o.windows.empty() && is_open(o.windows, local_time(*start));
  WallTime until = in_window && closing ? *closing : *start + std::chrono::minutes(1);
  const auto ready = next_ready_by(o.ready_by, *start);
  if (ready && (!in_window || latest_start(in, ready->at) < until))
    until = std::max(until, ready->at);
  memory.skip_from = to_unix(in.wall);
  memory.skip_until = to_unix(until);
  return {};
}

}  // namespace b2m::rules
