// SPDX-License-Identifier: MIT
#include "config/cell_quantities.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "config/suggest.hpp"

namespace b2m::config {

namespace {

struct OtherUnit {
  const char* unit;
  const char* of;
  double factor;
};
// clang-format off
constexpr OtherUnit kOtherUnits[] = {
  {"nm", "m", 1e-9},  {"um", "m", 1e-6},    {"µm", "m", 1e-6},  {"mm", "m", 1e-3},     {"cm", "m", 1e-2},
  {"mm2", "m2", 1e-6}, {"cm2", "m2", 1e-4},  {"cm2/s", "m2/s", 1e-4}, {"cm3", "m3", 1e-6}, {"l", "m3", 1e-3},
  {"mV", "V", 1e-3},  {"mAh", "Ah", 1e-3},  {"mOhm", "Ohm", 1e-3},  {"S/cm", "S/m", 100}, {"mS/cm", "S/m", 0.1},
  {"mol/l", "mol/m3", 1000}, {"mol/L", "mol/m3", 1000}, {"mol/dm3", "mol/m3", 1000}, {"kJ/mol", "J/mol", 1000},
  {"g/cm3", "kg/m3", 1000}, {"min", "s", 60}, {"mV/K", "V/K", 1e-3}, {"%", "1", 0.01},
};
// clang-format on

std::string unit_hint(const Node& node, std::string_view unit, const QuantityRow& row) {
  const auto* const found = std::find_if(
      std::begin(kOtherUnits), std::end(kOtherUnits),
      [&](const OtherUnit& o) { return o.unit == unit && o.of == std::string_view(row.unit); });
  const Node* value = node.find("value");
  if (found == std::end(kOtherUnits) || !value ||
      !(value->is(Node::Kind::number) || value->is(Node::Kind::integer)))
    return fmt::format("convert the value and write unit = \"{}\"", row.unit);
  const double number =
      value->is(Node::Kind::integer) ? static_cast<double>(value->integer) : value->number;
  return fmt::format("write value = {:.9g}, unit = \"{}\"", number * found->factor, row.unit);
}

std::vector<std::string> names_of_tables() {
  std::vector<std::string> names = {"name", "title", "sources", "not_used"};
  for (const QuantityTable& table : quantity_tables()) names.emplace_back(table.name);
  return names;
}

std::optional<double> number_of(const Node& node) {
  if (node.is(Node::Kind::integer)) return static_cast<double>(node.integer);
  if (node.is(Node::Kind::number) && std::isfinite(node.number)) return node.number;
  return std::nullopt;
}

}  // namespace

Quantities::Quantities(const Node& tree, bool needs_sources, Mistakes& mistakes)
    : needs_sources_(needs_sources), mistakes_(mistakes), whole_(tree.place) {
  if (const Node* sources = tree.find("sources"))
    for (const Node& source : sources->items) sources_.push_back(source.key);
  for (const Node& entry : tree.items) {
    const QuantityTable* table = quantity_table(entry.key);
    if (table && entry.is(Node::Kind::table))
      read_table(entry, *table);
    else if (table)
      complain(entry.place, fmt::format("{} must be a table", entry.key),
               fmt::format("write [{}] and its quantities below", entry.key));
    else if (entry.key == "not_used")
      check_not_used(entry);
    else if (entry.key != "name" && entry.key != "title" && entry.key != "sources")
      unknown(entry, names_of_tables(), "table");
  }
  for (const QuantityTable& table : quantity_tables())
    if (!table.is_optional && !tree.find(table.name))
      complain(whole_, fmt::format("[{}] is missing", table.name), table.help);
}

bool Quantities::has_table(const std::string& table) const { return tables_.contains(table); }

double Quantities::number(const std::string& name, double otherwise) const {
  const auto found = all_.find(name);
  return found == all_.end() ? otherwise : found->second.number;
}

sim::Function Quantities::function(const std::string& name) const {
  const auto found = all_.find(name);
  return found == all_.end() ? sim::Function() : found->second.function.value_or(sim::Function());
}

std::vector<double> Quantities::list(const std::string& name) const {
  const auto found = all_.find(name);
  return found == all_.end() ? std::vector<double>() : found->second.list;
}

Place Quantities::place(const std::string& name) const {
  if (const auto found = all_.find(name); found != all_.end()) return found->second.place;
  const auto table = tables_.find(name.substr(0, name.find('.')));
  return table == tables_.end() ? whole_ : table->second;
}

void Quantities::read_table(const Node& node, const QuantityTable& table) {
  tables_[table.name] = node.place;
  std::vector<std::string> known;
  for (const QuantityRow& row : table.rows) {
    known.emplace_back(row.key);
    const std::string name = fmt::format("{}.{}", table.name, row.key);
    if (const Node* value = node.find(row.key))
      read_quantity(*value, name, row);
    else if (row.need == Need::required)
      complain(node.place, name + " is missing", row.help);
  }
  for (const Node& entry : node.items)
    if (!quantity_row(table, entry.key))
      unknown(entry, known, fmt::format("quantity of [{}]:", table.name));
}

void Quantities::read_quantity(const Node& node, const std::string& name, const QuantityRow& row) {
  if (!node.is(Node::Kind::table))
    return complain(
        node.place, fmt::format("{} must say value and unit", name),
        fmt::format("{} = {{ value = ..., unit = \"{}\", source = \"...\" }}", row.key, row.unit));
  read_value(node, name, row);
  check_unit(node, name, row);
  if (needs_sources_) check_source(node, name);
  std::vector<std::string> known = {"value", "unit", "source", "note"};
  if (row.kind == QuantityKind::function) known.insert(known.end(), {"x", "y"});
  for (const Node& entry : node.items)
    if (std::find(known.begin(), known.end(), entry.key) == known.end())
      unknown(entry, known, "key of " + name + ":");
}

void Quantities::read_value(const Node& node, const std::string& name, const QuantityRow& row) {
  Quantity quantity;
  quantity.place = node.place;
  const std::size_t before = mistakes_.size();
  const Node* value = node.find("value");
  if (row.kind == QuantityKind::function) {
    read_function(node, name, quantity);
  } else if (!value) {
    complain(node.place, name + " has no value", "value = ...");
  } else if (row.kind == QuantityKind::number) {
    read_number(*value, name, quantity);
  } else if (auto list = read_list(value, name)) {
    quantity.list = std::move(*list);
  }
  if (mistakes_.size() == before) all_[name] = std::move(quantity);
}

void Quantities::read_number(const Node& value, const std::string& name, Quantity& into) {
  if (const auto number = number_of(value)) {
    into.number = *number;
    return;
  }
  if (value.is(Node::Kind::number)) return complain(value.place, name + " is not finite");
  complain(value.place, fmt::format("{} must be a number, this is {}", name, describe(value.kind)),
           value.is(Node::Kind::text) ? "without quotes; it cannot be a formula" : "");
}

void Quantities::read_function(const Node& node, const std::string& name, Quantity& into) {
  const Node* value = node.find("value");
  if (!value || node.find("x") || node.find("y")) return read_points(node, name, into);
  if (!value->is(Node::Kind::text)) {
    read_number(*value, name, into);
    into.function = sim::Function(into.number);
    return;
  }
  Result<sim::Function> parsed = sim::Function::parse(value->text);
  if (!parsed) return complain(value->place, name + ": " + parsed.error().detail);
  into.function = std::move(*parsed);
}

void Quantities::read_points(const Node& node, const std::string& name, Quantity& into) {
  if (node.find("value"))
    return complain(node.place, name + " has a value and a table", "keep one of the two");
  if (!node.find("x") || !node.find("y"))
    return complain(node.place, name + " has no value",
                    "value = a number or \"a formula of x\", or x = [...], y = [...]");
  auto x = read_list(node.find("x"), name + ".x");
  auto y = read_list(node.find("y"), name + ".y");
  if (!x || !y) return;
  Result<sim::Function> table = sim::Function::table(std::move(*x), std::move(*y));
  if (!table) return complain(node.place, name + ": " + table.error().detail);
  into.function = std::move(*table);
}

std::optional<std::vector<double>> Quantities::read_list(const Node* node,
                                                         const std::string& name) {
  std::vector<double> list;
  if (!node->is(Node::Kind::list)) {
    const auto single = number_of(*node);
    if (single) return std::vector<double>{*single};
    complain(node->place, name + " must be a list of numbers", "[0.1, 0.2]");
    return std::nullopt;
  }
  for (const Node& item : node->items) {
    const auto number = number_of(item);
    if (!number) {
      complain(item.place, fmt::format("item {} of {} is no number", list.size() + 1, name));
      return std::nullopt;
    }
    list.push_back(*number);
  }
  return list;
}

void Quantities::check_unit(const Node& node, const std::string& name, const QuantityRow& row) {
  const Node* unit = node.find("unit");
  const std::string form = fmt::format("unit = \"{}\"", row.unit);
  if (!unit) return complain(node.place, name + " has no unit", form);
  if (!unit->is(Node::Kind::text)) return complain(unit->place, name + ": unit is a text", form);
  if (unit->text != row.unit)
    complain(unit->place,
             fmt::format("{} must be in {}, this is in \"{}\"", name, row.unit, unit->text),
             unit_hint(node, unit->text, row));
}

void Quantities::check_source(const Node& node, const std::string& name) {
  const Node* source = node.find("source");
  if (!source || !source->is(Node::Kind::text) || source->text.empty())
    return complain(
        node.place, name + " has no source",
        "source = \"where the number is from\": a paper, a data sheet, own measurement");
  if (sources_.empty()) return;
  const std::string first = source->text.substr(0, source->text.find(','));
  if (std::find(sources_.begin(), sources_.end(), first) != sources_.end()) return;
  const std::string near = nearest(first, sources_);
  complain(source->place, fmt::format("{}: \"{}\" does not stand in [sources]", name, first),
           near.empty() ? "there are " + join(sources_, "and") : "did you mean " + near + "?");
}

void Quantities::check_not_used(const Node& table) {
  for (const Node& entry : table.items) {
    const std::string name = "not_used." + entry.key;
    if (!entry.is(Node::Kind::table) || !entry.find("value") || !entry.find("unit"))
      complain(entry.place, name + " must say value and unit");
    else if (needs_sources_)
      check_source(entry, name);
  }
}

void Quantities::unknown(const Node& entry, const std::vector<std::string>& known,
                         std::string_view noun) {
  const std::string near = nearest(entry.key, known);
  complain(entry.key_place, fmt::format("unknown {} {}", noun, entry.key),
           near.empty() ? "known here: " + join(known, "and") : "did you mean " + near + "?");
}

void Quantities::complain(const Place& place, std::string what, std::string hint) {
  mistakes_.push_back({.place = place, .what = std::move(what), .hint = std::move(hint)});
}

}  // namespace b2m::config
