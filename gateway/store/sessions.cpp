// SPDX-License-Identifier: MIT
#include "gateway/store/sessions.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace b2m::store {
namespace {

std::int64_t to_ms(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}
WallTime from_ms(std::int64_t ms) { return WallTime{} + std::chrono::milliseconds(ms); }

constexpr std::string_view kInsert =
    "INSERT INTO charge_session (charger, plug, pack, profile, mode, target, result, reason, "
    "started_ms, ended_ms, on_s, energy_wh, battery_ah, peak_w, cost) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view kSelect =
    "SELECT id, charger, plug, pack, profile, mode, target, result, reason, started_ms, ended_ms, "
    "on_s, energy_wh, battery_ah, peak_w, cost FROM charge_session "
    "WHERE (?1 = '' OR charger = ?1) AND started_ms >= ?2 AND started_ms < ?3 "
    "ORDER BY started_ms, id";

ChargeMode mode_of(const std::string& word) {
  const auto at = std::ranges::find(kChargeModes, word);
  return at == std::end(kChargeModes) ? ChargeMode::off
                                      : static_cast<ChargeMode>(at - std::begin(kChargeModes));
}

StoredSession read(const Statement& row) {
  StoredSession s;
  SessionRecord& r = s.record;
  s.id = row.integer(0);
  r.charger = row.text(1);
  r.plug = row.text(2);
  r.pack = row.text(3);
  r.profile = row.text(4);
  r.mode = mode_of(row.text(5));
  r.target = row.text(6);
  r.result = row.text(7);
  r.reason = row.text(8);
  r.started = from_ms(row.integer(9));
  r.ended = from_ms(row.integer(10));
  r.on_s = row.number(11);
  r.energy_wh = row.number(12);
  r.battery_ah = row.number(13);
  r.peak_w = row.number(14);
  r.has_cost = !row.is_null(15);
  r.cost = row.number(15);
  return s;
}

/// A field as RFC 4180 has it. A leading = + - @ would be a formula in a spreadsheet.
std::string field(std::string_view text) {
  std::string safe(text);
  if (!safe.empty() && std::string_view("=+-@").find(safe[0]) != std::string_view::npos)
    safe.insert(0, 1, '\'');
  if (safe.find_first_of(",\"\r\n") == std::string::npos) return safe;
  std::string quoted = "\"";
  for (const char c : safe) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string utc(WallTime time) {
  const auto ms = std::chrono::floor<std::chrono::seconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(ms);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{ms - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

}  // namespace

Sessions::Sessions(Database& database, SessionLimits limits)
    : database_(database), limits_(limits) {}

Result<> Sessions::add(const SessionRecord& r) {
  Statement insert = database_.prepare(kInsert);
  insert.bind(0, r.charger).bind(1, r.plug).bind(2, r.pack).bind(3, r.profile);
  insert.bind(4, kChargeModes[static_cast<std::size_t>(r.mode)]).bind(5, r.target);
  insert.bind(6, r.result).bind(7, r.reason).bind(8, to_ms(r.started)).bind(9, to_ms(r.ended));
  insert.bind(10, r.on_s).bind(11, r.energy_wh).bind(12, r.battery_ah).bind(13, r.peak_w);
  if (r.has_cost) insert.bind(14, r.cost);
  if (const auto done = insert.step(); !done) return done.error();
  if (const auto done = add_curve(database_.last_id(), r); !done) return done.error();
  return forget(r.charger);
}

Result<> Sessions::add_curve(std::int64_t id, const SessionRecord& record) {
  Statement insert = database_.prepare("INSERT OR REPLACE INTO charge_curve VALUES (?, ?, ?)");
  for (const auto& point : record.curve) {
    const auto done = insert.bind(0, id).bind(1, point.t_s).bind(2, point.power_w).step();
    if (!done) return done.error();
    insert.reset();
  }
  return {};
}

Result<> Sessions::forget(const std::string& charger) {
  Statement curves = database_.prepare(
      "DELETE FROM charge_curve WHERE session IN (SELECT id FROM charge_session WHERE charger = ? "
      "ORDER BY id DESC LIMIT -1 OFFSET ?)");
  if (const auto done = curves.bind(0, charger).bind(1, limits_.curves).step(); !done)
    return done.error();
  for (const char* sql :
       {"DELETE FROM charge_curve WHERE session <= (SELECT max(id) FROM charge_session) - ?",
        "DELETE FROM charge_session WHERE id <= (SELECT max(id) FROM charge_session) - ?"}) {
    Statement surplus = database_.prepare(sql);
    if (const auto done = surplus.bind(0, limits_.records).step(); !done) return done.error();
  }
  return {};
}

Result<std::vector<StoredSession>> Sessions::list(const SessionQuery& query) {
  constexpr std::int64_t kEver = INT64_MAX;
  Statement select = database_.prepare(kSelect);
  select.bind(0, query.charger)
      .bind(1, query.from ? to_ms(*query.from) : -kEver)
      .bind(2, query.to ? to_ms(*query.to) : kEver);
  std::vector<StoredSession> all;
  for (;;) {
    const auto row = select.step();
    if (!row) return row.error();
    if (!*row) return all;
    all.push_back(read(select));
  }
}

Result<std::vector<SessionRecord::CurvePoint>> Sessions::curve(std::int64_t id) {
  Statement select =
      database_.prepare("SELECT t_s, power_w FROM charge_curve WHERE session = ? ORDER BY t_s");
  select.bind(0, id);
  std::vector<SessionRecord::CurvePoint> curve;
  for (;;) {
    const auto row = select.step();
    if (!row) return row.error();
    if (!*row) return curve;
    curve.push_back({select.number(0), select.number(1)});
  }
}

std::string sessions_csv(const std::vector<StoredSession>& sessions) {
  std::string csv =
      "id,charger,plug,pack,profile,mode,target,result,reason,started,ended,on_s,energy_wh,"
      "battery_ah,peak_w,cost\r\n";
  for (const StoredSession& s : sessions) {
    const SessionRecord& r = s.record;
    csv += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{:.0f},{:.1f},{:.2f},{:.1f},{}\r\n", s.id,
                       field(r.charger), field(r.plug), field(r.pack), field(r.profile),
                       kChargeModes[static_cast<std::size_t>(r.mode)], field(r.target),
                       field(r.result), field(r.reason), utc(r.started), utc(r.ended), r.on_s,
                       r.energy_wh, r.battery_ah, r.peak_w,
                       r.has_cost ? fmt::format("{:.4f}", r.cost) : std::string());
  }
  return csv;
}

std::string curve_csv(const std::vector<SessionRecord::CurvePoint>& curve) {
  std::string csv = "t_s,power_w\r\n";
  for (const auto& point : curve) csv += fmt::format("{:.0f},{:.1f}\r\n", point.t_s, point.power_w);
  return csv;
}

}  // namespace b2m::store
