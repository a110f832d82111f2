// SPDX-License-Identifier: MIT
#include "gateway/rules/balancing.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace b2m::rules {
namespace {

/// So long a bleeder may stay on without hearing from us.
constexpr double kGuard_s = 30;
constexpr double kLeastRefresh_s = 2;
/// Bleeders' own timers count seconds: less cannot be ordered, so it is off.
constexpr double kLeast_s = 1;
/// A bleeder that has not been seen on for this long does not follow.
constexpr double kFollow_s = 30;
constexpr int kMostFailures = 3;
/// Kept while a run is on.
constexpr std::string_view kRunning = "running";

}  // namespace

Balancing::Balancing(const Site& site, const LimitsOf& limits, const BalancePlans& plans,
                     const Recall& recall) {
  for (const Device& device : site.devices()) {
    const Slot balancing = site.slot(device.id, point::balancing);
    if (balancing == kNoSlot || !site.entity(balancing).computed) continue;
    const auto plan = plans.find(device.id);
    Pack& pack = packs_.emplace_back();
    pack.id = device.id;
    pack.balancing = balancing;
    pack.reason_slot = site.slot(device.id, point::balancing_reason);
    pack.guard = BalanceGuard(site, device.id, limits);
    pack.settings =
        BalanceSettings(site, device.id, plan == plans.end() ? BalancePlan{} : plan->second,
                        pack.guard.low_v(), recall);
    pack.bleeders.resize(pack.guard.cells().size());
    pack.kept_key = fmt::format("pack.{}.balancing_reason", device.slug);
    if (recall) restore(pack, recall);
  }
}

void Balancing::restore(Pack& pack, const Recall& recall) const {
  pack.reason = recall(pack.kept_key).value_or("");
  if (pack.reason == kRunning)
    pack.reason = "Run ended: the gateway was restarted; switch it on again";
}

void Balancing::step(const Input& in, Decision& out) {
  for (Pack& pack : packs_) step(pack, {in, out});
}

void Balancing::step(Pack& pack, const Tick& t) {
  for (const Intent& intent : t.in.intents) obey(pack, intent, t);
  for (const Failure& failure : t.in.failures)
    for (std::size_t i = 0; i < pack.bleeders.size(); ++i)
      if (pack.guard.cells()[i].bleed == failure.slot && failure.value != 0) {
        ++pack.bleeders[i].failures;
        pack.bleeders[i].failure = failure.reason;
      }
  step_bleeds(pack, t);
  step_run(pack, t);
  put_outputs(pack, t);
  pack.settings.show(t.out);
  t.out.computed.push_back({pack.balancing, pack.run.is_on() ? 1.0 : 0.0});
  t.out.texts.emplace_back(pack.reason_slot, pack.run.is_on() ? pack.run.doing() : pack.reason);
}

void Balancing::obey(Pack& pack, const Intent& intent, const Tick& t) {
  std::optional<std::string> why;
  const auto& cells = pack.guard.cells();
  const auto cell = std::ranges::find(cells, intent.slot, &BalanceCell::bleed);
  if (intent.slot == kNoSlot || !t.in.now.site().entity(intent.slot).writable) return;
  if (intent.slot == pack.balancing) {
    why = obey_run(pack, intent.value != 0, t);
  } else if (cell != cells.end()) {
    why = obey_cell(pack, static_cast<std::size_t>(cell - cells.begin()), intent.value != 0, t);
  } else if (pack.settings.is_mine(intent.slot)) {
    if (const auto changed = pack.settings.change(intent, t.out); !changed)
      why = changed.error().detail;
  } else {
    return;
  }
  t.out.verdicts.push_back({intent.ticket, intent.slot, !why, why.value_or("")});
}

