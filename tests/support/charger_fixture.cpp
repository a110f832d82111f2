// SPDX-License-Identifier: MIT
#include "tests/support/charger_fixture.hpp"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "gateway/rules/alarms.hpp"
#include "gateway/rules/local_time.hpp"
#include "gateway/rules/pack_figures.hpp"
#include "gateway/rules/plug_energy.hpp"
#include "gateway/rules/presence.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;
constexpr std::int64_t kBegin_s = 1795201200;  // 2026-11-20 20:00 in Berlin

void use_zone(const char* zone) {
  setenv("TZ", zone, 1);
  tzset();
}

std::vector<Offer> plug_offers(const std::string& part) {
  std::vector<Offer> offers;
  const auto add = [&](RowId row) {
    Offer& offer = offers.emplace_back();
    offer.part = part;
    offer.row = row;
  };
  for (const RowId row : {point::relay.row, point::power.row, point::energy_counter.row,
                          point::guard_remaining.row, point::on_since})
    add(row);
  offers[0].commandable = offers[0].confirms = true;
  offers[1].max_age_s = 20;
  return offers;
}

void add_strip(AdapterPlan& kasa) {
  DeviceOffer& strip = kasa.devices.emplace_back();
  strip.part = strip.slug = "strip";
  strip.kind = DeviceKind::strip;
  Offer& offer = kasa.offers.emplace_back();
  offer.part = "strip";
  offer.row = point::overheated.row;
}

AdapterPlan pack_adapter() {
  AdapterPlan bench{"bench", "can", {}, {}};
  for (const RowId row : {point::cell_voltage.row, point::cell_temperature.row, point::soc.row}) {
    Offer& offer = bench.offers.emplace_back();
    offer.part = "1";
    offer.row = row;
    offer.count = row == point::soc.row ? 1 : 4;
    offer.max_age_s = 20;
  }
  return bench;
}

rules::PackLimits limits() {
  rules::PackLimits l;
  l.cell_high_v = rules::Limit{3.65, 0.05, 0};
  l.cell_spread_v = rules::Limit{0.2, 0.05, 0};
  l.temperature_high_c = rules::Limit{45, 2, 0};
  return l;
}

rules::ChargerSettings charger(int n) {
  rules::ChargerSettings c;
  c.id = fmt::format("charger{}", n);
  c.plug = fmt::format("plug{}", n);
  c.profile.name = "rad_48v";
  c.profile.charger_current_a = 2;
  c.profile.capacity_ah = 14;
  c.profile.peak_w = 104.5;
  return c;
}

}  // namespace

void SimulatedPlug::turn(bool on, double unix_s) {
  if (on && !is_on) on_since_s = unix_s;
  is_on = on;
  if (!on) guard_left_s = 0;
  load.switch_on(on);
}

ChargerFixture::ChargerFixture(ChargerSpec spec)
    : spec_(spec),
      starts_(static_cast<std::size_t>(spec.plugs)),
      wall_(rules::from_unix(kBegin_s)) {
  use_zone("Europe/Berlin");
  SitePlan plan;
  AdapterPlan kasa{"kasa", "kasa", {}, {}};
  if (spec.on_strip) add_strip(kasa);
  for (int n = 1; n <= spec.plugs; ++n) {
    const std::string part = std::to_string(n);
    for (Offer& offer : plug_offers(part)) kasa.offers.push_back(std::move(offer));
    DeviceOffer& device = kasa.devices.emplace_back();
    device.part = part;
    device.slug = "plug" + part;
    if (spec.on_strip) device.parent = "strip";
    plan.chargers.push_back({device.slug, "test.toml:1:1", spec.has_price, spec.has_ambient});
    settings_.push_back(charger(n));
    plugs_.emplace_back(sim::ChargerLoadParameters{});
  }
  plan.adapters.push_back(std::move(kasa));
  if (spec.with_pack) {
    plan.adapters.push_back(pack_adapter());
    PackPlan& pack = plan.packs.emplace_back();
    pack.slug = "pack1";
    pack.name = "Pack 1";
    pack.sources.push_back({1, "1"});
    pack.alarms = rules::alarm_keys(limits());
    settings_[0].pack = "pack1";
  }
  if (spec.allowed) plan.allowed = {Control::charging};
  site_ = std::make_unique<Site>(points_, plan);
  if (spec.with_pack) limits_[site_->find("pack1")->id] = limits();
  model_ = std::make_unique<Model>(*site_);
}

