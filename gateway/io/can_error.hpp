// SPDX-License-Identifier: MIT
// What the kernel's CAN error frames mean (docs/protocols/can.md, "Error frames").
#pragma once

#include "gateway/io/can_bus.hpp"

namespace b2m::can_error {

// Error classes, in the id of an error frame.
inline constexpr std::uint32_t kLostArbitration = 0x002;
inline constexpr std::uint32_t kController = 0x004;
inline constexpr std::uint32_t kNoAcknowledgement = 0x020;
inline constexpr std::uint32_t kBusOff = 0x040;
inline constexpr std::uint32_t kBusError = 0x080;
inline constexpr std::uint32_t kRestarted = 0x100;
inline constexpr std::uint32_t kCounters = 0x200;
// Controller problems, in data[1].
inline constexpr std::uint8_t kRxOverflow = 0x01;
inline constexpr std::uint8_t kTxOverflow = 0x02;
inline constexpr std::uint8_t kWarning = 0x0C;
inline constexpr std::uint8_t kPassive = 0x30;
inline constexpr std::uint8_t kActive = 0x40;

/// Brings state, counters and tallies up to date with one error frame.
void note(CanStatus& status, const CanFrame& frame);

/// An error frame of these classes, as the kernel would make it.
CanFrame make(std::uint32_t classes, std::uint8_t controller_problem = 0);

}  // namespace b2m::can_error
