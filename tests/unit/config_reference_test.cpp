// SPDX-License-Identifier: MIT
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "config/reference.hpp"
#include "config/root.hpp"
#include "config/tables.hpp"

namespace b2m::config {
namespace {

using Keys = std::set<std::string>;  // "gateway.id", "can.part.id", "cell_high_v.limit"

void collect(const TableSchema& table, const std::string& path, Keys& keys) {
  for (const Option* option : table.options()) {
    const std::string name = path.empty() ? option->key : path + "." + option->key;
    if (option->table)
      collect(*option->table, name, keys);
    else
      keys.insert(name);
  }
}

Keys keys_of_page(const std::string& page) {
  Keys keys;
  std::string table, line;
  const std::regex heading("## `\\[*([^`\\]]*)\\]*`"), row("\\| `([^`]+)` \\|.*");
  for (std::istringstream lines(page); std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, heading)) {
      table = match[1];
      if (table.find('/') != std::string::npos) table.clear();
    } else if (std::regex_match(line, match, row)) {
      keys.insert(table.empty() ? match[1].str() : table + "." + match[1].str());
    }
  }
  return keys;
}

Keys keys_of_schemas() {
  Keys keys;
  const std::vector<AdapterKind> kinds = adapter_kinds();
  collect(RootSchema(kinds), "", keys);
  collect(chemistry_schema(), "", keys);
  collect(shipped_charging_schema(), "", keys);
  return keys;
}

TEST(ConfigReference, ListsEveryKeyOfTheSchemasAndNoOther) {
  EXPECT_EQ(keys_of_page(reference(adapter_kinds())), keys_of_schemas());
}

TEST(ConfigReference, ThePageInTheDocumentationListsTheSameKeys) {
  std::ifstream file(B2M_SOURCE_DIR "/docs/configuration.md");
  std::ostringstream page;
  page << file.rdbuf();

  EXPECT_EQ(keys_of_page(page.str()), keys_of_schemas());
}

TEST(ConfigReference, ShowsUnitDefaultAndRange) {
  const std::string page = reference(adapter_kinds());

  EXPECT_NE(page.find("| `control_interval_ms` | whole number | ms | `250` | 50 to 10000 |"),
            std::string::npos);
  EXPECT_NE(page.find("| `min_interval_s` | number | s | – | 0 to 3600 |"), std::string::npos);
}

}  // namespace
}  // namespace b2m::config
