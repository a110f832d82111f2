// SPDX-License-Identifier: MIT
// Every adapter there is: one row each.
#include "adapters/adapter.hpp"
#include "adapters/can/adapter.hpp"
#include "adapters/kasa/adapter.hpp"

namespace b2m {

std::vector<AdapterKind> adapter_kinds() {
  return {
      {"can", can::can_schema, can::make_can},
      {"kasa", kasa::kasa_schema, kasa::make_kasa},
  };
}

}  // namespace b2m
