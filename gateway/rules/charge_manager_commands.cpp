// SPDX-License-Identifier: MIT
// What users may tell a charger, and what it answers.
#include <fmt/format.h>

#include "gateway/rules/charge_manager_charger.hpp"

namespace b2m::rules {
namespace {

Error refused(std::string why) { return {Errc::refused, std::move(why)}; }

}  // namespace

void ManagedCharger::obey(const Input& in, Decision& out) {
  for (const Intent& intent : in.intents) {
    if (intent.slot == kNoSlot || intent.slot >= site_.entities().size()) continue;
    const Entity& entity = site_.entity(intent.slot);
    const bool is_ours = entity.row->scope == Scope::charger || entity.slot == slots_.relay;
    if (entity.device == device_ && is_ours) obey(intent, in, out);
  }
}

void ManagedCharger::obey(const Intent& intent, const Input& in, Decision& out) {
  const Entity& entity = site_.entity(intent.slot);
  if (entity.key == "clear_fault" && session_.figures().state == ChargeState::fault) {
    requests_.clear_fault = true;
    clearing_.push_back(intent);  // answered when the session has looked whether the cause is gone
    return;
  }
  Result<> done;
  if (intent.slot == slots_.relay) {
    done = switch_relay(intent.value != 0, in);
  } else if (entity.row->platform == Platform::button) {
    done = press(entity.key, in);
  } else if (!options_.key_of(intent.slot).empty()) {
    done = set(intent);
  } else {
    done = refused(fmt::format("{} cannot be set", entity.name));
  }
  out.verdicts.push_back(
      {intent.ticket, intent.slot, done.has_value(), done ? std::string() : done.error().detail});
}

Result<> ManagedCharger::press(std::string_view button, const Input& in) {
  const SessionFigures& figures = session_.figures();
  if (button == "charge_start") return start(in);
  if (button == "charge_stop") {
    requests_.stop = figures.is_active;
    memory_.by_hand = false;
    return {};
  }
  if (button == "charge_pause") {
    if (!figures.is_active) return refused("no charge is running");
    requests_.pause = true;
    return {};
  }
  if (button == "charge_skip") return skip_next(memory_, plan_input(), calendar_);
  if (button == "clear_fault") return refused("there is no fault to clear");
  return refused(fmt::format("the charger has no button \"{}\"", button));
}

std::string ManagedCharger::start_objection(const Input& in) const {
  if (in.shutting_down) return "the gateway is stopping";
  if (std::string why = silence(in); !why.empty()) return why;
  const SessionFigures& figures = session_.figures();
  if (figures.state == ChargeState::fault)
    return fmt::format("the charger has a fault ({}); clear it first", figures.reason);
  if (!plug_.is_connected) return fmt::format("{} does not answer", name_);
  if (pack_.obstacle) return *pack_.obstacle;
  const auto goal = goal_of(plan_input(), options_.options().mode);
  return goal ? std::string() : goal.error().detail;
}

Result<> ManagedCharger::start(const Input& in) {
  if (std::string why = start_objection(in); !why.empty()) return refused(std::move(why));
  if (!memory_.by_hand) asked_since_ = now_;
  memory_.by_hand = true;
  requests_.resume = session_.figures().is_active;
  return {};
}

Result<> ManagedCharger::switch_relay(bool on, const Input& in) {
  if (on) return start(in);
  resend_ = true;  // somebody else may have switched it on
  if (session_.figures().is_active) {
    requests_.pause = true;
  } else {
    memory_.by_hand = false;
  }
  return {};
}

Result<> ManagedCharger::set(const Intent& intent) {
  const std::string_view key = options_.key_of(intent.slot);
  const bool has_price = slots_.price != kNoSlot || settings_.price_per_kwh != 0;
  if (key == "price_limited" && intent.value != 0 && !has_price)
    return refused(
        fmt::format("no price is known; set price_topic or price_per_kwh in the [[charger]] \"{}\"",
                    settings_.id));
  const auto changed = options_.change(intent, known_peak_w(settings_, session_.learned()));
  if (!changed) return changed;
  const SessionFigures& figures = session_.figures();
  if (key == "charge_mode" && options_.options().mode == ChargeMode::off) memory_.by_hand = false;
  if (key == "start_level") {
    memory_.level_base_wh = figures.is_active ? figures.energy_wh : 0;
    session_.set_start_level(intent.value);
  }
  return {};
}

}  // namespace b2m::rules
