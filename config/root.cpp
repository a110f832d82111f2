// SPDX-License-Identifier: MIT
#include "config/root.hpp"

#include "config/tables.hpp"

namespace b2m::config {

namespace {

Option heading(const TableSchema& schema, bool repeats) {
  Option option;
  option.key = schema.name();
  option.help = schema.help();
  option.type = repeats ? "tables" : "table";
  option.table = &schema;
  option.repeats = repeats;
  return option;
}

std::string text_of(const Node& table, std::string_view key) {
  const Node* value = table.find(key);
  return value ? value->text : std::string();
}

}  // namespace

RootSchema::RootSchema(std::span<const AdapterKind> kinds)
    : TableSchema("", "The configuration file.") {
  add_table(&Config::gateway, gateway_schema());
  add_table(&Config::mqtt, mqtt_schema());
  add_table(&Config::homeassistant, homeassistant_schema());
  add_table(&Config::control, control_schema());
  add_table(&Config::mail, mail_schema());
  add_table(&Config::simulation, simulation_schema());
  add_list(&Config::packs, pack_schema());
  add_list(&Config::charging_profiles, charging_profile_schema());
  add_list(&Config::circuits, circuit_schema());
  add_list(&Config::chargers, charger_schema());
  for (const AdapterKind& kind : kinds) add_adapter(std::make_shared<const AdapterKind>(kind));
}

template <class S>
void RootSchema::add_table(S Config::*member, const Schema<S>& schema) {
  Field field;
  field.option = heading(schema, false);
  field.read = [member, &schema](void* config, const Node& n, const Option& o, Reading& r) {
    if (is_table(n, o, r)) static_cast<Config*>(config)->*member = schema.read(n, r);
  };
  field.show = [member, &schema](const void* config) {
    return schema.show(static_cast<const Config*>(config)->*member);
  };
  add(std::move(field));
}

template <class S>
void RootSchema::add_list(std::vector<S> Config::*member, const Schema<S>& schema) {
  Field field;
  field.option = heading(schema, true);
  field.read = [member, &schema](void* config, const Node& n, const Option& o, Reading& r) {
    if (!is_table_list(n, o, r)) return;
    for (const Node& item : n.items)
      (static_cast<Config*>(config)->*member).push_back(schema.read(item, r));
  };
  field.show = [member, &schema](const void* config) {
    Node all(Node::Kind::list);
    for (const S& item : static_cast<const Config*>(config)->*member)
      all.items.push_back(schema.show(item));
    return all;
  };
  add(std::move(field));
}

void RootSchema::add_adapter(std::shared_ptr<const AdapterKind> kind) {
  Field field;
  field.option = heading(kind->schema(), true);
  field.option.key = kind->name;
  field.read = [kind](void* config, const Node& n, const Option& o, Reading& r) {
    if (!is_table_list(n, o, r)) return;
    for (const Node& item : n.items)
      static_cast<Config*>(config)->adapters.push_back(
          {kind, text_of(item, "id"), kind->schema().parse(item, r), item.place});
  };
  field.show = [kind](const void* config) {
    Node all(Node::Kind::list);
    for (const AdapterTable& table : static_cast<const Config*>(config)->adapters) {
      if (table.kind->name == kind->name) all.items.push_back(kind->schema().dump(table.settings));
    }
    return all;
  };
  add(std::move(field));
}

Config RootSchema::read(const Node& tree, Reading& reading) const {
  Config config;
  config.file = tree.place.file;
  read_fields(&config, tree, reading);
  return config;
}

std::any RootSchema::parse(const Node& tree, Reading& reading) const { return read(tree, reading); }

Node RootSchema::dump(const std::any& config) const {
  const auto* known = std::any_cast<Config>(&config);
  return known ? show_fields(known) : Node();
}

}  // namespace b2m::config
