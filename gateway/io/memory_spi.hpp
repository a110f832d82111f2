// SPDX-License-Identifier: MIT
// SPI controllers in memory, with nodes on their select lines and the faults that wires have. For
// tests, benchmarks and peers that live in the same process.
#pragma once

#include <memory>
#include <string>

#include "gateway/bytes.hpp"
#include "gateway/io/spi_bus.hpp"

namespace b2m {

class MemorySpi {
 public:
  /// What a node shifts out while `mosi` is shifted in: as many bytes.
  using Node = std::function<std::vector<std::uint8_t>(Bytes mosi)>;
  /// Changes what passes on the wires.
  using Damage = std::function<void(std::vector<std::uint8_t>& bytes)>;

  /// An exchange takes its bits' time of `clock`, 9 clocks for a byte as on a Raspberry Pi; devices
  /// before the last '.' or '#' alike are one controller and wait for each other.
  explicit MemorySpi(Clock& clock);
  ~MemorySpi();

  /// A select line and the one who answers there; a line without anybody reads 0xFF.
  void attach(const std::string& device, Node node);
  /// Opening any other device fails with Errc::not_found.
  OpenSpi opener();

  void damage_mosi(const std::string& device, Damage damage);  // {}: none
  void damage_miso(const std::string& device, Damage damage);
  /// The next `count` exchanges end with this error instead.
  void fail(const std::string& device, Error error, int count = 1);
  /// Pulls the device out: Errc::disconnected; opening fails until reappear().
  void vanish(const std::string& device);
  void reappear(const std::string& device);
  /// Every exchange on the line takes so much longer.
  void delay(const std::string& device, SteadyDuration more);

  [[nodiscard]] std::uint64_t exchanges() const;
  /// Time that bits were on the wires.
  [[nodiscard]] SteadyDuration busy() const;

  class Wires;

 private:
  std::shared_ptr<Wires> wires_;
};

}  // namespace b2m
