// SPDX-License-Identifier: MIT
// Weekly charge windows ("mon-fri 22:00-06:00; sat,sun 00:00-24:00") and the times by which a
// battery shall be ready ("mon-fri 07:00; sun 10:30"), both in local time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/result.hpp"
#include "gateway/rules/local_time.hpp"
#include "gateway/units.hpp"

namespace b2m::rules {

using Weekdays = std::uint8_t;  // bit 0: monday
inline constexpr Weekdays kEveryDay = 0x7F;

struct Window {
  Weekdays days = kEveryDay;  // on which it opens
  int from = 0;               // minute of the day
  int to = 0;                 // exclusive; 1440: midnight; not above `from`: of the next day
};

/// None at all: at any time.
struct Windows {
  std::vector<Window> list;
  [[nodiscard]] bool empty() const { return list.empty(); }
};

struct ReadyTime {
  Weekdays days = kEveryDay;
  int minute = 0;
};

/// None at all: never.
struct ReadyBy {
  std::vector<ReadyTime> list;
  [[nodiscard]] bool empty() const { return list.empty(); }
};

/// How an empty list of windows and of times is shown; understood as well.
inline constexpr std::string_view kAnyTime = "any time";
inline constexpr std::string_view kNever = "never";

Result<Windows> parse_windows(std::string_view text);
Result<ReadyBy> parse_ready_by(std::string_view text);
/// The text that parses to the same.
std::string format(const Windows& windows);
std::string format(const ReadyBy& ready_by);
std::string format(const Window& window);

/// One opening of a window: day of opening times 1440 plus its minute. Grows with time.
using Occurrence = std::int64_t;
inline constexpr Occurrence kNoOccurrence = -1;

struct OpenWindow {
  Occurrence occurrence = kNoOccurrence;
  const Window* window = nullptr;
};
/// The window that is open; of several the one that opened last. Nothing for an empty list.
std::optional<OpenWindow> open_window(const Windows& windows, const LocalTime& t);
/// An empty list is always open.
bool is_open(const Windows& windows, const LocalTime& t);
/// `from` itself when open then. Empty: not within the next eight days.
std::optional<WallTime> next_opening(const Windows& windows, WallTime from);
/// The first instant after `from` that is closed. Empty: not within the next eight days.
std::optional<WallTime> next_closing(const Windows& windows, WallTime from);

struct Deadline {
  Occurrence occurrence = kNoOccurrence;
  WallTime at{};
};
/// The first one after `from`.
std::optional<Deadline> next_ready_by(const ReadyBy& ready_by, WallTime from);

}  // namespace b2m::rules
