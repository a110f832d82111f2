// SPDX-License-Identifier: MIT
#include "config/load.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include <fmt/core.h>

#include "config/charging_check.hpp"
#include "config/chemistry.hpp"
#include "config/find_profile.hpp"
#include "config/root.hpp"

namespace b2m::config {

namespace {

/// What must fit between tables, each complaint at the value that is wrong.
class CrossCheck {
 public:
  CrossCheck(const Node& tree, Config& config, Reading& reading)
      : tree_(tree), config_(config), reading_(reading) {}

  void run() {
    unique_adapters();
    unique_packs();
    for (std::size_t i = 0; i < config_.packs.size(); ++i) {
      const Node& table = tree_.find("pack")->items[i];
      check_sources(config_.packs[i], table);
      check_chemistry(config_.packs[i], table);
    }
  }

 private:
  void complain(const Place& place, std::string what, std::string hint) {
    reading_.mistakes.push_back({.place = place, .what = std::move(what), .hint = std::move(hint)});
  }

  void unique(std::map<std::string, int>& lines, std::string_view kind, const Node& table) {
    const Node* id = table.find("id");
    if (!id || !id->is(Node::Kind::text) || id->text.empty()) return;
    const auto [first, is_new] = lines.emplace(id->text, id->place.line);
    if (is_new) return;
    complain(id->place, fmt::format("the {} id \"{}\" is taken", kind, id->text),
             fmt::format("line {} has it already; choose another", first->second));
  }

  /// Ids of all kinds of adapters share one namespace.
  void unique_adapters() {
    std::map<std::string, int> lines;
    std::vector<const Node*> tables;
    for (const Node& item : tree_.items) {
      const bool is_adapter =
          std::any_of(config_.adapters.begin(), config_.adapters.end(),
                      [&item](const AdapterTable& a) { return a.kind->name == item.key; });
      if (!is_adapter) continue;
      for (const Node& table : item.items) tables.push_back(&table);
    }
    std::sort(tables.begin(), tables.end(),
              [](const Node* a, const Node* b) { return a->place.line < b->place.line; });
    for (const Node* table : tables) unique(lines, "adapter", *table);
  }

  void unique_packs() {
    std::map<std::string, int> lines;
    const Node* packs = tree_.find("pack");
    if (!packs || config_.packs.empty()) return;
    for (const Node& table : packs->items) unique(lines, "device", table);
  }

  void check_sources(const Pack& pack, const Node& table) {
    const Node* source = table.find("source");
    for (std::size_t i = 0; i < pack.source.size(); ++i) {
      const Node& where = source->is(Node::Kind::list) ? source->items[i] : *source;
      check_source(pack.source[i], where.place);
      if (std::count(pack.source.begin(), pack.source.begin() + static_cast<std::ptrdiff_t>(i),
                     pack.source[i]) > 0)
        complain(where.place, fmt::format("source \"{}\" is listed twice", pack.source[i]),
                 "remove one of the two");
    }
  }

  void check_source(const std::string& source, const Place& place) {
    const std::size_t slash = source.find('/');
    if (slash == 0 || slash + 1 == source.size())
      return complain(place, fmt::format("source \"{}\" is incomplete", source),
                      "write ADAPTER or ADAPTER/PART");
    std::vector<std::string> ids;
    for (const AdapterTable& adapter : config_.adapters) ids.push_back(adapter.id);
    const std::string wanted = source.substr(0, slash);
    if (std::find(ids.begin(), ids.end(), wanted) != ids.end()) return;
    complain(place, fmt::format("there is no adapter \"{}\"", wanted),
             hint_for(wanted, "adapters", ids,
                      fmt::format("add its table, for example [[can]] with id = \"{}\"", wanted)));
  }

  void check_chemistry(const Pack& pack, const Node& table) {
    const Node* name = table.find("chemistry");
    if (!name || pack.chemistry.empty() || config_.chemistries.contains(pack.chemistry)) return;
    const auto path = find_profile(*name, "chemistry", "chemistry", config_.file, reading_);
    if (!path) return;
    ChemistryRead read = load_chemistry(*path);
    std::move(read.mistakes.begin(), read.mistakes.end(), std::back_inserter(reading_.mistakes));
    // A broken one stands there as well, so that its mistakes are said once.
    config_.chemistries[pack.chemistry] = read.chemistry.value_or(Chemistry{});
  }

  const Node& tree_;
  Config& config_;
  Reading& reading_;
};

}  // namespace

Loaded load(const std::string& file, std::span<const AdapterKind> kinds) {
  const RootSchema schema(kinds);
  Reading reading;
  reading.tables = {&schema};
  const std::optional<Node> tree = read_tree(file, reading.mistakes);
  if (!tree) return {std::nullopt, finish(std::move(reading), file)};
  Config config = schema.read(*tree, reading);
  CrossCheck(*tree, config, reading).run();
  complete_chargers(*tree, config, reading);
  Loaded loaded{std::nullopt, finish(std::move(reading), file)};
  if (!has_errors(loaded.mistakes)) loaded.config = std::move(config);
  return loaded;
}

}  // namespace b2m::config
