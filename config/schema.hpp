// SPDX-License-Identifier: MIT
// One description per key of a TOML table; parsing, checking, the reference in the documentation
// and the dump without secrets all come from it. Usage: adapters/README.md.
#pragma once

#include <any>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/node.hpp"
#include "config/rules.hpp"
#include "config/values.hpp"

namespace b2m::config {

class TableSchema;

/// One key of a table, as the documentation shows it.
struct Option {
  std::string key;
  std::string help;
  std::string type;  // "whole number"
  Rule rule;         // what values are allowed
  Node fallback;     // the default; none: not set
  bool required = false;
  bool secret = false;
  const TableSchema* table = nullptr;  // of a sub-table or of a list of them
  bool repeats = false;                // [[key]] instead of [key]
};

/// What is known while a file is read, and every mistake so far.
struct Reading {
  Mistakes mistakes;
  std::vector<const TableSchema*> tables;  // of this file: for hints where a key belongs
  std::set<int> secret_lines;
};

/// Takes the complaints about one table.
class Complaints {
 public:
  Complaints(Reading& reading, const Node& table) : reading_(reading), table_(table) {}
  /// About the value of `key`, or about the table when the key is not there.
  void about(std::string_view key, std::string what, std::string hint = {});
  void here(std::string what, std::string hint = {});
  /// Written as [], which no rule about its items sees.
  [[nodiscard]] bool is_empty_list(std::string_view key) const {
    const Node* value = table_.find(key);
    return value && value->is(Node::Kind::list) && value->items.empty();
  }

 private:
  Reading& reading_;
  const Node& table_;
};

/// The part of a schema that does not know the struct.
class TableSchema {
 public:
  virtual ~TableSchema() = default;
  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] std::string_view help() const { return help_; }
  [[nodiscard]] std::vector<const Option*> options() const;
  [[nodiscard]] const Option* find(std::string_view key) const;

  /// The struct of the schema; where something is wrong its default stands, and the mistake is in
  /// `reading`.
  [[nodiscard]] virtual std::any parse(const Node& table, Reading& reading) const = 0;
  /// Everything but secrets, with the defaults.
  [[nodiscard]] virtual Node dump(const std::any& settings) const = 0;

 protected:
  struct Field {
    Option option;
    std::function<void(void*, const Node&, const Option&, Reading&)> read;
    std::function<Node(const void*)> show;
  };

  TableSchema(std::string_view name, std::string_view help) : name_(name), help_(help) {}
  void read_fields(void* settings, const Node& table, Reading& reading) const;
  [[nodiscard]] Node show_fields(const void* settings) const;
  void add(Field field) { fields_.push_back(std::move(field)); }

 private:
  void unknown_key(const Node& entry, Reading& reading) const;

  std::string name_;
  std::string help_;
  std::vector<Field> fields_;
};

/// False, with a complaint, when `node` is no table (or no list of tables).
bool is_table(const Node& node, const Option& option, Reading& reading);
bool is_table_list(const Node& node, const Option& option, Reading& reading);

template <class T>
class Schema final : public TableSchema {
 public:
  using Check = std::function<void(const T&, Complaints&)>;

  Schema(std::string_view name, std::string_view help) : TableSchema(name, help) {}

  /// Members of T, or of a struct that it is made from.
  template <class M, class Of>
  Schema& required(std::string_view key, M Of::*member, std::string_view help, Rule rule = {}) {
    return value(key, member, help, std::move(rule), true);
  }
  template <class M, class Of>
  Schema& option(std::string_view key, M Of::*member, std::string_view help, Rule rule = {}) {
    return value(key, member, help, std::move(rule), false);
  }
  /// A sub-table: [name.key]
  template <class S>
  Schema& table(std::string_view key, S T::*member, const Schema<S>& schema) {
    return sub_table(
        key, schema, false,
        [member, &schema](T& t, const Node& n, Reading& r) { t.*member = schema.read(n, r); },
        [member, &schema](const T& t) { return schema.show(t.*member); });
  }
  template <class S>
  Schema& table(std::string_view key, std::optional<S> T::*member, const Schema<S>& schema) {
    return sub_table(
        key, schema, false,
        [member, &schema](T& t, const Node& n, Reading& r) { t.*member = schema.read(n, r); },
        [member, &schema](const T& t) { return t.*member ? schema.show(*(t.*member)) : Node(); });
  }
  /// Any number of sub-tables: [[name.key]]
  template <class S>
  Schema& list(std::string_view key, std::vector<S> T::*member, const Schema<S>& schema) {
    return sub_table(
        key, schema, true,
        [member, &schema](T& t, const Node& n, Reading& r) {
          for (const Node& item : n.items) (t.*member).push_back(schema.read(item, r));
        },
        [member, &schema](const T& t) {
          Node all(Node::Kind::list);
          for (const S& s : t.*member) all.items.push_back(schema.show(s));
          return all;
        });
  }
  /// Where the table stands is kept there.
  Schema& place(Place T::*member) {
    keep_place_ = [member](T& t, const Place& place) { t.*member = place; };
    return *this;
  }
  /// True once the table has been read; a default struct without it is shown as null.
  Schema& present(bool T::*member) {
    present_ = member;
    return *this;
  }
  /// For what concerns several keys; also runs when single keys are wrong.
  Schema& check(Check check) {
    checks_.push_back(std::move(check));
    return *this;
  }

