// SPDX-License-Identifier: MIT
// Every adapter there is: one row each.
#include "adapters/adapter.hpp"
#include "adapters/can/adapter.hpp"
#include "adapters/kasa/adapter.hpp"
#include "adapters/simulator/adapter.hpp"
#include "adapters/spi_nodes/adapter.hpp"
#include "adapters/tesla_uart/adapter.hpp"

namespace b2m {

std::vector<AdapterKind> adapter_kinds() {
  return {
      {"can", can::can_schema, can::make_can},
      {"kasa", kasa::kasa_schema, kasa::make_kasa},
      {"simulator", simulator::simulator_schema, simulator::make_simulator},
      {"spi_nodes", spi_nodes::spi_nodes_schema, spi_nodes::make_spi_nodes},
      {"tesla_uart", tesla_uart::tesla_uart_schema, tesla_uart::make_tesla_uart},
  };
}

}  // namespace b2m
