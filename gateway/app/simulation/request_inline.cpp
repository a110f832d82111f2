// SPDX-License-Identifier: MIT
#include "gateway/app/simulation/request_inline.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "config/bpx.hpp"
#include "config/cell_sets.hpp"
#include "gateway/app/simulation/request_cycles.hpp"

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

bool inline_original_cycle(Node& tree, RequestCycles& cycles) {
  if (tree.find("simulationType")->text != "driveCycle") return true;
  Node cycle;
  if (!cycles.read_original(cycle)) return false;
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

bool inline_names(Node& tree, const RequestSources& sources, const RequestLimits& limits,
                  std::vector<std::string>& notes, Refusal& refusal) {
  const bool is_original = tree.find("simulationType") != nullptr;
  if (!inline_set(tree, sources, notes, refusal)) return false;
  RequestCycles cycles(sources, limits, refusal);
  if (is_original) return inline_original_cycle(tree, cycles);
  if (!cycles.put_into(tree)) return false;
  Node named = cycles.take_named();
  if (!named.items.empty()) tree.add("cycles", std::move(named));
  return true;
}

}  // namespace b2m::app