  [[nodiscard]] T read(const Node& table, Reading& reading) const {
    T settings{};
    read_fields(&settings, table, reading);
    if (keep_place_) keep_place_(settings, table.place);
    if (present_) settings.*present_ = true;
    Complaints complaints(reading, table);
    for (const Check& check : checks_) check(settings, complaints);
    return settings;
  }
  [[nodiscard]] Node show(const T& settings) const {
    return present_ && !(settings.*present_) ? Node() : show_fields(&settings);
  }

  [[nodiscard]] std::any parse(const Node& table, Reading& reading) const override {
    return read(table, reading);
  }
  [[nodiscard]] Node dump(const std::any& settings) const override {
    const T* known = std::any_cast<T>(&settings);
    return known ? show(*known) : Node();
  }

 private:
  template <class M, class Of>
  Schema& value(std::string_view key, M Of::*member, std::string_view help, Rule rule,
                bool required) {
    Field field;
    const T defaults{};
    field.option = {std::string(key),
                    std::string(help),
                    std::string(type_name(defaults.*member)),
                    std::move(rule),
                    show_value(defaults.*member),
                    required,
                    is_secret(defaults.*member)};
    field.read = [member](void* t, const Node& n, const Option& o, Reading& r) {
      Problem problem;
      if (read_value(n, o.key, o.rule, static_cast<T*>(t)->*member, problem)) {
        if (problem.what.empty()) return;
      }
      r.mistakes.push_back(mistake(problem, n, o.secret));
    };
    field.show = [member](const void* t) { return show_value(static_cast<const T*>(t)->*member); };
    add(std::move(field));
    return *this;
  }

  template <class S, class Read, class Show>
  Schema& sub_table(std::string_view key, const Schema<S>& schema, bool repeats, Read read,
                    Show show) {
    Field field;
    field.option.key = key;
    field.option.help = schema.help();
    field.option.type = repeats ? "tables" : "table";
    field.option.table = &schema;
    field.option.repeats = repeats;
    field.read = [read, repeats](void* t, const Node& n, const Option& o, Reading& r) {
      if (repeats ? is_table_list(n, o, r) : is_table(n, o, r)) read(*static_cast<T*>(t), n, r);
    };
    field.show = [show](const void* t) { return show(*static_cast<const T*>(t)); };
    add(std::move(field));
    return *this;
  }

  // No pointer to member: g++ 12 at -O2 takes one for an access out of bounds where T has no Place.
  std::function<void(T&, const Place&)> keep_place_;
  bool T::*present_ = nullptr;
  std::vector<Check> checks_;
};

/// The value of a file, or what is wrong with it. `mistakes` may hold warnings beside a value.
template <class T>
struct FileRead {
  std::optional<T> value;
  Mistakes mistakes;
};

/// Reads the file's tree; nothing, with the mistake, when it is no TOML.
std::optional<Node> read_tree(const std::string& path, Mistakes& mistakes);
/// Sorts and adds the excerpts.
Mistakes finish(Reading reading, const std::string& path);

/// A file of one table: a profile, a chemistry.
template <class T>
FileRead<T> read_file(const Schema<T>& schema, const std::string& path) {
  Reading reading;
  reading.tables = {&schema};
  const std::optional<Node> tree = read_tree(path, reading.mistakes);
  if (!tree) return {std::nullopt, finish(std::move(reading), path)};
  T value = schema.read(*tree, reading);
  FileRead<T> result{std::nullopt, finish(std::move(reading), path)};
  if (!has_errors(result.mistakes)) result.value = std::move(value);
  return result;
}

}  // namespace b2m::config
