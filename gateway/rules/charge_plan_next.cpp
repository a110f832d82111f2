// SPDX-License-Identifier: MIT
// When the next charge will begin, as far as that can be foreseen; and the plan's memory as text.
#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "gateway/rules/charge_plan.hpp"

namespace b2m::rules {
namespace {

std::chrono::seconds seconds(double s) { return std::chrono::seconds(std::llround(s)); }

std::optional<WallTime> earlier(std::optional<WallTime> a, std::optional<WallTime> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

/// The end of the time that is left out, if `at` lies in it.
WallTime past_skip(const PlanInput& in, WallTime at) {
  const std::int64_t t = to_unix(at);
  const bool skipped = t >= in.memory.skip_from && t < in.memory.skip_until;
  return skipped ? from_unix(in.memory.skip_until) : at;
}

WallTime past_cool_down(const PlanInput& in, WallTime at) {
  if (in.session.is_active || !in.session.done_at) return at;
  return std::max(at, *in.session.done_at + seconds(in.options.cool_down_h * 3600));
}

std::optional<WallTime> in_window(const PlanInput& in, const Calendar& cal) {
  const ChargeOptions& o = in.options;
  const double delay_s = in.session.is_active ? 0 : o.start_delay_min * 60;
  WallTime from = in.wall;
  const bool served = !in.session.is_active && cal.occurrence != kNoOccurrence &&
                      cal.occurrence == in.memory.served_window;
  if (served) {
    const auto closing = next_closing(o.windows, in.wall);
    if (!closing) return std::nullopt;
    from = *closing;
  }
  const auto start = next_opening(o.windows, past_skip(in, past_cool_down(in, from)));
  if (!start) return std::nullopt;
  if (*start > in.wall) return *start + seconds(delay_s);
  return in.wall + seconds(std::max(delay_s - in.open_for_s, 0.0));
}

std::optional<WallTime> for_ready_by(const PlanInput& in, const Calendar& cal) {
  auto ready = cal.ready_by;
  for (int tries = 0; ready && tries < 2; ++tries) {
    const WallTime start = std::max(latest_start(in, ready->at), in.wall);
    const bool served = !in.session.is_active && ready->occurrence == in.memory.served_ready_by;
    if (!served && past_skip(in, start) == start) return start;
    ready = next_ready_by(in.options.ready_by, std::max(past_skip(in, start), ready->at));
  }
  if (!ready) return std::nullopt;
  return std::max(latest_start(in, ready->at), in.wall);
}

}  // namespace

std::optional<WallTime> next_start(const PlanInput& in, const Calendar& cal) {
  const ChargeOptions& o = in.options;
  const bool runs = in.session.is_active && in.session.state != ChargeState::paused;
  if (runs || in.session.state == ChargeState::fault) return std::nullopt;
  if (in.memory.by_hand)
    return in.wall + seconds(std::max(o.start_delay_min * 60 - in.asked_for_s, 0.0));
  const bool plans = o.schedule && o.mode != ChargeMode::off && o.mode != ChargeMode::manual;
  if (!plans || !cal.is_clock_set || in.session.paused_by_user) return std::nullopt;
  std::optional<WallTime> next;
  if (!o.windows.empty()) next = in_window(in, cal);
  if (cal.ready_by && (o.windows.empty() || o.ready_by_outside))
    next = earlier(next, for_ready_by(in, cal));
  if (o.windows.empty() && o.ready_by.empty()) {
    const auto again = from_unix(in.memory.last_end) + seconds(o.cool_down_h * 3600);
    next = std::max(in.wall, past_cool_down(in, again));
  }
  return next;
}

namespace {

template <class Field>
void read(std::string_view text, std::string_view key, Field& field) {
  const std::string start = fmt::format(" {}=", key);
  const auto at = text.find(start);
  if (at == std::string_view::npos) return;
  const std::string_view value = text.substr(at + start.size());
  const std::string_view word = value.substr(0, value.find(' '));
  Field read{};
  if (std::from_chars(word.data(), word.data() + word.size(), read).ec != std::errc{}) return;
  if (std::isfinite(static_cast<double>(read))) field = read;
}

}  // namespace

std::string PlanMemory::to_text() const {
  return fmt::format(
      " by_hand={} full={} window={} ready_by={} runs_for={} skip_from={} skip_until={} "
      "last_end={} level_base={}",
      int{by_hand}, int{is_full_charge}, served_window, served_ready_by, runs_for, skip_from,
      skip_until, last_end, level_base_wh);
}

PlanMemory PlanMemory::from_text(std::string_view text) {
  PlanMemory m;
  int flag_by_hand = 0;
  int flag_full = 0;
  read(text, "by_hand", flag_by_hand);
  read(text, "full", flag_full);
  m.by_hand = flag_by_hand == 1;
  m.is_full_charge = flag_full == 1;
  read(text, "window", m.served_window);
  read(text, "ready_by", m.served_ready_by);
  read(text, "runs_for", m.runs_for);
  read(text, "skip_from", m.skip_from);
  read(text, "skip_until", m.skip_until);
  read(text, "last_end", m.last_end);
  read(text, "level_base", m.level_base_wh);
  return m;
}

}  // namespace b2m::rules