ChargerFixture::~ChargerFixture() { use_zone("UTC"); }

void ChargerFixture::use_load(const sim::ChargerLoadParameters& parameters, int n) {
  plug(n).load = sim::ChargerLoad(parameters);
  plug(n).load.advance_to(now_);
  plug(n).load.switch_on(plug(n).is_on);
}

void ChargerFixture::begin() {
  const rules::Recall recall = [this](std::string_view key) -> std::optional<std::string> {
    const auto at = kept.find(std::string(key));
    if (at == kept.end()) return std::nullopt;
    return at->second;
  };
  model_ = std::make_unique<Model>(*site_);
  sent_.clear();
  rules_.clear();
  rules_.push_back(std::make_unique<rules::Presence>(*site_));
  rules_.push_back(std::make_unique<rules::PackFigures>(*site_));
  rules_.push_back(std::make_unique<rules::Alarms>(*site_, limits_));
  rules_.push_back(std::make_unique<rules::PlugEnergy>(*site_, recall));
  rules_.push_back(
      std::make_unique<rules::ChargeManager>(*site_, settings_, circuits_, limits_, recall));
}

Slot ChargerFixture::slot(const std::string& key, int n) const {
  const Entity* entity = site_->find(fmt::format("plug{}", n), key);
  if (!entity) throw std::out_of_range("no entity " + key);
  return entity->slot;
}

void ChargerFixture::pass(SteadyDuration duration) {
  now_ += duration;
  wall_ += std::chrono::duration_cast<WallTime::duration>(duration);
  for (SimulatedPlug& p : plugs_) {
    if (p.is_on && p.guard_left_s > 0) {
      p.guard_left_s -= to_seconds(duration);
      if (p.guard_left_s <= 0) p.turn(false, 0);
    }
    p.load.advance_to(now_);
  }
}

void ChargerFixture::poll() {
  for (AdapterIndex a = 0; a < site_->adapters().size(); ++a)
    model_->compute({site_->slot(kBridge, point::adapter_connected, a), 1}, now_);
  for (std::size_t i = 0; i < plugs_.size(); ++i) {
    const SimulatedPlug& p = plugs_[i];
    if (!p.is_online) continue;
    Report report(Target{site_->find(fmt::format("plug{}", i + 1))->id, 0});
    report.add(point::relay, p.is_on)
        .add(point::power.row, p.load.power().value)
        .add(point::energy_counter.row, p.load.energy_wh() / 1000)
        .add(point::guard_remaining.row, p.guard_left_s);
    if (p.is_on) report.add(point::on_since, p.on_since_s);
    model_->apply(report, now_);
  }
  if (spec_.on_strip) {
    Report report(Target{site_->find("strip")->id, 0});
    report.add(point::overheated, is_strip_overheated_);
    model_->apply(report, now_);
  }
  if (!spec_.with_pack) return;
  const DeviceId pack = site_->find("pack1")->id;
  Report report(Target{pack, 0});
  for (int cell = 0; cell < 4; ++cell)
    report.add(point::cell_voltage, Volts(cells_v_), cell)
        .add(point::cell_temperature, Celsius(25), cell);
  report.add(point::soc, Percent(soc_percent_));
  model_->apply(report, now_);
}

void ChargerFixture::tick(std::vector<Intent> intents, bool shutting_down) {
  poll();
  decision_.clear();
  const Snapshot snapshot = model_->freeze(now_);
  const std::vector<Failure> failures = std::exchange(failures_, {});
  for (const auto& rule : rules_)
    rule->step({snapshot, intents, shutting_down, wall_, failures}, decision_);
  for (const Computed& c : decision_.computed) model_->compute(c, now_);
  for (const auto& [at, text] : decision_.texts) model_->set_text(at, text, now_);
  for (const Kept& k : decision_.kept) kept[k.key] = k.value;
  for (const auto& note : decision_.notes) notes.push_back(note.second);
  for (const SessionRecord& record : decision_.sessions) sessions.push_back(record);
  alerts.insert(alerts.end(), decision_.alerts.begin(), decision_.alerts.end());
  for (const Output& output : decision_.outputs) obey(output);
}

