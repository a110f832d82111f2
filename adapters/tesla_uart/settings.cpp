// SPDX-License-Identifier: MIT
#include "adapters/tesla_uart/settings.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "adapters/tesla_uart/registers.hpp"

namespace b2m::tesla_uart {
namespace {

constexpr int kMostModules = 248;  // of a pack, over several rings
constexpr double kShortestSleepS = 2;

struct SensorName {
  int module = 0, sensor = 0;
};

std::optional<SensorName> read_sensor(std::string_view text) {
  SensorName name;
  const char* const end = text.data() + text.size();
  const auto module = std::from_chars(text.data(), end, name.module);
  if (module.ec != std::errc() || module.ptr == end || *module.ptr != '/') return std::nullopt;
  const auto sensor = std::from_chars(module.ptr + 1, end, name.sensor);
  if (sensor.ec != std::errc() || sensor.ptr != end) return std::nullopt;
  if (name.module < 1 || name.sensor < 1 || name.sensor > kSensors) return std::nullopt;
  return name;
}

config::Rule limit_range(LimitKind kind) {
  const Limit& limit = kLimitTable[static_cast<std::size_t>(kind)];
  return config::range(limit.low, limit.high);
}

const config::Schema<LimitSettings>& limit_schema() {
  using S = LimitSettings;
  using enum LimitKind;
  static const config::Schema<S> kSchema =
      config::Schema<S>("tesla_uart.limits",
                        "Thresholds written into the chips of all modules, if control.allow lists "
                        "limits; those not set stay")
          .option("cell_voltage_high_v", &S::cell_voltage_high_v,
                  "A cell above it is a fault; steps of 0.05 V", limit_range(cell_voltage_high))
          .option("cell_voltage_high_delay_ms", &S::cell_voltage_high_delay_ms,
                  "For so long; steps of 100 ms", limit_range(cell_voltage_high_delay))
          .option("cell_voltage_low_v", &S::cell_voltage_low_v,
                  "A cell below it is a fault; steps of 0.1 V", limit_range(cell_voltage_low))
          .option("cell_voltage_low_delay_ms", &S::cell_voltage_low_delay_ms,
                  "For so long; steps of 100 ms", limit_range(cell_voltage_low_delay))
          .option("temperature_high_c", &S::temperature_high_c,
                  "Either sensor above it is an alert; steps of 5 °C",
                  limit_range(temperature_high))
          .option("temperature_high_delay_ms", &S::temperature_high_delay_ms,
                  "For so long; steps of 10 ms", limit_range(temperature_high_delay));
  return kSchema;
}

void check(const TeslaSettings& s, config::Complaints& complaints) {
  if (s.bleed_timer_s < s.poll_interval_s + 1)
    complaints.about(
        "bleed_timer_s",
        fmt::format("a bleed timer of {} s runs out before the next reading", s.bleed_timer_s),
        "make it longer than poll_interval_s by at least 1 s");
  if (s.sleep_between_polls && s.poll_interval_s < kShortestSleepS)
    complaints.about("sleep_between_polls", "the modules are read too often to sleep in between",
                     "set poll_interval_s to 2 or more");
  if (s.sensor_low_c >= s.sensor_high_c)
    complaints.about("sensor_low_c", "the range of the sensors is empty",
                     "sensor_low_c must be below sensor_high_c");
  for (const std::string& text : s.ignore_sensors) {
    const auto name = read_sensor(text);
    if (name && (name->module < s.first_module || name->module >= s.first_module + s.modules))
      complaints.about(
          "ignore_sensors", fmt::format("this ring has no module {}", name->module),
          fmt::format("its modules are {} to {}", s.first_module, s.first_module + s.modules - 1));
  }
}

config::Schema<TeslaSettings> make_schema() {
  using S = TeslaSettings;
  return config::Schema<S>("tesla_uart", "A ring of Tesla Model S modules on a serial line")
      .required("id", &S::id, "Name of this ring", config::slug())
      .required("port", &S::port, "Path of the line, best as /dev/serial/by-id/...",
                config::not_empty())
      .required("modules", &S::modules, "How many modules the ring has",
                config::range(1, kMaxModules))
      .option("first_module", &S::first_module,
              "Number of its first module in the pack: where two rings form one pack, the second "
              "goes on where the first ends",
              config::range(1, kMostModules))
      .option("poll_interval_s", &S::poll_interval_s,
              "How often all modules are read; 0: as often as the ring allows",
              config::range(0, 3600))
      .option("baud", &S::baud, "Of the line", config::range(1200, 4'000'000))
      .option("read_request_crc", &S::read_request_crc,
              "Whether read requests end with a checksum; auto: without, unless nobody answers "
              "that",
              config::words_of<ReadRequestCrc>())
      .option("broadcast_conversion", &S::broadcast_conversion,
              "All modules measure at the same instant; auto: modules that do not follow are told "
              "one by one",
              config::words_of<BroadcastConversion>())
      .option("reply_timeout_ms", &S::reply_timeout_ms, "Longest wait for a reply",
              config::range(2, 1000))
      .option("bleed_settle_ms", &S::bleed_settle_ms,
              "Pause between switching the bleed resistors off and measuring",
              config::range(0, 1000))
      .option("bleed_timer_s", &S::bleed_timer_s,
              "The chip ends a bleed by itself when it hears nothing for so long",
              config::range(1, 3780))
      .option("sensor_low_c", &S::sensor_low_c, "A sensor that reads less is taken for open",
              config::range(-100, 50))
      .option("sensor_high_c", &S::sensor_high_c, "A sensor that reads more is taken for shorted",
              config::range(50, 300))
      .option("ignore_sensors", &S::ignore_sensors,
              "Sensors that are not there, as MODULE/SENSOR: [\"3/2\"]",
              config::text_that("like \"3/2\": a module and its sensor 1 or 2",
                                [](std::string_view t) { return read_sensor(t).has_value(); }))
      .option("sleep_between_polls", &S::sleep_between_polls,
              "Modules sleep between two readings; their own watch over the cells sleeps too")
      .table("limits", &S::limits, limit_schema())
      .place(&S::place)
      .check(check);
}

}  // namespace

std::array<std::optional<double>, kLimits> LimitSettings::values() const {
  return {cell_voltage_high_v,       cell_voltage_high_delay_ms, cell_voltage_low_v,
          cell_voltage_low_delay_ms, temperature_high_c,         temperature_high_delay_ms};
}

bool TeslaSettings::ignores(int module, int sensor) const {
  return std::ranges::any_of(ignore_sensors, [&](const std::string& text) {
    const auto name = read_sensor(text);
    return name && name->module == module && name->sensor == sensor;
  });
}

const config::TableSchema& tesla_uart_schema() {
  static const config::Schema<TeslaSettings> kSchema = make_schema();
  return kSchema;
}

}  // namespace b2m::tesla_uart
