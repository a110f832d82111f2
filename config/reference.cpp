// SPDX-License-Identifier: MIT
#include "config/reference.hpp"

#include <fmt/core.h>

#include "config/root.hpp"
#include "config/suggest.hpp"
#include "config/tables.hpp"

namespace b2m::config {

namespace {

using Kind = Node::Kind;

constexpr std::string_view kIntroduction =
    R"(<!-- Generated: battery2mqtt check --reference > docs/configuration.md -->
# Configuration reference

This page is generated from the program and lists every key of the configuration file.
A commented example to start from is [config/battery2mqtt.toml](../config/battery2mqtt.toml);
`battery2mqtt check -c FILE` names every mistake of a file at once.

The file is [TOML](https://toml.io). `[table]` stands once, `[[table]]` as often as needed.
A unit is part of a key's name: `_s` seconds, `_ms` milliseconds, `_min` minutes, `_h` hours, `_v` volts, `_w` watts, `_c` degrees Celsius.
A **secret** is `{ file = "PATH" }` (without its last newline; the path is seen from the configuration's
folder), `{ env = "NAME" }` or plain text; it never appears in a log, on a topic or in a dump.
)";

std::string number(const Node& n, bool hex) {
  if (n.is(Kind::number)) return fmt::format("{}", n.number);
  return hex ? fmt::format("0x{:X}", n.integer) : fmt::format("{}", n.integer);
}

/// Defaults that the rule would refuse mean that the key is not set.
std::string fallback_text(const Option& option) {  // NOLINT(misc-no-recursion): one list deep
  const Node& n = option.fallback;
  switch (n.kind) {
    case Kind::boolean:
      return n.boolean ? "true" : "false";
    case Kind::integer:
    case Kind::number: {
      const double value = n.is(Kind::integer) ? static_cast<double>(n.integer) : n.number;
      return allows(option.rule, value) ? number(n, option.rule.hex) : std::string();
    }
    case Kind::text:
      return n.text.empty() || !allows(option.rule, n.text) ? "" : "\"" + n.text + "\"";
    case Kind::list:
      return n.items.empty() ? "[]" : "a list";
    default:
      return {};
  }
}

std::string cell(const std::string& text) { return text.empty() ? "–" : text; }

std::string code(const std::string& text) { return text.empty() ? "–" : "`" + text + "`"; }

std::string row(const Option& option) {
  const std::string_view unit = unit_of(option.key);
  return fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", option.key, option.type,
                     cell(std::string(unit)),
                     option.required ? "**required**" : code(fallback_text(option)),
                     cell(describe(option.rule, {})), option.help);
}

void add_section(const TableSchema& table, const std::string& heading,  // NOLINT(misc-no-recursion)
                 const std::string& path, std::string& page) {
  page += fmt::format("\n## `{}`\n\n{}\n", heading, table.help());
  std::string rows;
  for (const Option* option : table.options()) {
    if (!option->table) rows += row(*option);
  }
  if (!rows.empty())
    page +=
        "\n| key | type | unit | default | allowed | meaning |\n|---|---|---|---|---|---|\n" + rows;
  for (const Option* option : table.options()) {
    if (!option->table) continue;
    const std::string name = path.empty() ? option->key : path + "." + option->key;
    add_section(*option->table, option->repeats ? "[[" + name + "]]" : "[" + name + "]", name,
                page);
  }
}

}  // namespace

std::string reference(std::span<const AdapterKind> kinds) {
  std::string page(kIntroduction);
  const RootSchema root(kinds);
  for (const Option* option : root.options()) {
    const std::string heading =
        option->repeats ? "[[" + option->key + "]]" : "[" + option->key + "]";
    add_section(*option->table, heading, option->key, page);
  }
  add_section(chemistry_schema(), "profiles/chemistry/NAME.toml", "", page);
  add_section(shipped_charging_schema(), "profiles/charging/NAME.toml", "", page);
  return page;
}

}  // namespace b2m::config
