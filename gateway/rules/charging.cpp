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

}  // namespace

Charging::Charging(const Site& site, const LimitsOf& limits) {
  for (const Device& device : site.devices()) {
    const Slot output = site.slot(device.id, point::charging);
    if (device.kind != DeviceKind::pack || output == kNoSlot || !site.entity(output).writable)
      continue;
    Pack& pack = packs_.emplace_back();
    pack.id = device.id;
    pack.output = output;
    pack.obstacle = PackObstacle(site, device.id, limits, site.entity(output).adapter);
  }
}

void Charging::step(const Input& in, Decision& out) {
  for (Pack& pack : packs_) {
    for (const Intent& intent : in.intents)
      if (intent.slot == pack.output) obey(pack, intent, in, out);
    if (pack.is_on) {
      auto reason = pack.obstacle.find(in, out);
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
  auto reason = pack.obstacle.find(in, out);
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
