// SPDX-License-Identifier: MIT
// One CAN frame, for everything that needs no bus: protocols, logs, decoders.
#pragma once

#include <array>
#include <cstdint>

#include "gateway/bytes.hpp"

namespace b2m {

/// One classic CAN frame. An error frame (`error`) carries the kernel's error class bits in `id`
/// and its details in `data`; it is never a data frame.
struct CanFrame {
  std::uint32_t id = 0;  // 11 or 29 bits, without flags
  bool extended = false;
  bool remote = false;
  bool error = false;
  std::uint8_t length = 0;  // 0 to 8 bytes
  std::array<std::uint8_t, 8> data{};

  [[nodiscard]] Bytes payload() const { return Bytes(data).first(length); }
  bool operator==(const CanFrame&) const = default;
};

}  // namespace b2m
