// SPDX-License-Identifier: MIT
// Which transport a device's name asks for.
#include <fmt/format.h>

#include "gateway/io/spi_socket.hpp"
#include "gateway/io/spi_transports.hpp"

namespace b2m {
namespace {

Result<> check(const SpiOpening& wanted) {
  const auto refuse = [&](std::string_view what, int value) {
    return Error(Errc::out_of_range, fmt::format("{}: {} {}", wanted.device, what, value));
  };
  if (wanted.mode < 0 || wanted.mode > 3) return refuse("there is no SPI mode", wanted.mode);
  if (wanted.clock_hz <= 0) return refuse("the clock cannot be", wanted.clock_hz);
  if (wanted.byte_gap_us < 0 || wanted.byte_gap_us > 0xFFFF)
    return refuse("the gap between bytes can be 0 to 65535 us, not", wanted.byte_gap_us);
  return {};
}

}  // namespace

OpenSpi make_spi_opener(Executor executor, Clock& clock) {
  return [executor = std::move(executor), &clock, workers = std::make_shared<SpiWorkers>()](
             const SpiOpening& wanted) -> Result<std::unique_ptr<SpiBus>> {
    if (const Result<> possible = check(wanted); !possible) return possible.error();
    if (wanted.device.starts_with(kSpiSocket)) return open_spi_socket(executor, clock, wanted);
    return open_spidev(executor, *workers, wanted);
  };
}

}  // namespace b2m
