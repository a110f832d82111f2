// SPDX-License-Identifier: MIT
#include "gateway/rules/local_time.hpp"

#include <algorithm>
#include <ctime>

#include <fmt/format.h>

namespace b2m::rules {
namespace {

constexpr std::int64_t kDay_s = 86400;

std::tm broken_down(WallTime at) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(at);
  std::tm tm{};
  localtime_r(&seconds, &tm);
  return tm;
}

std::int64_t offset_s(std::int64_t unix_s) { return broken_down(from_unix(unix_s)).tm_gmtoff; }

constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

bool shows(std::int64_t unix_s, int day, int minute) {
  const LocalTime t = local_time(from_unix(unix_s));
  return t.day == day && t.minute == minute;
}

/// First second in (from, to] with the offset that `to` has.
std::int64_t change_between(std::int64_t from, std::int64_t to) {
  const std::int64_t after = offset_s(to);
  while (to - from > 1) {
    const std::int64_t middle = from + (to - from) / 2;
    (offset_s(middle) == after ? to : from) = middle;
  }
  return to;
}

}  // namespace

LocalTime local_time(WallTime at) {
  const std::tm tm = broken_down(at);
  const std::int64_t local_s = to_unix(at) + tm.tm_gmtoff;
  LocalTime t;
  t.day = static_cast<int>(floor_div(local_s, kDay_s));
  t.weekday = (tm.tm_wday + 6) % 7;
  t.minute = tm.tm_hour * 60 + tm.tm_min;
  t.year = tm.tm_year + 1900;
  t.month = tm.tm_mon + 1;
  t.day_of_month = tm.tm_mday;
  return t;
}

std::vector<WallTime> instants(int day, int minute) {
  const std::int64_t naive = day * kDay_s + minute * 60;
  const std::int64_t before = naive - offset_s(naive - kDay_s);
  const std::int64_t after = naive - offset_s(naive + kDay_s);
  // A whole day of 1,440 minutes: minute 1,440 is the next day's first.
  const int d = day + minute / kMinutesADay;
  const int m = minute % kMinutesADay;
  std::vector<WallTime> found;
  for (const std::int64_t candidate : {std::min(before, after), std::max(before, after)})
    if (shows(candidate, d, m) && (found.empty() || found.back() != from_unix(candidate)))
      found.push_back(from_unix(candidate));
  if (found.empty())
    found.push_back(from_unix(change_between(std::min(before, after), std::max(before, after))));
  return found;
}

std::optional<WallTime> clock_change(WallTime from, WallTime to) {
  if (offset_s(to_unix(from)) == offset_s(to_unix(to))) return std::nullopt;
  return from_unix(change_between(to_unix(from), to_unix(to)));
}

std::string day_text(const LocalTime& t) {
  return fmt::format("{:04}-{:02}-{:02}", t.year, t.month, t.day_of_month);
}

std::string clock_text(int minute) { return fmt::format("{:02}:{:02}", minute / 60, minute % 60); }

std::string moment_text(WallTime at) {
  const LocalTime t = local_time(at);
  return fmt::format("{} {}", kWeekdays[t.weekday], clock_text(t.minute));
}

}  // namespace b2m::rules
