// SPDX-License-Identifier: MIT
// What a charger's session means for the outside: relay, points, events, and what is kept.
#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "gateway/rules/charge_manager_charger.hpp"

namespace b2m::rules {
namespace {

constexpr double kKeepEvery_s = 60;

std::string_view word(ChargeState state) { return kChargeStates[static_cast<int>(state)]; }

std::string duration_text(double seconds) {
  const auto minutes = std::lround(seconds / 60);
  if (minutes < 60) return fmt::format("{} min", minutes);
  return fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

}  // namespace

std::string session_summary(const SessionRecord& r) {
  std::string text = fmt::format("{}: {}; {:.3f} kWh in {}, peak {:.1f} W", r.result, r.reason,
                                 r.energy_wh / 1000, duration_text(r.on_s), r.peak_w);
  if (r.has_cost) text += fmt::format(", cost {:.2f}", r.cost);
  return text;
}

void ManagedCharger::say(Decision& out, std::string type, Severity severity,
                         std::string message) const {
  const char* key = type == "charge_session_finished" ? "last_result" : "charge_state";
  Note note{std::move(type), severity, key, std::move(message)};
  out.notes.emplace_back(device_, std::move(note));
}

void ManagedCharger::answer_clear(const SessionOutput& step, Decision& out) {
  const bool was_cleared = std::ranges::any_of(
      step.transitions, [](const Transition& t) { return t.from == ChargeState::fault; });
  const bool is_clear = was_cleared || session_.figures().state != ChargeState::fault;
  if (!is_clear && step.clear_refused.empty()) return;
  for (const Intent& intent : std::exchange(clearing_, {}))
    out.verdicts.push_back(
        {intent.ticket, intent.slot, is_clear, is_clear ? std::string() : step.clear_refused});
}

void ManagedCharger::tell(const SessionOutput& step, Decision& out) {
  for (const Transition& t : step.transitions) {
    const bool faults = t.to == ChargeState::fault;
    say(out, "charge_state", faults ? Severity::error : Severity::info,
        fmt::format("{} -> {}: {} ({:.1f} W, {:.0f} Wh)", word(t.from), word(t.to), t.reason,
                    t.power_w, t.energy_wh));
    if (faults) say(out, "fault_raised", Severity::error, t.reason);
    if (t.from == ChargeState::fault) say(out, "fault_cleared", Severity::info, t.reason);
  }
  for (const std::string& warning : step.warnings)
    say(out, "charge_warning", Severity::warning, warning);
  if (!step.ended) return;
  say(out, "charge_session_finished", Severity::info, session_summary(*step.ended));
  out.sessions.push_back(*step.ended);
}

void ManagedCharger::order(const Input& in, const SessionOutput& step, Decision& out) {
  if (!was_read_ || step.no_opinion) return;
  const bool must_be_off = in.shutting_down && !settings_.keeps_on_at_stop;
  Output output;
  output.slot = slots_.relay;
  output.value = step.relay_on && !must_be_off ? 1 : 0;
  output.asked = resend_;
  output.resend = resend_ || step.off_again || step.arm_again;
  output.keep = step.keep;
  output.guard_s = step.guard_s;
  output.refresh_s = step.guard_refresh_s;
  output.may_stay = settings_.keeps_on_at_stop && step.relay_on;
  out.outputs.push_back(std::move(output));
}

void ManagedCharger::show(const Input& in, const SessionOutput& step, Decision& out) {
  const SessionFigures& f = session_.figures();
  ChargeView view;
  view.state = f.state;
  const bool only_waits = !f.is_active && f.state == ChargeState::off && !plan_.waits_for.empty();
  view.reason = only_waits ? plan_.waits_for : f.reason;
  if (!may_switch()) {
    view.state = ChargeState::off;
    view.reason = silence(in);
  }
  if (f.is_active || last_) {
    view.energy_wh = f.is_active ? f.energy_wh : last_->energy_wh;
    view.battery_ah = f.is_active ? f.battery_ah : last_->battery_ah;
    view.on_s = f.is_active ? f.on_s : last_->on_s;
    view.peak_w = f.is_active ? f.peak_w : last_->peak_w;
    if (f.is_active ? price_.has_value() || f.cost != 0 : last_->has_cost)
      view.cost = f.is_active ? f.cost : last_->cost;
  }
  view.level_percent = f.level_percent;
  view.time_left_min = f.time_left_min;
  if (session_.learned().peak_w > 0) view.learned_peak_w = session_.learned().peak_w;
  const std::tuple key{to_unix(wall_) / 60, options_.revision(), f.state, memory_};
  if (next_start_of_ != key) {
    next_start_of_ = key;
    next_start_ = rules::next_start(plan_input(), calendar_);
  }
  if (!in.shutting_down) view.next_start = next_start_;
  view.last_full = f.full_at;
  view.last_result = last_result_;
  view.is_guard_missing = step.is_guard_missing;
  points_.show(view, out);
  options_.show(out);
}

void ManagedCharger::keep(const SessionOutput& step, bool shutting_down, Decision& out) {
  options_.take_kept(out.kept);
  PlanMemory memory = memory_;
  // A start that has not begun is forgotten with the program.
  memory.by_hand &= session_.figures().is_active;
  if (std::exchange(kept_memory_, memory) != memory) keep_if_new("plan", memory.to_text(), out);
  const bool is_due = session_.figures().is_active && now_ - kept_at_ >= from_seconds(kKeepEvery_s);
  const bool at_end = shutting_down && !std::exchange(has_kept_at_end_, true);
  if (!step.keep_now && step.transitions.empty() && !step.ended && !is_due && !at_end) return;
  kept_at_ = now_;
  keep_if_new("session", session_.to_text(), out);
  keep_if_new("learned", session_.learned().to_text(), out);
  keep_if_new("last_result", last_result_, out);
}

void ManagedCharger::keep_if_new(std::string_view what, std::string value, Decision& out) {
  const std::string name = key(what);
  auto at = std::ranges::find(kept_, name, &Kept::key);
  if (at == kept_.end()) at = kept_.insert(at, Kept{name, {}});
  if (at->value == value) return;
  at->value = std::move(value);
  out.kept.push_back(*at);
}

}  // namespace b2m::rules