/// What reconciler and adapter do: changes, repeats and renewals of the guard.
void ChargerFixture::obey(const Output& output) {
  for (int n = 1; n <= spec_.plugs; ++n) {
    if (slot("relay", n) != output.slot || !plug(n).is_online) continue;
    SimulatedPlug& p = plug(n);
    const bool on = output.value != 0;
    const auto last = sent_.find(output.slot);
    const bool is_due = last == sent_.end() || output.resend ||
                        last->second.first != output.value || (!on && p.is_on) ||
                        (on && output.refresh_s > 0 &&
                         now_ - last->second.second >= from_seconds(output.refresh_s));
    if (!is_due) return;
    sent_[output.slot] = {output.value, now_};
    if (on && output.keep && !p.is_on) {
      sent_.erase(output.slot);
      failures_.push_back({output.slot, 1, "the plug is off", Errc::refused});
      return;
    }
    if (on) p.guard_left_s = output.guard_s;
    if (on && !p.is_on) ++starts_[static_cast<std::size_t>(n - 1)];
    if (!on && p.ignores_off) return;
    p.turn(on, static_cast<double>(rules::to_unix(wall_)));
  }
}

void ChargerFixture::run(SteadyDuration duration) {
  for (const SteadyTime end = now_ + duration; now_ < end;) {
    pass(step);
    tick();
  }
}

void ChargerFixture::run_until(const std::string& weekday_and_time) {
  for (const SteadyTime end = now_ + 24h * 7; now_ < end;) {
    pass(step);
    tick();
    if (rules::moment_text(wall_) == weekday_and_time) return;
  }
  throw std::out_of_range("never " + weekday_and_time);
}

Verdict ChargerFixture::command(const std::string& key, double value, int n) {
  Intent intent;
  intent.slot = slot(key, n);
  intent.value = value;
  return answer(std::move(intent));
}

Verdict ChargerFixture::write(const std::string& key, const std::string& text, int n) {
  Intent intent;
  intent.slot = slot(key, n);
  intent.text = text;
  return answer(std::move(intent));
}

Verdict ChargerFixture::answer(Intent intent) {
  intent.ticket = 7;
  tick({std::move(intent)});
  return decision_.verdicts.empty() ? Verdict{} : decision_.verdicts.front();
}

void ChargerFixture::set_price(double price, int n) {
  model_->compute({slot("price", n), price}, now_);
}

void ChargerFixture::set_ambient(double celsius, int n) {
  model_->compute({slot("ambient_temperature", n), celsius}, now_);
}

void ChargerFixture::fill_pack(Volts cells, double soc_percent) {
  cells_v_ = cells.value;
  soc_percent_ = soc_percent;
}

void ChargerFixture::fail_next_order(const std::string& reason, double value, int n) {
  failures_.push_back({slot("relay", n), value, reason});
}

const Reading& ChargerFixture::reading(const std::string& key, int n) {
  return model_->view(now_)[slot(key, n)];
}

std::string ChargerFixture::text(const std::string& key, int n) {
  return model_->view(now_).text(slot(key, n));
}

std::string ChargerFixture::bridge_text(const std::string& key) {
  return model_->view(now_).text(site_->find("bridge", key)->slot);
}

ChargeState ChargerFixture::state(int n) {
  return static_cast<ChargeState>(reading("charge_state", n).value);
}

bool ChargerFixture::has_output(int n) const {
  const Slot relay = slot("relay", n);
  return std::ranges::any_of(decision_.outputs, [&](const Output& o) { return o.slot == relay; });
}

std::string ChargerFixture::local(const std::string& key, int n) {
  const Reading& r = reading(key, n);
  if (!r.is_good()) return "unknown";
  return rules::moment_text(rules::from_unix(static_cast<std::int64_t>(r.value)));
}

}  // namespace b2m::test
