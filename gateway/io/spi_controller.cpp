// SPDX-License-Identifier: MIT
#include "gateway/io/spi_controller.hpp"

#include <charconv>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

namespace b2m {
namespace {

namespace fs = std::filesystem;

/// The divider ends at a fixed value, so the lowest clock depends on the core clock: 250 MHz on
/// older boards, 500 MHz on newer ones.
struct Driver {
  std::string_view name;
  int lowest_hz_slow_core;
  int lowest_hz_fast_core;
  std::string_view advice;
};
constexpr Driver kDrivers[] = {
    {"spi-bcm2835aux", 30'518, 61'036,
     "use SPI0 (/dev/spidev0.x), on a Raspberry Pi 4 SPI3 to SPI6, or a faster clock_hz where the "
     "couplers allow it"},
    {"spi-bcm2835", 3'815, 7'630, "set clock_hz = 8000"},
};

/// Below this an exchange keeps the bus for so long that a CAN chip beside it loses frames.
constexpr int kFastEnoughBesideCan = 250'000;

const Driver* known_driver(const std::string& name) {
  for (const Driver& driver : kDrivers)
    if (driver.name == name) return &driver;
  return nullptr;
}

std::string link_name(const fs::path& link) {
  std::error_code none;
  const fs::path to = fs::read_symlink(link, none);
  return none ? std::string() : to.filename().string();
}

std::string first_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

bool is_can_chip(const std::string& name) {
  return name.find("mcp251") != std::string::npos || name.find("tcan4") != std::string::npos ||
         name.find("hi311") != std::string::npos;
}

}  // namespace

std::optional<SpidevName> parse_spidev(const std::string& device) {
  std::error_code none;
  const fs::path real = fs::canonical(device, none);
  const std::string name = (none ? fs::path(device) : real).filename().string();
  constexpr std::string_view kPrefix = "spidev";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  SpidevName parsed;
  const char* const end = name.data() + name.size();
  const auto bus = std::from_chars(name.data() + kPrefix.size(), end, parsed.controller);
  if (bus.ec != std::errc() || bus.ptr == end || *bus.ptr != '.') return std::nullopt;
  const auto select = std::from_chars(bus.ptr + 1, end, parsed.select);
  if (select.ec != std::errc() || select.ptr != end) return std::nullopt;
  return parsed;
}

std::string SpiController::driver() const {
  return link_name(fs::path(sys) / "class/spi_master" / fmt::format("spi{}", number) /
                   "device/driver");
}

std::string SpiController::can_chip() const {
  std::error_code none;
  const std::string prefix = fmt::format("spi{}.", number);
  for (const auto& entry : fs::directory_iterator(fs::path(sys) / "bus/spi/devices", none)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix)) continue;
    std::string chip = link_name(entry.path() / "driver");
    if (!is_can_chip(chip)) chip = first_line(entry.path() / "modalias");
    if (!is_can_chip(chip)) continue;
    if (chip.starts_with("spi:")) chip.erase(0, 4);
    return fmt::format("{} ({})", name, chip);
  }
  return {};
}

Result<> check_clock(const SpiController& controller, const SpiOpening& wanted) {
  const Driver* driver = known_driver(controller.driver());
  if (!driver || wanted.clock_hz >= driver->lowest_hz_slow_core) return {};
  return Error(
      Errc::out_of_range,
      fmt::format(
          "{}: the controller SPI{} ({}) cannot run {} Hz: its lowest clock is {} Hz with a "
          "core clock of 250 MHz, {} Hz with 500 MHz; {}",
          wanted.device, controller.number, driver->name, wanted.clock_hz,
          driver->lowest_hz_slow_core, driver->lowest_hz_fast_core, driver->advice));
}

std::string clock_warning(const SpiController& controller, const SpiOpening& wanted) {
  const std::string chip = wanted.clock_hz < kFastEnoughBesideCan ? controller.can_chip() : "";
  if (!chip.empty())
    return fmt::format(
        "{} at {} Hz shares its controller with the CAN chip {}: each exchange blocks that chip "
        "for milliseconds and CAN frames will be lost; use another controller (SPI3 to SPI6 of a "
        "Raspberry Pi 4), or at least {} Hz",
        wanted.device, wanted.clock_hz, chip, kFastEnoughBesideCan);
  const Driver* driver = known_driver(controller.driver());
  if (driver && wanted.clock_hz < driver->lowest_hz_fast_core)
    return fmt::format(
        "{}: with a core clock of 500 MHz the controller SPI{} ({}) runs {} Hz "
        "instead of {} Hz; {}",
        wanted.device, controller.number, driver->name, driver->lowest_hz_fast_core,
        wanted.clock_hz, driver->advice);
  return {};
}

}  // namespace b2m
