// SPDX-License-Identifier: MIT
// The transports behind make_spi_opener.
#pragma once

#include <map>
#include <memory>

#include "gateway/io/spi_bus.hpp"

namespace b2m {

class SpiWorker;

/// One thread for each controller: selects of one controller wait for each other anyway. They end
/// with this, after the loop: a driver that hangs must not block it.
class SpiWorkers {
 public:
  std::shared_ptr<SpiWorker> of(int controller);

 private:
  std::map<int, std::shared_ptr<SpiWorker>> workers_;
};

Result<std::unique_ptr<SpiBus>> open_spidev(Executor executor, SpiWorkers& workers,
                                            const SpiOpening& wanted);
/// `wanted.device` is "socket:PATH" or "socket:PATH#SELECT".
Result<std::unique_ptr<SpiBus>> open_spi_socket(Executor executor, Clock& clock,
                                                const SpiOpening& wanted);

}  // namespace b2m
