// SPDX-License-Identifier: MIT
#include "gateway/rules/charge_windows.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace b2m::rules {
namespace {

constexpr int kHorizon_d = 8;
constexpr WallTime::duration kSpan = std::chrono::hours(24 * kHorizon_d);

constexpr bool has(Weekdays days, int weekday) { return ((days >> weekday) & 1) != 0; }

Occurrence occurrence_of(int day, int minute) { return Occurrence{day} * kMinutesADay + minute; }

/// Where the window that is open at `t` opened; counted from today, so 0 or -1 days.
std::optional<int> opened_on(const Window& w, const LocalTime& t) {
  const bool over_midnight = w.to <= w.from;
  const bool today = t.minute >= w.from && (over_midnight || t.minute < w.to);
  if (today && has(w.days, t.weekday)) return t.day;
  const bool yesterday = over_midnight && t.minute < w.to;
  if (yesterday && has(w.days, (t.weekday + 6) % 7)) return t.day - 1;
  return std::nullopt;
}

/// Every instant at which some window may open or close: its own times, and changes of the clock.
std::vector<WallTime> boundaries(const Windows& windows, WallTime from) {
  const LocalTime today = local_time(from);
  std::vector<WallTime> found;
  const auto add = [&](int day, int minute) {
    for (const WallTime at : instants(day, minute))
      if (at > from) found.push_back(at);
  };
  for (int d = -1; d <= kHorizon_d; ++d) {
    for (const Window& w : windows.list) {
      if (!has(w.days, (today.weekday + d + 14) % 7)) continue;
      add(today.day + d, w.from);
      add(today.day + d + (w.to <= w.from ? 1 : 0), w.to);
    }
  }
  if (const auto change = clock_change(from, from + kSpan)) found.push_back(*change);
  std::ranges::sort(found);
  return found;
}

std::optional<WallTime> next_with(bool open, const Windows& windows, WallTime from) {
  for (const WallTime at : boundaries(windows, from))
    if (is_open(windows, local_time(at)) == open) return at;
  return std::nullopt;
}

}  // namespace

std::optional<OpenWindow> open_window(const Windows& windows, const LocalTime& t) {
  std::optional<OpenWindow> found;
  for (const Window& w : windows.list) {
    const auto day = opened_on(w, t);
    if (!day) continue;
    const Occurrence occurrence = occurrence_of(*day, w.from);
    if (!found || occurrence > found->occurrence) found = OpenWindow{occurrence, &w};
  }
  return found;
}

bool is_open(const Windows& windows, const LocalTime& t) {
  return windows.empty() || open_window(windows, t).has_value();
}

std::optional<WallTime> next_opening(const Windows& windows, WallTime from) {
  if (is_open(windows, local_time(from))) return from;
  return next_with(true, windows, from);
}

std::optional<WallTime> next_closing(const Windows& windows, WallTime from) {
  if (windows.empty()) return std::nullopt;
  return next_with(false, windows, from);
}

std::optional<Deadline> next_ready_by(const ReadyBy& ready_by, WallTime from) {
  const LocalTime today = local_time(from);
  std::optional<Deadline> next;
  for (const ReadyTime& r : ready_by.list) {
    for (int d = 0; d <= kHorizon_d; ++d) {
      if (!has(r.days, (today.weekday + d) % 7)) continue;
      const WallTime at = first_instant(today.day + d, r.minute);
      if (at <= from) continue;
      if (!next || at < next->at) next = Deadline{occurrence_of(today.day + d, r.minute), at};
      break;
    }
  }
  return next;
}

}  // namespace b2m::rules
