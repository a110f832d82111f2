// SPDX-License-Identifier: MIT
#include "gateway/io/memory_spi.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

namespace b2m {
namespace {

constexpr double kClocksPerByte = 9;

std::string controller_of(const std::string& device) {
  return device.substr(0, device.find_last_of(".#"));
}

}  // namespace

class MemorySpi::Wires {
 public:
  explicit Wires(Clock& c) : clock(c) {}

  struct Line {
    Node node;
    Damage mosi, miso;
    Error error;
    int errors = 0;
    bool is_gone = false;
    SteadyDuration more{};
  };

  Clock& clock;
  std::map<std::string, Line> lines;
  std::map<std::string, SteadyTime> free_at;  // of each controller
  std::uint64_t exchanges = 0;
  SteadyDuration busy{};
};

namespace {

class MemoryBus final : public SpiBus {
 public:
  MemoryBus(std::shared_ptr<MemorySpi::Wires> wires, SpiOpening how)
      : wires_(std::move(wires)), how_(std::move(how)) {}

  Awaitable<Result<std::vector<std::uint8_t>>> exchange(std::vector<std::uint8_t> out) override {
    auto& line = wires_->lines[how_.device];
    const SteadyTime start =
        std::max(wires_->clock.now(), wires_->free_at[controller_of(how_.device)]);
    const double bytes = static_cast<double>(out.size());
    const SteadyDuration wire = from_seconds(
        bytes * (kClocksPerByte / how_.clock_hz + 1e-6 * static_cast<double>(how_.byte_gap_us)));
    wires_->free_at[controller_of(how_.device)] = start + wire + line.more;
    wires_->busy += wire;
    ++wires_->exchanges;
    if (const auto slept = co_await wires_->clock.sleep_until(start + wire + line.more); !slept)
      co_return slept.error();
    if (line.is_gone) co_return Error(Errc::disconnected, how_.device + ": gone");
    if (line.errors > 0) {
      --line.errors;
      co_return line.error;
    }
    if (line.mosi) line.mosi(out);
    std::vector<std::uint8_t> in = line.node ? line.node(out) : std::vector<std::uint8_t>();
    in.resize(out.size(), 0xFF);
    if (line.miso) line.miso(in);
    co_return in;
  }

 private:
  std::shared_ptr<MemorySpi::Wires> wires_;
  SpiOpening how_;
};

}  // namespace

MemorySpi::MemorySpi(Clock& clock) : wires_(std::make_shared<Wires>(clock)) {}
MemorySpi::~MemorySpi() = default;

void MemorySpi::attach(const std::string& device, Node node) {
  wires_->lines[device].node = std::move(node);
}

OpenSpi MemorySpi::opener() {
  return [wires = wires_](const SpiOpening& wanted) -> Result<std::unique_ptr<SpiBus>> {
    const auto line = wires->lines.find(wanted.device);
    if (line == wires->lines.end() || line->second.is_gone)
      return Error(Errc::not_found, fmt::format("no SPI device {}", wanted.device));
    return std::unique_ptr<SpiBus>(std::make_unique<MemoryBus>(wires, wanted));
  };
}

void MemorySpi::damage_mosi(const std::string& device, Damage damage) {
  wires_->lines[device].mosi = std::move(damage);
}

void MemorySpi::damage_miso(const std::string& device, Damage damage) {
  wires_->lines[device].miso = std::move(damage);
}

void MemorySpi::fail(const std::string& device, Error error, int count) {
  wires_->lines[device].error = std::move(error);
  wires_->lines[device].errors = count;
}

void MemorySpi::vanish(const std::string& device) { wires_->lines[device].is_gone = true; }
void MemorySpi::reappear(const std::string& device) { wires_->lines[device].is_gone = false; }

void MemorySpi::delay(const std::string& device, SteadyDuration more) {
  wires_->lines[device].more = more;
}

std::uint64_t MemorySpi::exchanges() const { return wires_->exchanges; }
SteadyDuration MemorySpi::busy() const { return wires_->busy; }

}  // namespace b2m
