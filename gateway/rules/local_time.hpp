// SPDX-License-Identifier: MIT
// The local calendar: what the clock on the wall shows at an instant, and when it shows a given
// minute. Summer time and clock jumps end here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/units.hpp"

namespace b2m::rules {

inline constexpr int kMinutesADay = 24 * 60;

struct LocalTime {
  int day = 0;      // of the local calendar, counted from 1970-01-01
  int weekday = 0;  // 0: monday
  int minute = 0;   // of the day
  int year = 1970, month = 1, day_of_month = 1;
};

LocalTime local_time(WallTime at);

/// The instants at which the local clock begins to show this minute: one as a rule, two when the
/// clock is set back over it, and when it is set forward over it the first instant after the gap.
std::vector<WallTime> instants(int day, int minute);
inline WallTime first_instant(int day, int minute) { return instants(day, minute).front(); }

/// The instant between the two at which the offset of the local clock changes, if it does.
std::optional<WallTime> clock_change(WallTime from, WallTime to);

inline std::int64_t to_unix(WallTime t) { return std::chrono::system_clock::to_time_t(t); }
inline WallTime from_unix(std::int64_t s) { return std::chrono::system_clock::from_time_t(s); }

std::string day_text(const LocalTime& t);  // "2026-11-21"
std::string clock_text(int minute);        // "07:05"
std::string moment_text(WallTime at);      // "sat 07:05", for reasons
inline constexpr std::string_view kWeekdays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

}  // namespace b2m::rules
