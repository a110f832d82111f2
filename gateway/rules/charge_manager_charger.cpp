// SPDX-License-Identifier: MIT
#include "gateway/rules/charge_manager_charger.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

namespace b2m::rules {
namespace {

/// A start by hand that finds no chance is forgotten: nobody expects it any more.
constexpr double kForgetStart_h = 12;
/// A meter just switched on has not seen what the charger will draw.
constexpr double kSettled_s = 120;

const Device& device_of(const Site& site, const ChargerSettings& settings) {
  if (const Device* device = site.find(settings.plug)) return *device;
  throw std::runtime_error(
      fmt::format("charger \"{}\": there is no plug \"{}\"", settings.id, settings.plug));
}

PackObstacle obstacle_of(const Site& site, const ChargerSettings& settings,
                         const LimitsOf& limits) {
  const Device* pack = site.find(settings.pack);
  if (!pack) return {};
  const std::vector<Slot> cells = site.all_of(pack->id, point::cell_voltage.row);
  const AdapterIndex adapter = cells.empty() ? kNoAdapter : site.entity(cells.front()).adapter;
  return {site, pack->id, limits, adapter, PackObstacle::Spread::calls_for_balancing};
}

std::optional<double> good_value(const Reading& reading) {
  if (!reading.is_good()) return std::nullopt;
  return reading.value;
}

/// The sockets of a strip share its protections, and it is the strip that tells of them.
Slot own_or_strips(const Site& site, DeviceId device, Handle<OnOff> point) {
  const Slot own = site.slot(device, point);
  return own != kNoSlot ? own : site.slot(site.device(device).parent, point);
}

/// What comes by a topic is not aged by the model.
std::optional<double> fresh_value(const Input& in, Slot slot) {
  const Reading& reading = in.now[slot];
  if (!reading.is_good()) return std::nullopt;
  const double max_age_s = in.now.site().entity(slot).max_age_s;
  if (max_age_s > 0 && in.now.now() - reading.time > from_seconds(max_age_s)) return std::nullopt;
  return reading.value;
}

}  // namespace

ManagedCharger::ManagedCharger(const Site& site, ChargerSettings settings, const LimitsOf& limits,
                               const Recall& recall)
    : site_(site),
      settings_(std::move(settings)),
      device_(device_of(site, settings_).id),
      name_(site.device(device_).name),
      pack_obstacle_(obstacle_of(site, settings_, limits)),
      options_(site, device_, settings_, recall),
      session_(settings_, {}),
      points_(site, device_) {
  if (!settings_.pack.empty() && !site.find(settings_.pack))
    throw std::runtime_error(
        fmt::format("charger \"{}\": there is no pack \"{}\"", settings_.id, settings_.pack));
  find_slots(site);
  if (recall) restore(recall);
}

void ManagedCharger::find_slots(const Site& site) {
  slots_.relay = site.slot(device_, point::relay);
  slots_.power = site.slot(device_, point::power);
  slots_.counter = site.slot(device_, point::energy_counter);
  slots_.guard = site.slot(device_, point::guard_remaining);
  slots_.overheated = own_or_strips(site, device_, point::overheated);
  slots_.overloaded = own_or_strips(site, device_, point::overloaded);
  slots_.on_since = site.slot(device_, point::on_since);
  slots_.connected = site.slot(device_, point::connected);
  slots_.price = site.slot(device_, point::price);
  slots_.ambient = site.slot(device_, point::ambient_temperature);
  if (slots_.relay != kNoSlot && site.entity(slots_.relay).adapter != kNoAdapter)
    slots_.adapter =
        site.slot(kBridge, point::adapter_connected, site.entity(slots_.relay).adapter);
  const Device* pack = site.find(settings_.pack);
  if (!pack) return;
  slots_.soc = site.slot(pack->id, point::soc);
  slots_.cell_max = site.slot(pack->id, point::cell_voltage_max);
  slots_.energy_in = site.slot(pack->id, core_row("energy_in"));
  slots_.spread_alarm = site.slot(pack->id, core_row("alarm_cell_spread"));
}

std::string ManagedCharger::key(std::string_view what) const {
  return fmt::format("charger.{}.{}", settings_.id, what);
}

void ManagedCharger::restore(const Recall& recall) {
  const auto kept = [&](std::string_view what) {
    std::string value = recall(key(what)).value_or("");
    if (!value.empty()) kept_.push_back({key(what), value});
    return value;
  };
  session_ = ChargeSession(settings_, Learned::from_text(kept("learned")));
  const double level = options_.options().start_level_percent;
  if (!std::isnan(level)) session_.set_start_level(level);
  if (const std::string text = kept("session"); !text.empty()) session_.restore(text);
  memory_ = PlanMemory::from_text(kept("plan"));
  last_result_ = kept("last_result");
  // Nothing starts because the program has: by hand, only a charge that may still be on goes on.
  const SessionFigures& figures = session_.figures();
  if (!figures.is_active || figures.state == ChargeState::paused) memory_.by_hand = false;
  kept_memory_ = memory_;
}

bool ManagedCharger::is_on() const { return is_ordered_on_ || plug_.relay.is_on(); }

bool ManagedCharger::may_switch() const {
  return slots_.relay != kNoSlot && site_.entity(slots_.relay).writable;
}

bool ManagedCharger::wants_to_start() const {
  return plan_.wish.what == ChargeWish::What::charge && !is_on();
}

double ManagedCharger::peak_w() const { return expected_peak_w(settings_, session_.learned()); }

double ManagedCharger::power_w() const {
  const double measured = plug_.power_w.is_good() ? plug_.power_w.value : 0;
  const bool is_settled = is_ordered_on_ && to_seconds(now_ - on_since_) > kSettled_s;
  if (is_settled && plug_.power_w.is_good()) return measured;
  return std::max(measured, peak_w());
}

void ManagedCharger::read(const Input& in, const Decision& out) {
  now_ = in.now.now();
  wall_ = in.wall;
  plug_.relay = in.now[slots_.relay];
  plug_.power_w = in.now[slots_.power];
  plug_.counter_kwh = in.now[slots_.counter];
  plug_.guard_s = in.now[slots_.guard];
  plug_.overheated = in.now[slots_.overheated];
  plug_.overloaded = in.now[slots_.overloaded];
  plug_.on_since = in.now[slots_.on_since];
  plug_.is_connected = in.now[slots_.adapter].is_on() &&
                       (slots_.connected == kNoSlot || latest(in, out, slots_.connected).is_on());
  was_read_ |= plug_.relay.is_good();
  price_ = slots_.price == kNoSlot ? std::nullopt : fresh_value(in, slots_.price);
  if (slots_.price == kNoSlot && settings_.price_per_kwh != 0) price_ = settings_.price_per_kwh;
  ambient_c_ = fresh_value(in, slots_.ambient);
  read_pack(in, out);
  requests_ = {};
  resend_ = false;
  order_failure_.clear();
  for (const Failure& failure : in.failures) {
    if (failure.slot != slots_.relay) continue;
    order_failure_ = failure.reason.empty() ? "the plug did not follow" : failure.reason;
    was_on_order_ = failure.value != 0;
    order_code_ = failure.code;
  }
}

void ManagedCharger::read_pack(const Input& in, const Decision& out) {
  pack_ = {};
  pack_.is_bound = !settings_.pack.empty();
  if (!pack_.is_bound) return;
  if (auto why = pack_obstacle_.find(in, out))
    pack_.obstacle = fmt::format("{}: {}", settings_.pack, *why);
  pack_.soc_percent = good_value(in.now[slots_.soc]);
  if (slots_.cell_max != kNoSlot) pack_.cell_max_v = good_value(latest(in, out, slots_.cell_max));
  pack_.energy_in_kwh = good_value(in.now[slots_.energy_in]);
  spread_alarm_ = slots_.spread_alarm != kNoSlot && latest(in, out, slots_.spread_alarm).is_on();
}

PlanInput ManagedCharger::plan_input() const {
  PlanInput input{settings_, options_.options(), session_.learned(), session_.figures(), memory_};
  input.wall = wall_;
  input.price = price_;
  input.soc_percent = pack_.soc_percent;
  input.cell_max_v = pack_.cell_max_v;
  input.spread_alarm = spread_alarm_;
  if (is_open_) input.open_for_s = to_seconds(now_ - open_since_);
  if (memory_.by_hand) input.asked_for_s = to_seconds(now_ - asked_since_);
  if (is_ordered_on_) input.on_for_s = std::max(to_seconds(now_ - on_since_), 0.001);
  return input;
}

void ManagedCharger::plan(const Input& in) {
  const ChargeOptions& o = options_.options();
  const std::tuple minute{to_unix(wall_) / 60, options_.revision()};
  if (std::exchange(calendar_of_, minute) != minute) calendar_ = calendar(o, wall_);
  const bool is_open = o.schedule && calendar_.is_open;
  if (is_open && (!is_open_ || open_occurrence_ != calendar_.occurrence)) open_since_ = now_;
  is_open_ = is_open;
  open_occurrence_ = calendar_.occurrence;
  plan_ = make_plan(plan_input(), calendar_);
  if (std::string why = silence(in); !why.empty()) {
    plan_.wish.what =
        session_.figures().is_active ? ChargeWish::What::pause : ChargeWish::What::none;
    plan_.wish.reason = plan_.waits_for = std::move(why);
  }
  const bool wants = wants_to_start();
  if (wants && !wants_) wants_since_ = now_;
  wants_ = wants;
}

/// Why this plug must not be switched by any plan.
std::string ManagedCharger::silence(const Input& in) const {
  if (!may_switch()) return "the plug may not be switched; control.allow must list \"charging\"";
  if (!was_read_) return fmt::format("{} has not answered yet", name_);
  if (in.shutting_down && !settings_.keeps_on_at_stop) return "the gateway is stopping";
  return {};
}

SessionInput ManagedCharger::session_input(const Input& in, const std::string& waits_for) {
  SessionInput input;
  input.now = now_;
  input.wall = wall_;
  input.plug = plug_;
  input.pack = pack_;
  input.ambient_c = ambient_c_;
  input.has_ambient = slots_.ambient != kNoSlot;
  input.price_per_kwh = price_.value_or(0);
  input.cool_down_h = options_.options().cool_down_h;
  input.order_failure = order_failure_;
  input.was_on_order = was_on_order_;
  input.order_code = order_code_;
  input.gives_way = waits_for;
  input.shutting_down = in.shutting_down;
  input.requests = requests_;
  if (!waits_for.empty() && plan_.wish.what == ChargeWish::What::charge) {
    plan_.wish.what =
        session_.figures().is_active ? ChargeWish::What::pause : ChargeWish::What::none;
    plan_.wish.reason = plan_.waits_for = waits_for;
    plan_.wish.is_urgent = false;
  }
  input.wish = plan_.wish;
  return input;
}

void ManagedCharger::run(const Input& in, Decision& out, const std::string& waits_for) {
  if (!may_switch()) return rest(in, out);
  const bool was_active = session_.figures().is_active;
  const SessionOutput step = session_.step(session_input(in, waits_for));
  const bool is_active = session_.figures().is_active;
  if (is_active && !was_active)
    memory_.is_full_charge = plan_.becomes_full && !session_.figures().is_external;
  if (is_active && plan_.deadline) memory_.runs_for = plan_.deadline->occurrence;
  remember(in, step);
  if (step.relay_on && !is_ordered_on_) {
    // A charge of before a restart has been on for all it has counted.
    const bool is_taken_over = was_active && !std::exchange(has_been_on_, true);
    on_since_ = now_ - from_seconds(is_taken_over ? session_.figures().on_s : 0);
    has_been_on_ = true;
  }
  is_ordered_on_ = step.relay_on;
  forget_pending_start(in, out);
  answer_clear(step, out);
  tell(step, out);
  order(in, step, out);
  show(in, step, out);
  keep(step, in.shutting_down, out);
}

/// A relay that must not be switched has no session: its state would be a tale.
void ManagedCharger::rest(const Input& in, Decision& out) {
  SessionOutput nothing;
  nothing.clear_refused = silence(in);
  memory_.by_hand = false;
  answer_clear(nothing, out);
  show(in, nothing, out);
  keep(nothing, in.shutting_down, out);
}

void ManagedCharger::remember(const Input& in, const SessionOutput& step) {
  if (!step.ended) return;
  last_ = step.ended;
  last_->curve.clear();
  last_result_ = session_summary(*step.ended);
  // A charge that a restart or another charger has cut short is planned anew.
  const bool is_cut_short = step.ended->result == "interrupted" || step.ended->result == "circuit";
  if (!is_cut_short && !in.shutting_down)
    mark_served(memory_, plan_input(), calendar_, step.ended->result == "user");
  memory_.by_hand = false;
  memory_.is_full_charge = false;
  memory_.runs_for = kNoOccurrence;
  memory_.level_base_wh = 0;
  constexpr double kMoved_wh = 1;
  if (step.ended->energy_wh > kMoved_wh) options_.forget_start_level();
}

void ManagedCharger::forget_pending_start(const Input& in, Decision& out) {
  if (!memory_.by_hand || session_.figures().is_active) return;
  const double patience_s = kForgetStart_h * 3600 + options_.options().start_delay_min * 60;
  if (!in.shutting_down && to_seconds(now_ - asked_since_) < patience_s) return;
  memory_.by_hand = false;
  if (in.shutting_down) return;
  say(out, "charge_warning", Severity::warning,
      fmt::format("The charge that was asked for could not begin within {} h and is given up: {}",
                  kForgetStart_h,
                  plan_.waits_for.empty() ? session_.figures().reason : plan_.waits_for));
}

}  // namespace b2m::rules
