// SPDX-License-Identifier: MIT
// The registers of a simulated monitor chip, its checksum and how quantities become raw numbers:
// docs/protocols/tesla-uart.md A2, A4 and A5, written a second time and sharing nothing with the
// gateway's side, so that a mistake there shows.
#pragma once

#include <array>
#include <cstdint>

#include "gateway/bytes.hpp"
#include "gateway/units.hpp"

namespace b2m::tesla_uart::peer {

inline constexpr std::size_t kCells = 6;
inline constexpr std::size_t kSensors = 2;
inline constexpr std::size_t kRegisters = 0x50;
inline constexpr std::uint8_t kBroadcast = 0x3F;
inline constexpr std::uint8_t kMarker = 0x80;  // in byte 0 of what a board without address repeats

namespace reg {
inline constexpr std::uint8_t kStatus = 0x00, kModule = 0x01, kCell = 0x03, kSensor = 0x0F;
inline constexpr std::uint8_t kAlert = 0x20, kFault = 0x21, kOver = 0x22, kUnder = 0x23;
inline constexpr std::uint8_t kAdcControl = 0x30, kIoControl = 0x31, kBleed = 0x32;
inline constexpr std::uint8_t kBleedTime = 0x33, kConvert = 0x34, kUnlock = 0x3A;
inline constexpr std::uint8_t kAddress = 0x3B, kReset = 0x3C, kTest = 0x3D, kProgram = 0x3F;
inline constexpr std::uint8_t kThresholds = 0x40;  // and 15 more behind the lock
inline constexpr std::uint8_t kFunction = 0x40, kOverLimit = 0x42, kOverDelay = 0x43;
inline constexpr std::uint8_t kUnderLimit = 0x44, kUnderDelay = 0x45, kHotLimit = 0x46;
inline constexpr std::uint8_t kHotDelay = 0x47;
}  // namespace reg

inline constexpr std::uint8_t kUnlockKey = 0x35, kResetKey = 0xA5;

/// Over all bytes of a frame before its last; bit 7 of the first one counts as 0.
std::uint8_t checksum(Bytes bytes);

std::uint16_t raw_cell(Volts voltage);
std::uint16_t raw_module(Volts voltage);
/// `sensor` 0 or 1: they are wired differently.
std::uint16_t raw_sensor(std::size_t sensor, Celsius temperature);

}  // namespace b2m::tesla_uart::peer
