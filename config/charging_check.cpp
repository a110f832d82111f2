// SPDX-License-Identifier: MIT
#include "config/charging_check.hpp"

#include <algorithm>
#include <map>

#include <fmt/core.h>

#include "config/find_profile.hpp"
#include "config/tables.hpp"

namespace b2m::config {

namespace {

constexpr std::int64_t kMostSockets = 64;

struct Plug {
  std::string id;
  bool has_meter = true;
};

std::string base_topic(const Config& config) {
  return config.mqtt.base_topic.empty() ? config.gateway.id : config.mqtt.base_topic;
}

template <class T>
std::vector<std::string> ids_of(const std::vector<T>& tables) {
  std::vector<std::string> ids;
  for (const T& table : tables) ids.push_back(table.id);
  return ids;
}

bool holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class ChargerCheck {
 public:
  ChargerCheck(const Node& tree, Config& config, Reading& reading)
      : tree_(tree), config_(config), reading_(reading) {
    collect_plugs();
  }

  void run() {
    unique("charging_profile", config_.charging_profiles.size());
    unique("circuit", config_.circuits.size());
    unique("charger", config_.chargers.size());
    for (std::size_t i = 0; i < config_.chargers.size(); ++i) {
      Charger& charger = config_.chargers[i];
      table_ = &tree_.find("charger")->items[i];
      check_plug(charger);
      check_pack(charger);
      check_topic("price_topic", charger.price_topic);
      check_topic("temperature_topic", charger.temperature_topic);
      if (!complete(charger)) continue;
      check_circuit(charger);
      check_target(charger);
    }
    check_control();
  }

 private:
  void complain(const Place& place, std::string what, std::string hint) {
    reading_.mistakes.push_back({.place = place, .what = std::move(what), .hint = std::move(hint)});
  }
  /// About a key of the charger at hand, or about its table.
  void about(std::string_view key, std::string what, std::string hint) {
    const Node* value = table_->find(key);
    complain(value ? value->place : table_->place, std::move(what), std::move(hint));
  }

  /// Every table [[ADAPTER.plug]], and the sockets of every [[ADAPTER.strip]].
  void collect_plugs() {
    for (const Node& adapters : tree_.items) {
      for (const Node& adapter : adapters.items) {
        for (const std::string_view kind : {"plug", "strip"}) {
          const Node* tables = adapter.find(kind);
          if (!tables || !tables->is(Node::Kind::list)) continue;
          for (const Node& table : tables->items) add_plug(table, kind == "strip");
        }
      }
    }
  }

  void add_plug(const Node& table, bool is_strip) {
    const Node* id = table.find("id");
    if (!id || !id->is(Node::Kind::text)) return;
    const Node* meter = table.find("meter");
    const bool has_meter = !meter || !meter->is(Node::Kind::boolean) || meter->boolean;
    if (!is_strip) return plugs_.push_back({id->text, has_meter});
    const Node* sockets = table.find("sockets");
    const auto count =
        sockets && sockets->is(Node::Kind::integer) ? std::min(sockets->integer, kMostSockets) : 6;
    for (std::int64_t n = 1; n <= count; ++n)
      plugs_.push_back({fmt::format("{}_socket{}", id->text, n), has_meter});
  }

  void unique(std::string_view kind, std::size_t count) {
    const Node* tables = tree_.find(kind);
    if (!tables || count != tables->items.size()) return;
    std::map<std::string, int> lines;
    for (const Node& table : tables->items) {
      const Node* id = table.find("id");
      if (!id || !id->is(Node::Kind::text) || id->text.empty()) continue;
      const auto [first, is_new] = lines.emplace(id->text, id->place.line);
      if (is_new) continue;
      complain(id->place, fmt::format("the {} id \"{}\" is taken", kind, id->text),
               fmt::format("line {} has it already; choose another", first->second));
    }
  }

  void check_plug(const Charger& charger) {
    if (charger.plug.empty()) return;
    const auto plug = std::find_if(plugs_.begin(), plugs_.end(),
                                   [&](const Plug& p) { return p.id == charger.plug; });
    if (plug == plugs_.end())
      return about(
          "plug", fmt::format("there is no plug \"{}\"", charger.plug),
          hint_for(charger.plug, "plugs", ids_of(plugs_),
                   fmt::format("add its table, [[kasa.plug]] with id = \"{}\"", charger.plug)));
    if (!plug->has_meter)
      about("plug", fmt::format("the plug \"{}\" does not measure power", charger.plug),
            "a charge is followed by its power: use a plug with a meter, or remove meter = false");
    const auto first = std::find_if(config_.chargers.begin(), config_.chargers.end(),
                                    [&](const Charger& c) { return c.plug == charger.plug; });
    if (&*first != &charger)
      about("plug", fmt::format("the plug \"{}\" has a charger already", charger.plug),
            fmt::format("line {} has it; a charger needs a plug of its own", first->place.line));
  }

  void check_pack(const Charger& charger) {
    const std::vector<std::string> packs = ids_of(config_.packs);
    if (charger.pack.empty() || holds(packs, charger.pack)) return;
    about("pack", fmt::format("there is no pack \"{}\"", charger.pack),
          hint_for(charger.pack, "packs", packs,
                   "remove this line, or add a [[pack]] that is measured"));
  }

  void check_topic(std::string_view key, const std::string& topic) {
    const std::string base = base_topic(config_);
    if (topic != base && !topic.starts_with(base + "/")) return;
    about(key, fmt::format("{} is a topic of this gateway itself", key),
          "a value from outside is meant; those of a pack come with pack = \"...\"");
  }

  /// Fills in the profile; false, with a complaint, when there is none.
  bool complete(Charger& charger) {
    if (charger.profile_id.empty()) return false;
    const ChargingProfile* profile = find(charger.profile_id);
    if (!profile) return false;
    charger.profile = *profile;
    charger.profile.name = charger.profile_id;
    charger.keeps_on_at_stop = charger.on_stop == OnStop::keep;
    charger.full_weekday = static_cast<int>(charger.weekday);
    rules::ChargingProfile& own = charger.profile;
    own.target = charger.target.value_or(own.target);
    own.target_fraction_percent =
        charger.target_fraction_percent.value_or(own.target_fraction_percent);
    own.target_level_percent = charger.target_level_percent.value_or(own.target_level_percent);
    own.target_cell_v = charger.target_cell_v.value_or(own.target_cell_v);
    own.storage_level_percent = charger.storage_level_percent.value_or(own.storage_level_percent);
    return true;
  }

  const ChargingProfile* find(const std::string& id) {
    for (const ChargingProfile& own : config_.charging_profiles)
      if (own.id == id) return &own;
    const auto known = read_.find(id);
    if (known != read_.end()) return known->second ? &*known->second : nullptr;
    const auto path = find_profile(*table_->find("profile"), "charging", "charging profile",
                                   config_.file, reading_, ids_of(config_.charging_profiles));
    if (!path) return nullptr;
    FileRead<ChargingProfile> file = read_file(shipped_charging_schema(), *path);
    std::move(file.mistakes.begin(), file.mistakes.end(), std::back_inserter(reading_.mistakes));
    const auto& kept = read_.emplace(id, std::move(file.value)).first->second;
    return kept ? &*kept : nullptr;
  }

  void check_circuit(const Charger& charger) {
    if (charger.circuit.empty()) return;
    const auto circuit = std::find_if(config_.circuits.begin(), config_.circuits.end(),
                                      [&](const Circuit& c) { return c.id == charger.circuit; });
    if (circuit == config_.circuits.end())
      return about(
          "circuit", fmt::format("there is no circuit \"{}\"", charger.circuit),
          hint_for(charger.circuit, "circuits", ids_of(config_.circuits),
                   fmt::format("add its table, [[circuit]] with id = \"{}\"", charger.circuit)));
    if (circuit->max_power_w > 0 && charger.profile.peak_w > circuit->max_power_w)
      about("circuit",
            fmt::format("the circuit \"{}\" allows {} W, this charger draws {} W: it would never "
                        "start",
                        circuit->id, circuit->max_power_w, charger.profile.peak_w),
            "correct max_power_w of the circuit or peak_w of the profile");
  }

  /// What the initial target or mode needs and does not have.
  void check_target(const Charger& charger) {
    const rules::ChargingProfile& profile = charger.profile;
    if (charger.mode == ChargeMode::storage && charger.pack.empty() && profile.capacity_ah <= 0)
      about("mode", "mode = \"storage\" needs a pack or a capacity",
            "power at the plug does not tell a half full battery: add pack = \"...\", or "
            "capacity_ah to the profile");
    const std::string_view word = kChargeTargets[static_cast<std::size_t>(profile.target)];
    const auto needs = [&](bool is_there, std::string_view what, std::string_view hint) {
      if (!is_there)
        about(charger.target ? "target" : "profile",
              fmt::format("the target {} needs {}", word, what), std::string(hint));
    };
    switch (profile.target) {
      case ChargeTarget::soc:
        return needs(!charger.pack.empty(), "a pack that tells its state of charge",
                     "add pack = \"...\", or take the target energy");
      case ChargeTarget::cell_voltage:
        needs(!charger.pack.empty(), "a pack that measures its cells", "add pack = \"...\"");
        return needs(profile.target_cell_v > 0, "target_cell_v", "for example target_cell_v = 4.1");
      case ChargeTarget::energy:
        return needs(profile.capacity_ah > 0, "the battery's capacity",
                     "add capacity_ah to the profile");
      case ChargeTarget::power:
        return needs(profile.nominal_stop_w > 0, "nominal_stop_w", "add it to the profile");
      default:
        return;
    }
  }

  void check_control() {
    if (config_.chargers.empty() || holds(config_.control.allow, "charging")) return;
    const Node* control = tree_.find("control");
    const Node* allow = control ? control->find("allow") : nullptr;
    complain(allow ? allow->place : tree_.find("charger")->items.front().place,
             "a charger may only be switched when control.allow lists \"charging\"",
             "write allow = [\"charging\"] in [control], or remove the [[charger]]");
  }

  const Node& tree_;
  Config& config_;
  Reading& reading_;
  const Node* table_ = nullptr;  // of the charger at hand
  std::vector<Plug> plugs_;
  std::map<std::string, std::optional<ChargingProfile>> read_;  // files; empty: with mistakes
};

}  // namespace

void complete_chargers(const Node& tree, Config& config, Reading& reading) {
  ChargerCheck(tree, config, reading).run();
}

}  // namespace b2m::config
