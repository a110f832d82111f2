// SPDX-License-Identifier: MIT
#include "gateway/rules/alarms.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace b2m::rules {
namespace {

/// After the start every sensor gets this long to speak for the first time.
constexpr double kMissingDelay_s = 3;
/// A BMS repeats its error frame while the error lasts; silence this long means it is over.
constexpr double kErrorHold_s = 10;

}  // namespace

Alarms::Alarms(const Site& site, const LimitsOf& limits) {
  for (const Device& device : site.devices()) {
    if (device.kind != DeviceKind::pack) continue;
    Pack& pack = packs_.emplace_back();
    pack.id = device.id;
    const auto own = limits.find(device.id);
    if (own != limits.end()) pack.checks = limit_checks(site, device.id, own->second);
    for (const LimitCheck& check : pack.checks)
      pack.check_alarms.push_back({site.slot(device.id, check.alarm), State::unknown, {}});
    pack.data_missing.slot = site.slot(device.id, core_row("alarm_data_missing"));
    pack.bms_error.slot = site.slot(device.id, core_row("alarm_bms_error"));
    pack.problem = site.slot(device.id, point::problem);
    for (const RowId row :
         {point::cell_voltage.row, point::cell_temperature.row, point::temperature.row})
      std::ranges::copy(site.all_of(device.id, row), std::back_inserter(pack.inputs));
  }
}

void Alarms::step(const Input& in, Decision& out) {
  for (Pack& pack : packs_) step(pack, in, out);
}

void Alarms::step(Pack& pack, const Input& in, Decision& out) {
  const SteadyTime now = in.now.now();
  for (std::size_t i = 0; i < pack.checks.size(); ++i)
    step(pack.check_alarms[i], limit_condition(pack.checks[i], in.now), now, out);
  step(pack.data_missing, missing_condition(pack, in.now), now, out);
  step(pack.bms_error, error_condition(pack, in.now), now, out);

  const auto is_active = [](const Alarm& a) { return a.state == State::active; };
  const bool problem = std::ranges::any_of(pack.check_alarms, is_active) ||
                       is_active(pack.data_missing) || is_active(pack.bms_error);
  if (pack.problem != kNoSlot) out.computed.push_back({pack.problem, problem ? 1.0 : 0.0});
}

Alarms::Condition Alarms::limit_condition(const LimitCheck& check, const Snapshot& now) {
  Condition c;
  const auto finding = check.find(now);
  if (!finding) return c;
  c.is_raised = check.is_beyond(finding->value);
  if (!*c.is_raised && !finding->is_complete) return {};  // the one beyond may be the silent one
  c.may_clear = check.is_back(finding->value);
  c.delay_s = check.limit.delay_s;
  c.message = check.describe(*finding, now.site());
  return c;
}

Alarms::Condition Alarms::missing_condition(const Pack& pack, const Snapshot& now) {
  Condition c;
  c.delay_s = kMissingDelay_s;
  c.severity = Severity::error;
  std::size_t missing = 0;
  std::size_t count = 0;
  Slot first = kNoSlot;
  for (const Slot slot : pack.inputs) {
    if (now[slot].is_absent()) continue;
    ++count;
    if (now[slot].is_good()) continue;
    if (missing++ == 0) first = slot;
  }
  c.is_raised = missing > 0;
  if (missing == 0) {
    c.message = "All values are there";
  } else if (missing == count) {
    c.message = "No values at all";
  } else {
    c.message =
        fmt::format("{} of {} values are missing, the first is {} ({})", missing, count,
                    place(now.site(), first), kQualities[static_cast<int>(now[first].quality)]);
  }
  return c;
}

Alarms::Condition Alarms::error_condition(const Pack& pack, const Snapshot& now) {
  Condition c;
  c.severity = Severity::error;
  const Slot slot = now.site().slot(pack.id, point::bms_error);
  if (slot == kNoSlot) return c;
  const Reading& error = now[slot];
  c.is_raised = error.is_good() && now.now() - error.time <= from_seconds(kErrorHold_s);
  c.message = fmt::format("The BMS reports error {}", now.text(slot));
  return c;
}

void Alarms::step(Alarm& alarm, const Condition& c, SteadyTime now, Decision& out) {
  if (alarm.slot == kNoSlot) return;
  const auto enter = [&](State next) {
    alarm.state = next;
    alarm.since = now;
  };
  if (c.is_raised) {
    const bool was_active = alarm.state == State::active;
    if (*c.is_raised && alarm.state != State::active && alarm.state != State::pending)
      enter(State::pending);
    if (*c.is_raised && alarm.state == State::pending &&
        now - alarm.since >= from_seconds(c.delay_s))
      enter(State::active);
    if (!*c.is_raised && (!was_active || c.may_clear) && alarm.state != State::clear)
      enter(State::clear);
    const bool is_active = alarm.state == State::active;
    if (is_active != was_active)
      out.alerts.push_back({alarm.slot, is_active, c.severity, c.message});
  }
  if (!c.is_raised && alarm.state != State::active) alarm.state = State::unknown;
  const bool is_known = alarm.state != State::unknown;
  out.computed.push_back({alarm.slot, alarm.state == State::active ? 1.0 : 0.0,
                          is_known ? Quality::good : Quality::missing});
}

}  // namespace b2m::rules
