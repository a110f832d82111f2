// SPDX-License-Identifier: MIT
// The quantities that a file of cell parameters may give: one list for reading, messages and
// documentation.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace b2m::config {

enum class QuantityKind { number, function, list };
enum class Need { required, optional, instead };  // instead: of another one, see its help

struct QuantityRow {
  const char* key;
  const char* unit;
  QuantityKind kind;
  Need need;
  const char* help;
};

struct QuantityTable {
  const char* name;
  const char* help;
  std::span<const QuantityRow> rows;
  bool is_optional = false;
};

std::span<const QuantityTable> quantity_tables();
/// Null where there is none.
const QuantityTable* quantity_table(std::string_view name);
const QuantityRow* quantity_row(const QuantityTable& table, std::string_view key);

}  // namespace b2m::config
