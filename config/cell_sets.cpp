// SPDX-License-Identifier: MIT
#include "config/cell_sets.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/core.h>

#include "config/bpx.hpp"
#include "config/cell_set_rows.hpp"
#include "config/json_reader.hpp"
#include "config/source.hpp"
#include "config/suggest.hpp"
#include "config/toml_reader.hpp"

namespace b2m::config {

namespace fs = std::filesystem;

namespace {

bool looks_like_json(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  return first != std::string_view::npos && text[first] == '{';
}

void add_excerpts(Mistakes& mistakes, const Source& source) {
  sort_by_place(mistakes, source.file());
  for (Mistake& mistake : mistakes) mistake.excerpt = source.excerpt(mistake.place);
}

/// The names of the numbers in a tree: "negative.porosity".
std::vector<std::string> numbers_of(const Node& tree) {
  std::vector<std::string> names;
  for (const Node& table : tree.items) {
    const QuantityTable* known = quantity_table(table.key);
    if (!known) continue;
    for (const QuantityRow& row : known->rows)
      if (row.kind != QuantityKind::list && table.find(row.key))
        names.push_back(fmt::format("{}.{}", table.key, row.key));
  }
  return names;
}

Node* child(Node& table, std::string_view key) {
  const auto found = std::find_if(table.items.begin(), table.items.end(),
                                  [key](const Node& item) { return item.key == key; });
  return found == table.items.end() ? nullptr : &*found;
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name.front() != '.' &&
         name.find_first_of("/\\") == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

}  // namespace

std::optional<Node> read_cell_set_tree(std::string text, const std::string& file,
                                       CellSetRead& read) {
  const std::size_t bad = first_bad_utf8(text);
  const Source source(file, std::move(text));
  if (bad != std::string_view::npos) {
    read.mistakes.push_back({.place = source.place(bad), .what = "this is not UTF-8"});
    return std::nullopt;
  }
  if (!looks_like_json(source.text())) return read_toml(source, read.mistakes);
  std::optional<Node> tree = read_json(source.text(), file, read.mistakes);
  if (!tree || !is_bpx(*tree)) return tree;
  return from_bpx(*tree, read.mistakes, read.notes);
}

Result<> override_number(Node& tree, std::string_view name, double value) {
  const std::size_t dot = name.find('.');
  Node* table = child(tree, name.substr(0, dot));
  Node* quantity =
      table && dot != std::string_view::npos ? child(*table, name.substr(dot + 1)) : nullptr;
  if (!quantity || !quantity->is(Node::Kind::table)) {
    const std::vector<std::string> known = numbers_of(tree);
    const std::string near = nearest(name, known);
    return Error(Errc::unknown_key, fmt::format("the set has no \"{}\"; {}", name.substr(0, 64),
                                                near.empty() ? "it has " + join(known, "and")
                                                             : "did you mean \"" + near + "\"?"));
  }
  std::erase_if(quantity->items,
                [](const Node& n) { return n.key == "value" || n.key == "x" || n.key == "y"; });
  Node number = node(value);
  number.place = quantity->place;
  quantity->add("value", std::move(number));
  return {};
}

CellSetRead read_cell_set_text(std::string text, const std::string& file, std::string name) {
  const Source source(file, text);
  CellSetRead read;
  const bool is_json = looks_like_json(text);
  const std::optional<Node> tree = read_cell_set_tree(std::move(text), file, read);
  if (tree && read.mistakes.empty()) {
    CellSetRead built = read_cell_set(*tree, std::move(name), !is_json);
    built.notes = std::move(read.notes);
    read = std::move(built);
  }
  add_excerpts(read.mistakes, source);
  return read;
}

CellSetRead load_cell_set(const std::string& path) {
  CellSetRead read;
  std::string why_not;
  std::optional<std::string> text = read_small_file(path, why_not);
  if (text) return read_cell_set_text(std::move(*text), path, fs::path(path).stem().string());
  read.mistakes.push_back({.place = {path, 0, 0}, .what = "cannot be read: " + why_not});
  return read;
}

std::vector<std::string> CellSets::names() const {
  std::vector<std::string> all = profiles_.names("cells");
  std::error_code ignored;  // a folder that is not there has no sets
  for (fs::directory_iterator entry(own_folder_, ignored), end; !ignored && entry != end;
       entry.increment(ignored)) {
    const fs::path& path = entry->path();
    if (path.extension() == ".toml" || path.extension() == ".json")
      all.push_back(path.stem().string());
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

Result<std::string> CellSets::find(std::string_view name) const {
  if (is_name(name)) {
    for (const char* ending : {".toml", ".json"}) {
      const fs::path own = fs::path(own_folder_) / (std::string(name) + ending);
      std::error_code ignored;  // then it is not there
      if (!own_folder_.empty() && fs::is_regular_file(own, ignored)) return own.string();
    }
    if (const auto shipped = profiles_.find("cells", name); shipped && shipped->ends_with(".toml"))
      return *shipped;
  }
  const std::vector<std::string> known = names();
  const std::string near = nearest(name, known);
  return Error(
      Errc::not_found,
      fmt::format("there is no parameter set \"{}\"; {}{}", name.substr(0, 64),
                  near.empty() ? "" : "did you mean \"" + near + "\"? ",
                  known.empty() ? "none is installed" : "there are: " + join(known, "and")));
}

Result<std::string> CellSets::text(std::string_view name) const {
  const Result<std::string> path = find(name);
  if (!path) return path.error();
  std::string why_not;
  std::optional<std::string> text = read_small_file(*path, why_not);
  if (text) return std::move(*text);
  return Error(Errc::io_error, fmt::format("{} cannot be read: {}", *path, why_not));
}

Result<sim::CellSet> CellSets::load(std::string_view name) const {
  const Result<std::string> path = find(name);
  if (!path) return path.error();
  CellSetRead read = load_cell_set(*path);
  if (read.set) return std::move(*read.set);
  return Error(Errc::malformed, list(read.mistakes));
}

}  // namespace b2m::config
