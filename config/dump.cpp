// SPDX-License-Identifier: MIT
#include "config/dump.hpp"

#include <algorithm>
#include <vector>

#include "config/root.hpp"

namespace b2m::config {

std::string dump_redacted(const Config& config) {
  std::vector<AdapterKind> kinds;
  for (const AdapterTable& table : config.adapters) {
    const bool known = std::any_of(kinds.begin(), kinds.end(), [&table](const AdapterKind& kind) {
      return kind.name == table.kind->name;
    });
    if (!known) kinds.push_back(*table.kind);
  }
  return to_json(RootSchema(kinds).dump(config));
}

}  // namespace b2m::config
