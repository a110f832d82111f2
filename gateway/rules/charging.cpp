// SPDX-License-Identifier: MIT
#include "gateway/rules/charging.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace b2m::rules {
namespace {

/// An acknowledged output that has said "off", or nothing, for this long after "on" is not
/// following.
constexpr double kFollow_s = 5;
/// Whatever the configuration says of ages: nothing charges on older data.
constexpr double kFresh_s = 15;

}  // namespace

Charging::Charging(const Site& site, const LimitsOf& limits) {
  for (const Device& device : site.devices()) {
    const Slot output = site.slot(device.id, point::charging);
    if (device.kind != DeviceKind::pack || output == kNoSlot || !site.entity(output).writable)
      continue;
    Pack& pack = packs_.emplace_back();
    pack.id = device.id;
    pack.output = output;
    pack.adapter_connected =
        site.slot(kBridge, point::adapter_connected, site.entity(output).adapter);
    pack.cells = site.all_of(device.id, point::cell_voltage.row);
    pack.inputs = pack.cells;
    for (const RowId row : {point::cell_temperature.row, point::temperature.row})
      std::ranges::copy(site.all_of(device.id, row), std::back_inserter(pack.inputs));
    const auto own = limits.find(device.id);
    if (own != limits.end()) pack.checks = limit_checks(site, device.id, own->second);
    for (const Entity& e : site.entities(device.id))
      if (e.row->scope == Scope::alarm) pack.alarms.push_back(e.slot);
  }
}

void Charging::step(const Input& in, Decision& out) {
  for (Pack& pack : packs_) {
    for (const Intent& intent : in.intents)
      if (intent.slot == pack.output) obey(pack, intent, in, out);
    if (pack.is_on) {
      auto reason = obstacle(pack, in, out);
      if (!reason) reason = output_obstacle(pack, in);
      if (reason) stop(pack, *reason, out);
    }
    out.outputs.push_back({pack.output, pack.is_on ? 1.0 : 0.0, std::exchange(pack.resend, false)});
  }
}

void Charging::obey(Pack& pack, const Intent& intent, const Input& in, Decision& out) {
  if (intent.value == 0) {
    pack.is_on = false;
    pack.resend = true;  // somebody else may have switched it on
    out.verdicts.push_back({intent.ticket, intent.slot, true, {}});
    return;
  }
  auto reason = obstacle(pack, in, out);
  if (!reason && in.now[pack.output].quality == Quality::missing)
    reason = "the state of the charge output is unknown; is the bus up?";
  if (!reason && !pack.is_on) {
    pack.is_on = true;
    pack.was_on = false;
    pack.on_since = in.now.now();
  }
  out.verdicts.push_back({intent.ticket, intent.slot, !reason, reason.value_or("")});
}

void Charging::stop(Pack& pack, const std::string& reason, Decision& out) {
  pack.is_on = false;
  Note note{"charging_stopped", Severity::warning, "charging", "Charging stopped: " + reason};
  out.notes.emplace_back(pack.id, std::move(note));
}

std::optional<std::string> Charging::obstacle(const Pack& pack, const Input& in,
                                              const Decision& out) {
  const Site& site = in.now.site();
  if (in.shutting_down) return "the gateway is stopping";
  if (!in.now[pack.adapter_connected].is_on()) return "the adapter is not connected";
  if (pack.cells.empty()) return "this pack reports no cell voltages";
  for (const Slot slot : pack.inputs)
    if (!in.now[slot].is_good())
      return fmt::format("{} is {}", place(site, slot),
                         kQualities[static_cast<int>(in.now[slot].quality)]);
  for (const Slot slot : pack.inputs)
    if (in.now.now() - in.now[slot].time > from_seconds(kFresh_s))
      return fmt::format("{} has not been heard for {} s", place(site, slot), kFresh_s);
  for (const LimitCheck& check : pack.checks) {
    const auto finding = check.find(in.now);
    if (finding && check.is_beyond(finding->value)) return check.describe(*finding, site);
  }
  for (const Slot alarm : pack.alarms)
    if (latest(in, out, alarm).is_on())
      return fmt::format("the alarm \"{}\" is on", site.entity(alarm).name);
  return std::nullopt;
}

std::optional<std::string> Charging::output_obstacle(Pack& pack, const Input& in) {
  const Reading& state = in.now[pack.output];
  if (state.is_on() && state.time >= pack.on_since) pack.was_on = true;
  if (state.is_off() && pack.was_on) return "the output has gone off by itself";
  if (state.quality == Quality::missing) return "the state of the charge output has become unknown";
  if (in.now.now() - pack.on_since < from_seconds(kFollow_s)) return std::nullopt;
  if (!state.is_good()) return "the acknowledgements have stopped";
  const double refresh_s = in.now.site().entity(pack.output).refresh_s;
  const double patience_s = std::max(kFollow_s, 3 * refresh_s);
  if (refresh_s > 0 && in.now.now() - state.time > from_seconds(patience_s))
    return fmt::format("no acknowledgement for {} s", patience_s);
  if (state.is_off()) return "the device has switched off by itself";
  return std::nullopt;
}

}  // namespace b2m::rules
