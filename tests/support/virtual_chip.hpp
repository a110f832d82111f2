// SPDX-License-Identifier: MIT
// The chip behind /dev/spidevB.C of the virtual controller (tests/kernel/vm/modules/vspi.c), played
// by a function on a thread of its own.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "gateway/bytes.hpp"

namespace b2m::test {

/// What the controller says ahead of the bytes of a transfer: struct vspi_head.
struct TransferHead {
  std::uint32_t seq, len, speed_hz, mode;
  std::uint8_t bits_per_word, first, last, cs_change;
  std::uint32_t delay_us;
};

class VirtualChip {
 public:
  /// Empty: no answer.
  using Answer = std::function<std::optional<std::vector<std::uint8_t>>(Bytes mosi)>;

  /// `device` is "/dev/vspi0.0".
  VirtualChip(const std::string& device, Answer answer);
  ~VirtualChip();
  VirtualChip(const VirtualChip&) = delete;
  VirtualChip& operator=(const VirtualChip&) = delete;

  [[nodiscard]] std::vector<TransferHead> transfers() const;

 private:
  void serve();
  bool answer_one();

  int fd_;
  Answer answer_;
  std::atomic<bool> is_stopping_ = false;
  mutable std::mutex mutex_;
  std::vector<TransferHead> transfers_;
  std::thread thread_;
};

}  // namespace b2m::test
