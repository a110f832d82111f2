// SPDX-License-Identifier: MIT
#include "config/schema.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "config/source.hpp"
#include "config/suggest.hpp"
#include "config/toml_reader.hpp"

namespace b2m::config {

namespace {

std::vector<std::string> keys_of(const TableSchema& schema) {
  std::vector<std::string> keys;
  for (const Option* option : schema.options()) keys.push_back(option->key);
  return keys;
}

/// The known key that differs in nothing but its unit.
const Option* other_unit(const TableSchema& schema, std::string_view key) {
  for (const Option* option : schema.options()) {
    if (unit_suffix(option->key) && stem(option->key) == stem(key)) return option;
  }
  return nullptr;
}

std::string unit_hint(const Option& known, const Node& entry) {
  const bool is_number = entry.is(Node::Kind::integer) || entry.is(Node::Kind::number);
  const double value =
      entry.is(Node::Kind::integer) ? static_cast<double>(entry.integer) : entry.number;
  const std::optional<double> converted = convert(value, entry.key, known.key);
  if (is_number && converted)
    return fmt::format("the unit here is {}: write {} = {:.6g}", unit_of(known.key), known.key,
                       *converted);
  return fmt::format("write {}, in {}", known.key, unit_of(known.key));
}

std::string header(const std::string& path, bool repeats) {
  return repeats ? "[[" + path + "]]" : "[" + path + "]";
}

/// Where else in the file the key belongs; empty when nowhere.
std::string home_of(const TableSchema& table, const std::string& path, bool repeats,  // NOLINT
                    std::string_view key) {
  const Option* here = table.find(key);
  if (here && !here->table) return header(path, repeats);
  for (const Option* option : table.options()) {
    if (!option->table) continue;
    const std::string found =
        home_of(*option->table, path + "." + option->key, option->repeats, key);
    if (!found.empty()) return found;
  }
  return {};
}

std::string other_table(const Reading& reading, const TableSchema& self, std::string_view key) {
  for (const TableSchema* table : reading.tables) {
    for (const Option* option : table->options()) {
      if (!option->table || option->table == &self) continue;
      const std::string found = home_of(*option->table, option->key, option->repeats, key);
      if (!found.empty()) return found;
    }
  }
  return {};
}

bool holds_secret(const TableSchema& schema, const std::string& key) {
  const Option* option = schema.find(key);
  return option && option->secret;
}

}  // namespace

void Complaints::about(std::string_view key, std::string what, std::string hint) {
  const Node* value = table_.find(key);
  const Place place = value ? value->place : table_.place;
  reading_.mistakes.push_back({.place = place, .what = std::move(what), .hint = std::move(hint)});
}

void Complaints::here(std::string what, std::string hint) {
  reading_.mistakes.push_back(
      {.place = table_.place, .what = std::move(what), .hint = std::move(hint)});
}

std::vector<const Option*> TableSchema::options() const {
  std::vector<const Option*> all;
  for (const Field& field : fields_) all.push_back(&field.option);
  return all;
}

const Option* TableSchema::find(std::string_view key) const {
  const auto found = std::find_if(fields_.begin(), fields_.end(),
                                  [key](const Field& field) { return field.option.key == key; });
  return found == fields_.end() ? nullptr : &found->option;
}

void TableSchema::read_fields(void* settings, const Node& table, Reading& reading) const {
  for (const Field& field : fields_) {
    const Option& option = field.option;
    const Node* value = table.find(option.key);
    if (value && option.secret) reading.secret_lines.insert(value->place.line);
    if (value) {
      field.read(settings, *value, option, reading);
    } else if (option.required) {
      reading.mistakes.push_back({.place = table.place,
                                  .what = fmt::format("{} is missing", option.key),
                                  .hint = option.help});
    }
  }
  for (const Node& entry : table.items) {
    if (!find(entry.key)) unknown_key(entry, reading);
  }
}

void TableSchema::unknown_key(const Node& entry, Reading& reading) const {
  const bool is_table =
      entry.is(Node::Kind::table) || (entry.is(Node::Kind::list) && !entry.items.empty() &&
                                      entry.items.front().is(Node::Kind::table));
  const std::string near = nearest(entry.key, keys_of(*this));
  Mistake mistake;
  mistake.place = entry.key_place;
  mistake.what = fmt::format("unknown {} {}", is_table ? "table" : "key", entry.key);
  mistake.hides_line = holds_secret(*this, near);
  const std::string elsewhere = other_table(reading, *this, entry.key);
  if (const Option* known = other_unit(*this, entry.key)) {
    mistake.hint = unit_hint(*known, entry);
  } else if (!elsewhere.empty()) {
    mistake.hint = fmt::format("{} belongs into {}", entry.key, elsewhere);
  } else if (!near.empty()) {
    mistake.hint = fmt::format("did you mean {}?", near);
  } else {
    mistake.hint = "known here: " + join(keys_of(*this), "and");
  }
  reading.mistakes.push_back(std::move(mistake));
}

Node TableSchema::show_fields(const void* settings) const {
  Node table(Node::Kind::table);
  for (const Field& field : fields_) table.add(field.option.key, field.show(settings));
  return table;
}

bool is_table(const Node& node, const Option& option, Reading& reading) {
  if (node.is(Node::Kind::table)) return true;
  reading.mistakes.push_back(
      {.place = node.place,
       .what = fmt::format("{} must be a table, this is {}", option.key, describe(node.kind)),
       .hint = fmt::format("write its heading once, [{}], and its keys below", option.key)});
  return false;
}

bool is_table_list(const Node& node, const Option& option, Reading& reading) {
  const auto is_one = [](const Node& item) { return item.is(Node::Kind::table); };
  if (node.is(Node::Kind::list) && std::all_of(node.items.begin(), node.items.end(), is_one))
    return true;
  reading.mistakes.push_back(
      {.place = node.is(Node::Kind::table) ? node.key_place : node.place,
       .what =
           fmt::format("{} must be a list of tables, this is {}", option.key, describe(node.kind)),
       .hint = fmt::format("write the heading with two brackets: [[{}]]", option.key)});
  return false;
}

std::optional<Node> read_tree(const std::string& path, Mistakes& mistakes) {
  const std::optional<Source> source = Source::open(path, mistakes);
  return source ? read_toml(*source, mistakes) : std::nullopt;
}

Mistakes finish(Reading reading, const std::string& path) {
  sort_by_place(reading.mistakes, path);
  std::string ignored;
  const std::optional<std::string> text = read_small_file(path, ignored);
  if (!text) return std::move(reading.mistakes);
  const Source source(path, *text);
  for (Mistake& mistake : reading.mistakes) {
    if (mistake.hides_line || mistake.place.file != path) continue;
    if (reading.secret_lines.contains(mistake.place.line)) continue;
    mistake.excerpt = source.excerpt(mistake.place);
  }
  return std::move(reading.mistakes);
}

}  // namespace b2m::config
