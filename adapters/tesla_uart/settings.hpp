// SPDX-License-Identifier: MIT
// What [[tesla_uart]] of the configuration says, as plain structs. The defaults stand here and
// nowhere else.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "adapters/tesla_uart/chip_limits.hpp"
#include "config/schema.hpp"

namespace b2m::tesla_uart {

/// Whether read requests end with a checksum.
enum class ReadRequestCrc { automatic, always, never };
/// Whether all modules are told to measure by one request.
enum class BroadcastConversion { automatic, never };

/// [tesla_uart.limits]: thresholds for the chips of all modules; those not set stay as they are.
struct LimitSettings {
  std::optional<double> cell_voltage_high_v, cell_voltage_low_v, temperature_high_c;
  std::optional<int> cell_voltage_high_delay_ms, cell_voltage_low_delay_ms,
      temperature_high_delay_ms;

  /// In order of LimitKind.
  [[nodiscard]] std::array<std::optional<double>, kLimits> values() const;
};

struct TeslaSettings {
  std::string id;
  std::string port;
  int modules = 0;
  int first_module = 1;
  double poll_interval_s = 0.5;
  int baud = 612'500;
  ReadRequestCrc read_request_crc = ReadRequestCrc::automatic;
  BroadcastConversion broadcast_conversion = BroadcastConversion::automatic;
  int reply_timeout_ms = 20;
  int bleed_settle_ms = 50;
  double bleed_timer_s = 10;
  double sensor_low_c = -40, sensor_high_c = 120;
  std::vector<std::string> ignore_sensors;  // "3/2": sensor 2 of module 3
  bool sleep_between_polls = false;
  std::optional<LimitSettings> limits;
  config::Place place;

  [[nodiscard]] bool ignores(int module, int sensor) const;  // both from 1
};

const config::TableSchema& tesla_uart_schema();

}  // namespace b2m::tesla_uart

template <>
struct b2m::config::WordsOf<b2m::tesla_uart::ReadRequestCrc> {
  static constexpr std::string_view kWords[] = {"auto", "always", "never"};
};
template <>
struct b2m::config::WordsOf<b2m::tesla_uart::BroadcastConversion> {
  static constexpr std::string_view kWords[] = {"auto", "never"};
};
