// SPDX-License-Identifier: MIT
#include "gateway/rules/charge_open_session.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

namespace b2m::rules {
namespace {

constexpr std::size_t kMostPoints = 1440;  // a day
/// The peak of a charge that began in constant voltage is no peak: it came within minutes.
constexpr double kTruePeak_s = 600;
constexpr double kTrueSlope_s = 1200;
constexpr double kTrueAfterFull_s = 600;
constexpr double kUnbroken_s = 120;

constexpr double kMostSeconds = 100 * 86400.0;
constexpr double kMostWattHours = 1e6;

double wall_seconds(WallTime t) {
  return std::chrono::duration<double>(t.time_since_epoch()).count();
}

WallTime wall_time(double seconds) {
  return WallTime(
      std::chrono::duration_cast<WallTime::duration>(std::chrono::duration<double>(seconds)));
}

}  // namespace

void add_to_curve(OpenSession& session, double watts) {
  auto& curve = session.curve;
  if (curve.size() >= kMostPoints) return;
  if (!curve.empty() && session.age_s - curve.back().t_s < kCurveStep_s) return;
  curve.push_back({session.age_s, watts});
}

double battery_ah(const OpenSession& session, const ChargingProfile& profile) {
  if (profile.battery_voltage_v <= 0) return 0;
  return session.energy.energy_wh() * profile.efficiency / profile.battery_voltage_v;
}

std::string duration_text(double seconds) {
  if (seconds < 90) return fmt::format("{:.0f} s", seconds);
  const long minutes = std::lround(std::min(seconds, kMostSeconds) / 60);
  if (minutes < 60) return fmt::format("{} min", minutes);
  return fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

std::string balance_sheet(const OpenSession& session) {
  return fmt::format("{:.0f} Wh in {}", session.energy.energy_wh(), duration_text(session.on_s));
}

SessionRecord record_of(const OpenSession& session, const ChargerSettings& settings,
                        WallTime ended) {
  SessionRecord record;
  record.charger = settings.id;
  record.plug = settings.plug;
  record.pack = settings.pack;
  record.profile = settings.profile.name;
  record.mode = session.mode;
  record.target = session.goal.text;
  record.started = session.started;
  record.ended = ended;
  record.on_s = session.on_s;
  record.energy_wh = session.energy.energy_wh();
  record.battery_ah = battery_ah(session, settings.profile);
  record.peak_w = session.peak_w;
  record.cost = session.energy.cost();
  record.has_cost = session.energy.has_cost();
  record.curve = session.curve;
  return record;
}

Lesson lesson_of(const OpenSession& session, const PowerSignals& signals,
                 const ChargerSettings& settings, const PackReadings& pack) {
  Lesson lesson;
  const bool saw_knee = session.knee && !session.knee_at_start;
  if (saw_knee && session.peak_on_s > kTruePeak_s) lesson.peak_w = session.peak_w;
  const bool is_unbroken = signals.is_whole() && session.age_s - session.on_s < kUnbroken_s;
  if (saw_knee && is_unbroken && session.peak_on_s > kTrueSlope_s) {
    lesson.warmup_dip_w = signals.warmup_dip_w();
    if (signals.rising_slope() != 0) lesson.cc_slope_w_per_h = signals.rising_slope() * 60;
  }
  if (session.full) lesson.end_step_w = session.end_step_w;
  if (session.full && saw_knee) {
    lesson.knee_to_end_wh = session.full->energy_wh - session.knee->energy_wh;
    lesson.knee_to_end_min = (session.full->on_s - session.knee->on_s) / 60;
  }
  if (session.full && session.balance_s > kTrueAfterFull_s)
    lesson.after_full_w = signals.median_w();
  const double drawn_wh = session.energy.energy_wh();
  const double least_wh = settings.profile.capacity_ah * settings.profile.battery_voltage_v / 5;
  if (pack.energy_in_kwh && session.pack_energy_kwh && drawn_wh > std::max(50.0, least_wh)) {
    const double share = (*pack.energy_in_kwh - *session.pack_energy_kwh) * 1000 / drawn_wh;
    if (share > 0.5 && share < 1) lesson.efficiency = share;
  }
  return lesson;
}

namespace {

void write_goal(TextWriter& out, const ChargeGoal& goal) {
  out.add("goal", kChargeTargets[static_cast<int>(goal.kind)]);
  out.add("goal_fraction", goal.fraction);
  out.add("goal_power_w", goal.power_w);
  out.add("goal_start_w", goal.start_w);
  out.add("goal_energy_wh", goal.energy_wh);
  out.add("goal_soc_percent", goal.soc_percent);
  out.add("goal_cell_v", goal.cell_v);
  out.add("goal_is_storage", goal.is_storage ? 1.0 : 0.0);
  out.add("goal_text", goal.text);
}

std::optional<ChargeGoal> read_goal(const TextReader& in) {
  const auto kind = std::ranges::find(kChargeTargets, in.text("goal").value_or(""));
  if (kind == std::end(kChargeTargets)) return std::nullopt;
  ChargeGoal goal;
  goal.kind = static_cast<ChargeTarget>(kind - std::begin(kChargeTargets));
  goal.fraction = in.number("goal_fraction", 0, 1, 0);
  goal.power_w = in.number("goal_power_w", 0, 1e4, 0);
  goal.start_w = in.number("goal_start_w", 0, 1e4, 0);
  goal.energy_wh = in.number("goal_energy_wh", 0, kMostWattHours, 0);
  goal.soc_percent = in.number("goal_soc_percent", 0, 100, 0);
  goal.cell_v = in.number("goal_cell_v", 0, 100, 0);
  goal.is_storage = in.flag("goal_is_storage");
  goal.text = in.text("goal_text").value_or("");
  return goal;
}

void write_mark(TextWriter& out, const std::string& name, const std::optional<ChargeMark>& mark) {
  if (!mark) return;
  out.add(name + "_on_s", mark->on_s);
  out.add(name + "_wh", mark->energy_wh);
}

std::optional<ChargeMark> read_mark(const TextReader& in, const std::string& name) {
  if (!in.number(name + "_on_s")) return std::nullopt;
  return ChargeMark{in.number(name + "_on_s", 0, kMostSeconds, 0),
                    in.number(name + "_wh", 0, kMostWattHours, 0)};
}

std::string curve_text(const OpenSession& session) {
  std::string text;
  for (const auto& p : session.curve)
    fmt::format_to(std::back_inserter(text), "{:.0f}:{:.1f} ", p.t_s, p.power_w);
  return text;
}

void read_curve(OpenSession& session, std::string_view text) {
  while (!text.empty() && session.curve.size() < kMostPoints) {
    const std::string_view point = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), point.size() + 1));
    const std::size_t colon = point.find(':');
    if (colon == std::string_view::npos) continue;
    const auto t = parse_finite(point.substr(0, colon));
    const auto watts = parse_finite(point.substr(colon + 1));
    if (!t || !watts || *t < 0) continue;
    if (!session.curve.empty() && *t <= session.curve.back().t_s) continue;
    session.curve.push_back({*t, *watts});
  }
}

}  // namespace