std::optional<std::string> Balancing::obey_run(Pack& pack, bool on, const Tick& t) {
  if (!on) {
    const BalanceEnd end{"switched off by the user"};
    for (std::size_t i = 0; i < pack.bleeders.size(); ++i) {
      pack.bleeders[i].must_repeat = true;
      if (pack.bleeders[i].until) end_bleed(pack, i, end, t);
    }
    if (pack.run.is_on()) end_run(pack, end, t);
    return std::nullopt;
  }
  if (pack.run.is_on()) return std::nullopt;
  auto why = pack.guard.of_run(t.in, t.out);
  if (!why && !pack.settings.floor_v())
    why = "the balance voltage is not set; set it first, or balance_voltage_v in [[pack]]";
  if (why) {
    pack.reason = "Run refused: " + *why;
    return why;
  }
  for (Bleeder& bleeder : pack.bleeders) bleeder = Bleeder{};
  pack.run.start(t.in.now.now());
  t.out.kept.push_back({pack.kept_key, std::string(kRunning)});
  Note note{"balancing_started", Severity::info, "balancing", "A balancing run has begun"};
  t.out.notes.emplace_back(pack.id, std::move(note));
  return std::nullopt;
}

std::optional<std::string> Balancing::obey_cell(Pack& pack, std::size_t cell, bool on,
                                                const Tick& t) {
  Bleeder& bleeder = pack.bleeders[cell];
  const Site& site = t.in.now.site();
  const Slot slot = pack.guard.cells()[cell].bleed;
  if (!on) {
    bleeder.must_repeat = true;
    if (bleeder.until) end_bleed(pack, cell, {"switched off by the user"}, t);
    if (pack.run.is_on() && seconds_left(pack, cell, t.in.now.now()) > 0)
      end_run(pack, {place(site, slot) + " was switched off by the user"}, t);
    return std::nullopt;
  }
  auto why = obstacle(pack, cell, t);
  if (why) {
    if (!pack.run.is_on()) pack.reason = fmt::format("{} refused: {}", place(site, slot), *why);
    return why;
  }
  bleeder = Bleeder{};
  bleeder.is_asked = true;
  bleeder.until = t.in.now.now() + from_seconds(pack.settings.plan().bleed_time_s);
  return std::nullopt;
}

/// Why this cell must not be bled by hand.
std::optional<std::string> Balancing::obstacle(const Pack& pack, std::size_t cell, const Tick& t) {
  const BalanceCell& c = pack.guard.cells()[cell];
  if (pack.run.is_on()) return "a balancing run is on; switch it off first";
  if (auto why = pack.guard.of_pack(t.in, t.out)) return why;
  if (auto why = pack.guard.of_cell(c, t.in)) return why;
  if (!c.has_bleeder(t.in.now))
    return fmt::format("the state of {} is unknown; can it be bled at all?",
                       place(t.in.now.site(), c.bleed));
  const auto floor_v = pack.settings.floor_v();
  if (!floor_v)
    return "the balance voltage is not set; set it first, or balance_voltage_v in [[pack]]";
  if (t.in.now[c.voltage].value <= *floor_v)
    return fmt::format("{} is {:.3f} V, and nothing is bled at or below {:.3f} V",
                       place(t.in.now.site(), c.voltage), t.in.now[c.voltage].value, *floor_v);
  const int most = pack.settings.plan().max_bleeders;
  int others = 0;
  for (std::size_t i = 0; i < pack.bleeders.size(); ++i)
    others += i != cell && pack.bleeders[i].until && pack.guard.cells()[i].module == c.module;
  if (most > 0 && others >= most)
    return fmt::format("{} of its cells are being bled already, and max_bleeders is {}", others,
                       most);
  return std::nullopt;
}

std::optional<BalanceEnd> Balancing::disobedience(const Pack& pack, std::size_t cell,
                                                  const Tick& t) {
  const Bleeder& b = pack.bleeders[cell];
  const bool is_deaf = b.followed && t.in.now.now() - *b.followed > from_seconds(kFollow_s);
  if (b.failures < kMostFailures && !is_deaf) return std::nullopt;
  const std::string name = place(t.in.now.site(), pack.guard.cells()[cell].bleed);
  return BalanceEnd{
      is_deaf ? name + " has not come on" : fmt::format("{} could not be set: {}", name, b.failure),
      Severity::warning};
}

