// SPDX-License-Identifier: MIT
#include "tests/support/balance_rig.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace b2m::test {
namespace {

constexpr double kStep_s = 0.25;
constexpr double kSink_v_per_s = 0.0005;

std::vector<Offer> offers(const BalanceSpec& spec) {
  std::vector<Offer> list;
  for (int module = 1; module <= spec.modules; ++module) {
    const auto add = [&](RowId row, int count) {
      Offer& offer = list.emplace_back();
      offer.part = "1";
      offer.module = module;
      offer.row = row;
      offer.count = count;
    };
    add(point::cell_voltage.row, spec.cells);
    add(point::cell_bleed.row, spec.bleeders);
    list.back().commandable = true;
    if (spec.temperatures) add(point::temperature.row, 1);
  }
  return list;
}

}  // namespace

BalanceRig::BalanceRig(BalanceSpec spec) : spec_(spec) {
  SitePlan plan;
  plan.adapters.push_back({"ring1", "tesla_uart", offers(spec), {}});
  PackPlan pack;
  pack.slug = "pack1";
  pack.name = "Pack 1";
  pack.sources.push_back({0, "1"});
  rules::PackLimits limits;
  limits.cell_low_v = rules::Limit{3.0, 0.1, 2};
  limits.cell_high_v = rules::Limit{4.2, 0.05, 2};
  limits.temperature_high_c = rules::Limit{50, 2, 2};
  pack.alarms = rules::alarm_keys(limits);
  plan.packs.push_back(std::move(pack));
  if (spec.allowed) plan.allowed = {Control::balancing};
  site_ = std::make_unique<Site>(points_, plan);
  model_ = std::make_unique<Model>(*site_);
  const DeviceId id = site_->find("pack1")->id;
  limits_[id] = limits;
  voltages_ = site_->all_of(id, point::cell_voltage.row);
  for (const Slot s : voltages_) {
    const Entity& e = site_->entity(s);
    bleeds_.push_back(site_->slot(e.device, point::cell_bleed, e.number - 1));
  }
  cells.resize(voltages_.size());
  for (const int i : spec.without_bleeder)
    cells[static_cast<std::size_t>(i - 1)].has_bleeder = false;
  celsius.assign(static_cast<std::size_t>(spec.modules), 25);
  restart();
}

void BalanceRig::restart() {
  const auto recall = [this](std::string_view key) -> std::optional<std::string> {
    const auto at = kept.find(std::string(key));
    return at == kept.end() ? std::nullopt : std::optional(at->second);
  };
  alarms_ = std::make_unique<rules::Alarms>(*site_, limits_);
  const rules::BalancePlans plans{{site_->find("pack1")->id, spec_.plan}};
  rule_ = std::make_unique<rules::Balancing>(*site_, limits_, plans, recall);
  last_.clear();
  run(4);  // past the delay of the alarms
}

void BalanceRig::report() {
  model_->compute({site_->slot(kBridge, point::adapter_connected, 0), is_connected ? 1.0 : 0.0},
                  now_);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (cells[i].is_silent || !is_connected) continue;
    const Entity& e = site_->entity(voltages_[i]);
    Report report(Target{e.device, 0});
    report.add(point::cell_voltage, Volts(cells[i].volts), e.number - 1);
    if (cells[i].has_bleeder) report.add(point::cell_bleed, cells[i].is_on, e.number - 1);
    model_->apply(report, now_);
  }
  if (sensors_are_silent || !spec_.temperatures || !is_connected) return;
  for (std::size_t m = 0; m < celsius.size(); ++m) {
    Report report(Target{site_->modules(site_->find("pack1")->id)[m], 0});
    model_->apply(report.add(point::temperature, Celsius(celsius[m])), now_);
  }
}