void write(TextWriter& out, const OpenSession& session) {
  out.add("mode", kChargeModes[static_cast<int>(session.mode)]);
  write_goal(out, session.goal);
  out.add("is_external", session.is_external ? 1.0 : 0.0);
  out.add("started", wall_seconds(session.started));
  out.add("age_s", session.age_s);
  out.add("on_s", session.on_s);
  out.add("balance_s", session.balance_s);
  out.add("energy_wh", session.energy.energy_wh());
  out.add("cost", session.energy.cost());
  out.add("has_cost", session.energy.has_cost() ? 1.0 : 0.0);
  out.add("last_power_w", session.energy.last_power_w());
  if (const auto counter = session.energy.last_counter_kwh()) out.add("counter_kwh", *counter);
  out.add("peak_w", session.peak_w);
  out.add("peak_on_s", session.peak_on_s);
  write_mark(out, "knee", session.knee);
  write_mark(out, "full", session.full);
  out.add("knee_at_start", session.knee_at_start ? 1.0 : 0.0);
  out.add("end_step_w", session.end_step_w);
  out.add("has_charged", session.has_charged ? 1.0 : 0.0);
  out.add("obstacles", session.obstacles);
  out.add("silences", session.silences);
  if (session.start_level) out.add("start_level", *session.start_level);
  out.add("start_level_wh", session.start_level_wh);
  if (session.pack_energy_kwh) out.add("pack_energy_kwh", *session.pack_energy_kwh);
  out.add("curve", curve_text(session));
}

std::optional<OpenSession> read_session(const TextReader& in) {
  const auto mode = std::ranges::find(kChargeModes, in.text("mode").value_or(""));
  const auto goal = read_goal(in);
  // Without these figures no guard could tell how far the charge has come.
  if (mode == std::end(kChargeModes) || !goal || in.number("on_s", 0, kMostSeconds, -1) < 0 ||
      in.number("energy_wh", 0, kMostWattHours, -1) < 0)
    return std::nullopt;
  OpenSession session;
  session.mode = static_cast<ChargeMode>(mode - std::begin(kChargeModes));
  session.goal = *goal;
  session.is_external = in.flag("is_external");
  session.started = wall_time(in.number("started", 0, 1e10, 0));
  session.age_s = in.number("age_s", 0, kMostSeconds, 0);
  session.on_s = in.number("on_s", 0, kMostSeconds, 0);
  session.balance_s = in.number("balance_s", 0, kMostSeconds, 0);
  session.energy.restore(in.number("energy_wh", 0, kMostWattHours, 0),
                         in.number("cost", -1e6, 1e6, 0), in.flag("has_cost"));
  session.peak_w = in.number("peak_w", 0, 1e4, 0);
  session.peak_on_s = in.number("peak_on_s", 0, kMostSeconds, 0);
  session.knee = read_mark(in, "knee");
  session.full = read_mark(in, "full");
  session.knee_at_start = in.flag("knee_at_start");
  session.end_step_w = in.number("end_step_w", 0, 1e4, 0);
  session.has_charged = in.flag("has_charged");
  session.obstacles = static_cast<int>(in.number("obstacles", 0, 100, 0));
  session.silences = static_cast<int>(in.number("silences", 0, 100, 0));
  if (in.number("start_level")) session.start_level = in.number("start_level", 0, 100, 0);
  session.start_level_wh = in.number("start_level_wh", 0, kMostWattHours, 0);
  session.pack_energy_kwh = in.number("pack_energy_kwh");
  read_curve(session, in.text("curve").value_or(""));
  return session;
}

}  // namespace b2m::rules
