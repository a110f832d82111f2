// SPDX-License-Identifier: MIT
// Every adapter there is: one row each.
#include "adapters/adapter.hpp"
#include "adapters/can/adapter.hpp"

namespace b2m {

std::vector<AdapterKind> adapter_kinds() {
  return {
      {"can", can::can_schema, can::make_can},
  };
}

}  // namespace b2m
