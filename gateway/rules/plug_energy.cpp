// SPDX-License-Identifier: MIT
#include "gateway/rules/plug_energy.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "gateway/rules/local_time.hpp"

namespace b2m::rules {
namespace {

constexpr double kKeepEvery_s = 600;
constexpr double kKeepStep_kwh = 0.01;
/// No plug carries more; a counter that runs faster has been set by somebody.
constexpr double kMost_kw = 10;
/// Between two power readings: longer gaps are not filled.
constexpr double kMostGap_s = 120;

template <class Number>
bool read(std::string_view& text, Number& into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  if (error != std::errc{} || !std::isfinite(static_cast<double>(into))) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.empty() && text.front() == '|') text.remove_prefix(1);
  return true;
}

}  // namespace

PlugEnergy::PlugEnergy(const Site& site, const Recall& recall) {
  for (const Device& device : site.devices()) {
    if (device.kind != DeviceKind::plug && device.kind != DeviceKind::strip) continue;
    Meter m;
    m.id = device.id;
    m.key = fmt::format("plug.{}.energy", device.slug);
    m.counter = site.slot(device.id, point::energy_counter);
    m.power = site.slot(device.id, point::power);
    m.total = site.slot(device.id, point::energy_total);
    m.today = site.slot(device.id, point::energy_today);
    if (m.total == kNoSlot && m.today == kNoSlot) continue;
    if (m.counter == kNoSlot && m.power == kNoSlot) continue;
    if (recall) restore(m, recall(m.key).value_or(""));
    meters_.push_back(std::move(m));
  }
}

/// "total|today|day|counter|Unix seconds"; anything else is as good as nothing.
void PlugEnergy::restore(Meter& m, std::string_view text) {
  double total = 0;
  double today = 0;
  double counter = -1;
  int day = -1;
  std::int64_t at = 0;
  if (!read(text, total) || !read(text, today) || !read(text, day) || !read(text, counter) ||
      !read(text, at) || !(total >= 0) || !(today >= 0))
    return;
  m.total_kwh = m.kept_kwh = total;
  m.today_kwh = today;
  m.day = day;
  m.last_counter_kwh = counter;
  m.counter_wall_s = at;
  m.is_known = true;
}

void PlugEnergy::step(const Input& in, Decision& out) {
  for (Meter& m : meters_) {
    begin_day(m, local_time(in.wall).day);
    if (m.counter != kNoSlot) {
      count(m, in.now[m.counter], to_unix(in.wall));
    } else {
      integrate(m, in.now[m.power]);
    }
    const Quality quality = m.is_known ? Quality::good : Quality::missing;
    if (m.total != kNoSlot) out.computed.push_back({m.total, m.total_kwh, quality});
    if (m.today != kNoSlot) out.computed.push_back({m.today, m.today_kwh, quality});
    keep(m, in, out);
  }
}

void PlugEnergy::begin_day(Meter& m, int day) {
  if (m.day != day) m.today_kwh = 0;
  m.day = day;
}

void PlugEnergy::count(Meter& m, const Reading& counter, std::int64_t wall_s) {
  if (!counter.is_good() || !std::isfinite(counter.value) || counter.time == m.counter_at) return;
  const double since_start = m.counter_at == SteadyTime{}
                                 ? static_cast<double>(wall_s - m.counter_wall_s)
                                 : to_seconds(counter.time - m.counter_at);
  const double most_kwh = 0.1 + kMost_kw * std::max(since_start, 0.0) / 3600;
  const double drawn = counter.value - m.last_counter_kwh;
  // Less than before is a new start of the counter, and so is a leap that no plug can carry.
  if (m.last_counter_kwh >= 0 && drawn > 0 && drawn <= most_kwh) add(m, drawn);
  m.last_counter_kwh = counter.value;
  m.counter_at = counter.time;
  m.counter_wall_s = wall_s;
  m.is_known = true;
}

void PlugEnergy::integrate(Meter& m, const Reading& power) {
  if (!power.is_good() || !std::isfinite(power.value) || power.time == m.power_at) return;
  const double gap_s = to_seconds(power.time - m.power_at);
  if (m.power_at != SteadyTime{} && gap_s <= kMostGap_s)
    add(m, (std::max(power.value, 0.0) + m.power_w) / 2 * gap_s / 3.6e6);
  m.power_at = power.time;
  m.power_w = std::max(power.value, 0.0);
  m.is_known = true;
}

void PlugEnergy::add(Meter& m, double kwh) {
  m.total_kwh += kwh;
  m.today_kwh += kwh;
}

void PlugEnergy::keep(Meter& m, const Input& in, Decision& out) {
  const bool is_first = m.kept_kwh < 0 && m.is_known;
  const bool has_moved = m.total_kwh - m.kept_kwh > kKeepStep_kwh;
  const bool is_due = m.kept == SteadyTime{} || in.now.now() - m.kept >= from_seconds(kKeepEvery_s);
  const bool at_end = in.shutting_down && m.total_kwh > m.kept_kwh;
  if (!m.is_known || !(is_first || at_end || (has_moved && is_due))) return;
  m.kept = in.now.now();
  m.kept_kwh = m.total_kwh;
  out.kept.push_back({m.key, fmt::format("{}|{}|{}|{}|{}", m.total_kwh, m.today_kwh, m.day,
                                         m.last_counter_kwh, m.counter_wall_s)});
}

}  // namespace b2m::rules