std::optional<BalanceEnd> Balancing::end_of(const Pack& pack, std::size_t cell, const Tick& t) {
  if (t.in.now.now() >= *pack.bleeders[cell].until) return BalanceEnd{"its time is over"};
  if (auto why = obstacle(pack, cell, t)) return BalanceEnd{std::move(*why), Severity::warning};
  return disobedience(pack, cell, t);
}

void Balancing::step_bleeds(Pack& pack, const Tick& t) {
  for (std::size_t i = 0; i < pack.bleeders.size(); ++i) {
    if (!pack.bleeders[i].until) continue;
    if (const auto end = end_of(pack, i, t)) end_bleed(pack, i, *end, t);
  }
}

void Balancing::step_run(Pack& pack, const Tick& t) {
  if (!pack.run.is_on()) return;
  for (std::size_t i = 0; i < pack.bleeders.size(); ++i)
    if (const auto end = disobedience(pack, i, t)) return end_run(pack, *end, t);
  if (const auto end = pack.run.step(t.in, t.out, pack.guard, pack.settings))
    end_run(pack, *end, t);
}

void Balancing::say(Pack& pack, std::string reason, const Tick& t) {
  pack.reason = std::move(reason);
  t.out.kept.push_back({pack.kept_key, pack.reason});
}

void Balancing::end_run(Pack& pack, const BalanceEnd& end, const Tick& t) {
  pack.run.stop();
  say(pack, "Run ended: " + end.why, t);
  Note note{"balancing_ended", end.severity, "balancing", "Balancing has ended: " + end.why};
  t.out.notes.emplace_back(pack.id, std::move(note));
}

void Balancing::end_bleed(Pack& pack, std::size_t cell, const BalanceEnd& end, const Tick& t) {
  const Site& site = t.in.now.site();
  const Entity& entity = site.entity(pack.guard.cells()[cell].bleed);
  pack.bleeders[cell].until.reset();
  say(pack, fmt::format("{} ended: {}", place(site, entity.slot), end.why), t);
  Note note{"balancing_ended", end.severity, entity.key,
            fmt::format("{} has ended: {}", entity.name, end.why)};
  t.out.notes.emplace_back(entity.device, std::move(note));
}

double Balancing::seconds_left(const Pack& pack, std::size_t cell, SteadyTime now) {
  const auto& until = pack.bleeders[cell].until;
  if (until) return std::max(0.0, to_seconds(*until - now));
  return pack.run.seconds_left(cell, pack.settings.plan().balance_period_s, now);
}

void Balancing::put_outputs(Pack& pack, const Tick& t) {
  const SteadyTime now = t.in.now.now();
  for (std::size_t i = 0; i < pack.bleeders.size(); ++i) {
    const Slot slot = pack.guard.cells()[i].bleed;
    if (slot == kNoSlot) continue;
    Bleeder& bleeder = pack.bleeders[i];
    const double left_s = seconds_left(pack, i, now);
    Output output;
    output.slot = slot;
    const bool is_on = left_s >= kLeast_s;
    output.value = is_on ? 1 : 0;
    output.asked = std::exchange(bleeder.is_asked, false);
    output.resend = std::exchange(bleeder.must_repeat, false);  // somebody else may have done it
    if (is_on) {
      output.guard_s = std::min(kGuard_s, left_s);
      // Just before the end an order would arm a timer of less than a second.
      output.refresh_s =
          left_s > 2 * kLeastRefresh_s ? std::max(kLeastRefresh_s, output.guard_s / 3) : kGuard_s;
      if (!bleeder.followed || t.in.now[slot].is_on()) bleeder.followed = now;
      if (t.in.now[slot].is_on()) bleeder.failures = 0;
    } else {
      bleeder.followed.reset();
      bleeder.failures = 0;
    }
    t.out.outputs.push_back(std::move(output));
  }
}

}  // namespace b2m::rules
