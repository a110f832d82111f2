// SPDX-License-Identifier: MIT
#include "gateway/rules/charge_manager.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "gateway/rules/charge_circuits.hpp"
#include "gateway/rules/charge_manager_charger.hpp"
#include "gateway/rules/charge_reports.hpp"

namespace b2m::rules {
namespace {

constexpr double kOverload_s = 10;
constexpr const char* kReportsKey = "charge_reports";

/// Who is on keeps its place; then who must be ready first, then who came first.
bool comes_first(const ManagedCharger* a, const ManagedCharger* b) {
  const auto rank = [](const ManagedCharger& c) {
    const auto& deadline = c.planned().deadline;
    return std::tuple(!c.is_on(), deadline ? deadline->at : WallTime::max(), c.wants_since());
  };
  return rank(*a) < rank(*b);
}

}  // namespace

struct ChargeManager::State {
  struct Shared {
    Circuit circuit;
    std::vector<const ManagedCharger*> members;
    std::optional<SteadyTime> overloaded_since;
    const ManagedCharger* gives_way = nullptr;
  };

  void find_overload(Shared& shared, SteadyTime now) const;
  [[nodiscard]] std::string waits_for(const ManagedCharger& charger) const;
  void report(const Input& in, Decision& out);

  std::vector<std::unique_ptr<ManagedCharger>> chargers;
  std::map<std::string, Shared> circuits;
  std::vector<ManagedCharger*> order;
  ChargeReports reports;
  Slot summary = kNoSlot;
  std::string summary_text;
  std::pair<int, unsigned> summary_of{-1, 0};  // day and revision
  unsigned kept_revision = 0;
};

namespace {

std::vector<CircuitLoad> loads_of(const std::vector<const ManagedCharger*>& members) {
  std::vector<CircuitLoad> loads;
  for (const ManagedCharger* member : members)
    if (member->is_on()) loads.push_back({member->name(), member->power_w()});
  return loads;
}

}  // namespace

ChargeManager::ChargeManager(const Site& site, std::vector<ChargerSettings> chargers,
                             std::vector<Circuit> circuits, const LimitsOf& limits,
                             const Recall& recall)
    : state_(std::make_unique<State>()) {
  for (Circuit& circuit : circuits) {
    const std::string id = circuit.id;
    state_->circuits[id].circuit = std::move(circuit);
  }
  for (ChargerSettings& settings : chargers) {
    const std::string circuit = settings.circuit;
    if (!circuit.empty() && !state_->circuits.contains(circuit))
      throw std::runtime_error(
          fmt::format("charger \"{}\": there is no circuit \"{}\"", settings.id, circuit));
    state_->chargers.push_back(
        std::make_unique<ManagedCharger>(site, std::move(settings), limits, recall));
    if (!circuit.empty())
      state_->circuits[circuit].members.push_back(state_->chargers.back().get());
  }
  state_->summary = site.slot(kBridge, core_row("charge_summary"));
  if (recall) state_->reports.restore(recall(kReportsKey).value_or(""));
}

ChargeManager::~ChargeManager() = default;

void ChargeManager::step(const Input& in, Decision& out) {
  State& s = *state_;
  s.order.clear();
  for (const auto& charger : s.chargers) {
    charger->read(in, out);
    charger->obey(in, out);
    charger->plan(in);
    s.order.push_back(charger.get());
  }
  for (auto& entry : s.circuits) s.find_overload(entry.second, in.now.now());
  std::ranges::stable_sort(s.order, comes_first);
  for (ManagedCharger* charger : s.order) charger->run(in, out, s.waits_for(*charger));
  s.report(in, out);
}

/// The one that was switched on last gives way, unless somebody needs it soon.
void ChargeManager::State::find_overload(Shared& shared, SteadyTime now) const {
  shared.gives_way = nullptr;
  if (!is_overloaded(shared.circuit, loads_of(shared.members))) {
    shared.overloaded_since.reset();
    return;
  }
  if (!shared.overloaded_since) shared.overloaded_since = now;
  if (now - *shared.overloaded_since < from_seconds(kOverload_s)) return;
  shared.overloaded_since.reset();
  const auto rank = [](const ManagedCharger* c) {
    return std::tuple(c->is_on() && c->may_switch(), !c->planned().deadline, c->on_since());
  };
  shared.gives_way = *std::ranges::max_element(shared.members, {}, rank);
}

std::string ChargeManager::State::waits_for(const ManagedCharger& charger) const {
  const auto at = circuits.find(charger.settings().circuit);
  if (at == circuits.end()) return {};
  const Shared& shared = at->second;
  const std::vector<CircuitLoad> loads = loads_of(shared.members);
  if (shared.gives_way == &charger)
    return fmt::format("gives way: {:.0f} W are drawn from the circuit {}, which carries {:.0f} W",
                       total_w(loads), shared.circuit.id, shared.circuit.max_power_w);
  if (!charger.wants_to_start()) return {};
  return circuit_objection(shared.circuit, loads, charger.peak_w());
}

void ChargeManager::State::report(const Input& in, Decision& out) {
  if (chargers.empty()) return;
  for (const SessionRecord& record : out.sessions) reports.add(record);
  const ChargeReports::Told told = reports.step(in.wall);
  const auto tell = [&](const char* period, const std::optional<std::string>& text) {
    if (!text) return;
    Note note{"charge_report", Severity::info, "charge_summary",
              fmt::format("{}: {}", period, *text)};
    out.notes.emplace_back(kBridge, std::move(note));
  };
  tell("daily", told.daily);
  tell("weekly", told.weekly);
  if (summary != kNoSlot) out.texts.emplace_back(summary, shortened(reports.yesterday(in.wall)));
  if (std::exchange(kept_revision, reports.revision()) != reports.revision())
    out.kept.push_back({kReportsKey, reports.to_text()});
}

}  // namespace b2m::rules
