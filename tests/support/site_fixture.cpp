// SPDX-License-Identifier: MIT
#include "tests/support/site_fixture.hpp"

#include <algorithm>
#include <stdexcept>

namespace b2m::test {
namespace {

std::vector<Offer> offers(const PackSpec& spec) {
  std::vector<Offer> list;
  const auto add = [&](RowId row, int count, int module) {
    Offer& offer = list.emplace_back();
    offer.part = "1";
    offer.row = row;
    offer.count = count;
    offer.module = module;
    offer.decimals = row == point::cell_voltage.row ? 2 : -1;
  };
  const int modules = std::max(spec.modules, 1);
  for (int m = 1; m <= modules; ++m) {
    const int module = spec.modules == 0 ? 0 : m;
    add(point::cell_voltage.row, spec.cells / modules, module);
    if (spec.temperatures) add(point::cell_temperature.row, spec.cells / modules, module);
  }
  if (spec.current) add(point::current.row, 1, 0);
  add(point::bms_error, 1, 0);
  if (spec.charging) {
    add(point::charging.row, 1, 0);
    list.back().commandable = true;
    list.back().optimistic = spec.optimistic;
    list.back().refresh_s = 1;
    list.back().confirms = spec.confirms;
  }
  return list;
}

rules::PackLimits lead_limits() {
  rules::PackLimits limits;
  limits.cell_high_v = rules::Limit{14, 0.1, 2};
  limits.cell_low_v = rules::Limit{10, 0.1, 2};
  limits.cell_spread_v = rules::Limit{1, 0.2, 2};
  limits.temperature_high_c = rules::Limit{60, 2, 2};
  limits.temperature_low_c = rules::Limit{0, 2, 2};
  return limits;
}

}  // namespace

SiteFixture::SiteFixture(PackSpec spec) : spec_(spec) {
  SitePlan plan;
  plan.adapters.push_back({"bench", "can", offers(spec)});
  PackPlan pack;
  pack.slug = "pack1";
  pack.name = "Pack 1";
  pack.sources.push_back({0, "1"});
  pack.cell_low = 6;
  pack.cell_high = 18;
  pack.alarms = rules::alarm_keys(lead_limits());
  plan.packs.push_back(std::move(pack));
  if (spec.allowed) plan.allowed = {Control::charging};
  site_ = std::make_unique<Site>(points_, plan);
  model_ = std::make_unique<Model>(*site_);
  limits_[site_->find("pack1")->id] = lead_limits();
}

Slot SiteFixture::slot(const std::string& key, const std::string& device) const {
  const Entity* entity = site_->find(device, key);
  if (!entity) throw std::out_of_range("no entity " + device + "/" + key);
  return entity->slot;
}

void SiteFixture::set(Slot slot, double value) {
  const Entity& e = site_->entity(slot);
  Report report(Target{e.device, 0});
  report.add(e.row_id, value, e.number > 0 ? e.number - 1 : 0);
  model_->apply(report, now_);
}

void SiteFixture::fill(Volts voltage, Celsius temperature) {
  for (const Slot s : site_->all_of(pack(), point::cell_voltage.row)) set(s, voltage.value);
  for (const Slot s : site_->all_of(pack(), point::cell_temperature.row)) set(s, temperature.value);
}

void SiteFixture::set_cell(int cell, Volts voltage) {
  set(site_->all_of(pack(), point::cell_voltage.row)[static_cast<std::size_t>(cell - 1)],
      voltage.value);
}

void SiteFixture::set_temperature(int cell, Celsius value) {
  set(site_->all_of(pack(), point::cell_temperature.row)[static_cast<std::size_t>(cell - 1)],
      value.value);
}

void SiteFixture::connect_adapter(bool on) {
  model_->compute({site_->slot(kBridge, point::adapter_connected, 0), on ? 1.0 : 0.0}, now_);
}

Decision SiteFixture::step(rules::Rule& rule, std::vector<Intent> intents, bool shutting_down) {
  Decision decision;
  const Snapshot snapshot = model_->freeze(now_);
  rule.step({snapshot, intents, shutting_down}, decision);
  for (const Computed& c : decision.computed) model_->compute(c, now_);
  return decision;
}

}  // namespace b2m::test
