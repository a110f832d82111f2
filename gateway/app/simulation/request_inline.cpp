// SPDX-License-Identifier: MIT
#include "gateway/app/simulation/request_inline.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "config/bpx.hpp"
#include "config/cell_sets.hpp"

namespace b2m::app {

using config::Node;

namespace {

/// A set as another machine needs it: without sources and remarks, which are half of the text.
Node stripped(const Node& tree) {
  Node set(Node::Kind::table);
  for (const Node& table : tree.items) {
    if (table.key == "sources" || table.key == "not_used") continue;
    Node& copy = set.add(table.key, table);
    for (Node& quantity : copy.items)
      std::erase_if(quantity.items,
                    [](const Node& n) { return n.key == "source" || n.key == "note"; });
  }
  return set;
}

void replace(Node& table, const std::string& key, Node value) {
  std::erase_if(table.items, [&key](const Node& n) { return n.key == key; });
  table.add(key, std::move(value));
}

/// The sets that were asked for last, each read once: reading one takes longer than a short run.
struct KnownSets {
  struct Known {
    std::string text;
    Node tree;
    std::vector<std::string> notes;
  };
  std::vector<Known> all;

  const Known* find(const std::string& text) const {
    const auto found =
        std::find_if(all.begin(), all.end(), [&text](const Known& k) { return k.text == text; });
    return found == all.end() ? nullptr : &*found;
  }
  void keep(Known known) {
    constexpr std::size_t kMost = 4;
    if (all.size() >= kMost) all.erase(all.begin());
    all.push_back(std::move(known));
  }
};

bool read_named_set(const std::string& name, const RequestSources& sources, Node& set,
                    std::vector<std::string>& notes, Refusal& refusal) {
  if (!sources.set_text)
    return refusal.because("parameters",
                           "sets by name are not to be had here; give the set itself");
  Result<std::string> text = sources.set_text(name);
  if (!text) return refusal.because("parameters", text.error().detail);
  thread_local KnownSets known;
  if (const auto* found = known.find(*text)) {
    set = found->tree;
    notes = found->notes;
    return true;
  }
  config::CellSetRead read;
  const auto tree = config::read_cell_set_tree(*text, name, read);
  if (!tree)
    return refusal.because("parameters", fmt::format("set {}: {}", name, first_of(read.mistakes)));
  set = stripped(*tree);
  replace(set, "name", config::node(name));
  notes = std::move(read.notes);
  known.keep({std::move(*text), set, notes});
  return true;
}

bool inline_set(Node& tree, const RequestSources& sources, std::vector<std::string>& notes,
                Refusal& refusal) {
  const bool is_original = tree.find("simulationType") != nullptr;
  const Node* given = tree.find("parameters");
  Node set;
  if (!given || given->is(Node::Kind::text)) {
    const std::string name = given && !is_original ? given->text : "chen2020";
    if (!read_named_set(name, sources, set, notes, refusal)) return false;
  } else if (given->is(Node::Kind::table)) {
    config::Mistakes mistakes;
    const auto own = config::is_bpx(*given) ? config::from_bpx(*given, mistakes, notes) : *given;
    if (!own) return refusal.because("parameters", first_of(mistakes));
    set = stripped(*own);
  } else {
    return refusal.because("parameters", "must be the name of a set or a set itself");
  }
  replace(tree, "parameters", std::move(set));
  return true;
}

Node as_node(const std::vector<double>& values) {
  Node list(Node::Kind::list);
  list.items.reserve(values.size());
  for (const double value : values) list.items.push_back(config::node(value));
  return list;
}

/// The name of a cycle, or its rows.
bool read_cycle(const std::string& text, const std::string& field, const RequestSources& sources,
                Node& cycle, Refusal& refusal) {
  const bool is_csv = text.find_first_of("\n,;\t") != std::string::npos;
  Result<std::string> csv = text;
  if (!is_csv && !sources.cycle_csv)
    return refusal.because(field, "cycles by name are not to be had here; give its rows");
  if (!is_csv) csv = sources.cycle_csv(text);
  if (!csv) return refusal.because(field, csv.error().detail);
  const Result<sim::DriveCycle> rows = sim::parse_cycle(*csv);
  if (!rows) return refusal.because(field, rows.error().detail);
  cycle = Node(Node::Kind::table);
  cycle.add("time_s", as_node(rows->time_s));
  cycle.add("current_a", as_node(rows->current_a));
  return true;
}

/// In the request, and in the steps of its experiment, which nest at most as deep as JSON may.
bool inline_cycles(Node& node, const std::string& field, const RequestSources& sources,  // NOLINT
                   Refusal& refusal) {
  for (Node& item : node.items) {
    const bool is_cycle = item.key == "cycle" && item.is(Node::Kind::text);
    if (is_cycle) {
      Node cycle;
      if (!read_cycle(item.text, field.empty() ? "cycle" : field, sources, cycle, refusal))
        return false;
      cycle.key = item.key;
      item = std::move(cycle);
    } else if (item.key != "parameters" && item.key != "cycle" && !item.items.empty()) {
      if (!inline_cycles(item, field.empty() ? item.key : field, sources, refusal)) return false;
    }
  }
  return true;
}

bool inline_original_cycle(Node& tree, const RequestSources& sources, Refusal& refusal) {
  if (tree.find("simulationType")->text != "driveCycle") return true;
  Node cycle;
  if (!read_cycle(sources.drive_cycle, "simulationType", sources, cycle, refusal)) return false;
  replace(tree, "cycle", std::move(cycle));
  return true;
}

}  // namespace

std::string first_of(const config::Mistakes& mistakes) {
  if (mistakes.empty()) return "it cannot be read";
  const config::Mistake& first = mistakes.front();
  std::string text;
  if (first.place.line > 0) text = fmt::format("line {}: ", first.place.line);
  text += first.what + (first.hint.empty() ? "" : "; " + first.hint);
  if (mistakes.size() > 1) text += fmt::format(" (and {} more)", mistakes.size() - 1);
  return text;
}

bool inline_names(Node& tree, const RequestSources& sources, std::vector<std::string>& notes,
                  Refusal& refusal) {
  const bool is_original = tree.find("simulationType") != nullptr;
  if (!inline_set(tree, sources, notes, refusal)) return false;
  return is_original ? inline_original_cycle(tree, sources, refusal)
                     : inline_cycles(tree, {}, sources, refusal);
}

}  // namespace b2m::app