void BalanceRig::step(std::vector<Intent> intents) {
  now_ += from_seconds(kStep_s);
  report();
  for (const Intent& intent : intents)  // a bleed begins anew when it is asked for again
    if (const auto at = std::ranges::find(bleeds_, intent.slot); at != bleeds_.end())
      cells[static_cast<std::size_t>(at - bleeds_.begin())].ordered_s = 0;
  Decision out;
  const Snapshot snapshot = model_->freeze(now_);
  const rules::Input in{snapshot, intents, is_stopping, {}, failures};
  alarms_->step(in, out);
  rule_->step(in, out);
  failures.clear();
  for (const Computed& c : out.computed) model_->compute(c, now_);
  for (auto& [slot, text] : out.texts) model_->set_text(slot, text, now_);
  for (const Kept& k : out.kept) kept[k.key] = k.value;
  for (const auto& [device, note] : out.notes) notes.push_back(note);
  check(out);
  last_ = std::move(out);
  follow();
}

void BalanceRig::follow() {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto at = std::ranges::find(last_.outputs, bleeds_[i], &Output::slot);
    if (at == last_.outputs.end()) continue;
    cells[i].ordered_s = at->value != 0 ? cells[i].ordered_s + kStep_s : 0;
    if (!cells[i].is_stuck && cells[i].has_bleeder) cells[i].is_on = at->value != 0;
    if (cells[i].is_on) cells[i].volts -= kSink_v_per_s * kStep_s;
  }
}

/// What must hold at every tick, whatever happens.
void BalanceRig::check(const Decision& out) {
  for (const Output& o : out.outputs) {
    if (o.value == 0) continue;
    const auto i = static_cast<std::size_t>(std::ranges::find(bleeds_, o.slot) - bleeds_.begin());
    const Reading& r = (*model_).view(now_)[voltages_[i]];
    const auto fail = [&](const char* what) {
      broken.push_back(fmt::format("cell {} is bled {}", i + 1, what));
    };
    if (is_stopping) fail("while the gateway stops");
    if (!spec_.allowed) fail("without leave");
    if (!r.is_good()) fail("on a value that is not good");
    if (r.is_good() && r.value <= spec_.plan.balance_voltage_v) fail("below its floor");
    if (o.guard_s <= 0 || o.guard_s > 30) fail("without a guard");
    const double longest_s = std::max(value("bleed_time"), spec_.plan.balance_period_s);
    if (cells[i].ordered_s + o.guard_s > longest_s + kStep_s) fail("for too long");
    if (!spec_.temperatures) continue;
    const Reading& heat = (*model_).view(now_).at(site_->entity(o.slot).device, point::temperature);
    if (!heat.is_good() || heat.value >= 48) fail("although it is hot, or may be");
  }
}

Verdict BalanceRig::command(Slot slot, double value) {
  Intent intent;
  intent.slot = slot;
  intent.value = value;
  intent.ticket = 7;
  step({intent});
  return last_.verdicts.empty() ? Verdict{} : last_.verdicts.front();
}

void BalanceRig::run(double seconds) {
  for (double t = 0; t < seconds; t += kStep_s) step();
}

bool BalanceRig::run_until_over(double seconds) {
  for (double t = 0; t < seconds && is_balancing(); t += kStep_s) step();
  return !is_balancing();
}

Slot BalanceRig::bleed_slot(int number) const {
  return bleeds_[static_cast<std::size_t>(number - 1)];
}

const Output& BalanceRig::output(int number) const {
  return *std::ranges::find(last_.outputs, bleed_slot(number), &Output::slot);
}

bool BalanceRig::is_bleeding(int number) const { return output(number).value != 0; }

int BalanceRig::bleeding() const {
  return static_cast<int>(
      std::ranges::count_if(last_.outputs, [](const Output& o) { return o.value != 0; }));
}

bool BalanceRig::is_balancing() const { return value("balancing") != 0; }

std::string BalanceRig::reason() const { return model_->view(now_).text(slot("balancing_reason")); }

double BalanceRig::value(const std::string& key) const {
  return model_->view(now_)[slot(key)].value;
}

}  // namespace b2m::test
