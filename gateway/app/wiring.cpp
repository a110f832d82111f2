// SPDX-License-Identifier: MIT
#include "gateway/app/wiring.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include <fmt/format.h>

namespace b2m::app {
namespace {

std::optional<rules::Limit> to_rule(const config::Limit& limit) {
  if (!limit.is_set) return std::nullopt;
  return rules::Limit{limit.limit, limit.hysteresis, limit.delay_s};
}

rules::PackLimits to_limits(const config::Chemistry& c) {
  rules::PackLimits limits;
  limits.cell_high_v = to_rule(c.cell_high_v);
  limits.cell_low_v = to_rule(c.cell_low_v);
  limits.cell_spread_v = to_rule(c.cell_spread_v);
  limits.temperature_high_c = to_rule(c.temperature_high_c);
  limits.temperature_low_c = to_rule(c.temperature_low_c);
  return limits;
}

std::vector<Control> to_controls(const std::vector<std::string>& words) {
  const std::map<std::string_view, Control> known{{"plugs", Control::plugs},
                                                  {"charging", Control::charging},
                                                  {"balancing", Control::balancing},
                                                  {"contactors", Control::contactors},
                                                  {"limits", Control::limits}};
  std::vector<Control> controls;
  for (const std::string& word : words)
    if (const auto at = known.find(word); at != known.end()) controls.push_back(at->second);
  return controls;
}

class Wirer {
 public:
  Wirer(const config::Config& config, Resources& resources)
      : config_(config), resources_(resources) {}

  Result<Wired> wire() {
    make_adapters();
    for (const config::Pack& pack : config_.packs) add_pack(pack);
    for (const config::Charger& charger : config_.chargers) add_charger(charger);
    wired_.circuits.assign(config_.circuits.begin(), config_.circuits.end());
    if (!mistakes_.empty()) return fail();
    plan_.gateway_name = config_.gateway.name;
    plan_.allowed = to_controls(config_.control.allow);
    plan_.publishing = {config_.mqtt.min_interval_s, config_.mqtt.max_interval_s};
    try {
      wired_.site = std::make_unique<Site>(resources_.points, plan_);
    } catch (const std::runtime_error& e) {
      return Error(Errc::refused, fmt::format("{}: error: {}", config_.file, e.what()));
    }
    for (AdapterIndex i = 0; i < wired_.adapters.size(); ++i)
      wired_.adapters[i].adapter->bind(*wired_.site, i);
    for (const auto& [slug, limits] : limits_) wired_.limits[wired_.site->find(slug)->id] = limits;
    for (const config::Pack& pack : config_.packs) add_balancing(pack);
    return std::move(wired_);
  }

 private:
  Error fail() const { return {Errc::refused, fmt::format("{}", fmt::join(mistakes_, "\n"))}; }

  void make_adapters() {
    for (const config::AdapterTable& table : config_.adapters) {
      auto adapter = table.kind->make(table.settings, resources_);
      if (!adapter) {
        mistakes_.push_back(adapter.error().text());
        continue;
      }
      AdapterPlan& plan = plan_.adapters.emplace_back();
      plan.id = table.id;
      plan.kind = table.kind->name;
      plan.offers = (*adapter)->offers();
      plan.devices = (*adapter)->devices();
      wired_.adapters.push_back({table.id, std::string(table.kind->name), std::move(*adapter)});
    }
  }

  void add_pack(const config::Pack& pack) {
    PackPlan& plan = plan_.packs.emplace_back();
    plan.slug = pack.id;
    plan.name = pack.name.empty() ? name_from_slug(pack.id) : pack.name;
    plan.model = pack.model;
    plan.chemistry = pack.chemistry;
    plan.cells_in_series = pack.cells_in_series;
    for (const std::string& source : pack.source) add_source(pack, source, plan);
    if (is_simulated(plan)) plan.model += plan.model.empty() ? "Simulated pack" : " (simulated)";
    rules::PackLimits limits;
    const auto chemistry = config_.chemistries.find(pack.chemistry);
    if (chemistry != config_.chemistries.end()) {
      plan.cell_low = chemistry->second.cell_plausible_low_v;
      plan.cell_high = chemistry->second.cell_plausible_high_v;
      limits = to_limits(chemistry->second);
    }
    plan.alarms = rules::alarm_keys(limits);
    limits_.emplace_back(pack.id, limits);
  }

  bool is_simulated(const PackPlan& plan) const {
    return std::ranges::any_of(plan.sources, [&](const PackPlan::Source& source) {
      return wired_.adapters[source.adapter].adapter->is_simulated();
    });
  }

  void add_balancing(const config::Pack& pack) {
    rules::BalancePlan& plan = wired_.balancing[wired_.site->find(pack.id)->id];
    plan = pack;
    const auto chemistry = config_.chemistries.find(pack.chemistry);
    if (plan.balance_voltage_v <= 0 && chemistry != config_.chemistries.end())
      plan.balance_voltage_v = chemistry->second.balance_voltage_v;
  }

  void add_charger(const config::Charger& charger) {
    ChargerPlan& plan = plan_.chargers.emplace_back();
    plan.plug = charger.plug;
    plan.place =
        fmt::format("{}:{}:{}", charger.place.file, charger.place.line, charger.place.column);
    plan.has_price = !charger.price_topic.empty();
    plan.has_ambient = !charger.temperature_topic.empty();
    wired_.chargers.push_back(charger);
  }

  /// "bench/1", or "bench" for an adapter whose only part needs no name.
  void add_source(const config::Pack& pack, const std::string& source, PackPlan& plan) {
    const std::size_t slash = source.find('/');
    const std::string id = source.substr(0, slash);
    const auto at = std::ranges::find(plan_.adapters, id, &AdapterPlan::id);
    if (at == plan_.adapters.end()) return;  // load() has said it, or the adapter has failed above
    std::string part = slash == std::string::npos ? only_part(pack, *at) : source.substr(slash + 1);
    plan.sources.push_back({static_cast<AdapterIndex>(at - plan_.adapters.begin()), part});
  }

  std::string only_part(const config::Pack& pack, const AdapterPlan& adapter) {
    std::set<std::string> parts;
    for (const Offer& offer : adapter.offers)
      if (!offer.part.empty()) parts.insert(offer.part);
    if (parts.size() == 1) return *parts.begin();
    mistakes_.push_back(fmt::format(
        "{}:{}:{}: error: pack \"{}\": the adapter \"{}\" {}", pack.place.file, pack.place.line,
        pack.place.column, pack.id, adapter.id,
        parts.empty()
            ? "has nothing for a pack"
            : fmt::format("has several parts; hint: write source = \"{}/PART\" with one of {}",
                          adapter.id, fmt::join(parts, ", "))));
    return {};
  }

  const config::Config& config_;
  Resources& resources_;
  SitePlan plan_;
  Wired wired_;
  std::vector<std::pair<std::string, rules::PackLimits>> limits_;
  std::vector<std::string> mistakes_;
};

}  // namespace

Result<Wired> wire(const config::Config& config, Resources& resources) {
  return Wirer(config, resources).wire();
}

}  // namespace b2m::app
