// SPDX-License-Identifier: MIT
#include "gateway/rules/device_commands.hpp"

#include <fmt/format.h>

namespace b2m::rules {
namespace {

/// Charging and bleeding have rules of their own, and so have all settings of the gateway itself.
bool is_single(const Entity& e) {
  return e.writable && !e.computed &&
         (e.control == Control::plugs || e.control == Control::limits ||
          e.control == Control::contactors);
}

}  // namespace

DeviceCommands::DeviceCommands(const Site& site) : site_(site), is_ours_(site.entities().size()) {
  for (const Entity& e : site.entities()) is_ours_[e.slot] = is_single(e);
}

void DeviceCommands::step(const Input& in, Decision& out) {
  for (const Intent& intent : in.intents) {
    if (intent.slot >= is_ours_.size() || !is_ours_[intent.slot]) continue;
    const Entity& entity = site_.entity(intent.slot);
    Verdict verdict{intent.ticket, intent.slot, true, {}};
    if (in.shutting_down) {
      verdict.accepted = false;
      verdict.reason = "the gateway is stopping";
    } else if (in.now.at(entity.device, point::connected).is_off() ||
               !in.now.at(kBridge, point::adapter_connected, entity.adapter).is_on()) {
      verdict.accepted = false;
      verdict.reason = fmt::format("{} does not answer", site_.device(entity.device).name);
    } else {
      Output output;
      output.slot = intent.slot;
      output.value = intent.value;
      output.text = intent.text;
      output.once = true;
      out.outputs.push_back(std::move(output));
    }
    out.verdicts.push_back(std::move(verdict));
  }
}

}  // namespace b2m::rules
