// SPDX-License-Identifier: MIT
// Node protocol v2: requests and replies as bytes, both ends of it.
// Facts: docs/protocols/spi-cell-nodes.md, "Protocol v2".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/bytes.hpp"
#include "gateway/units.hpp"

namespace b2m::spi_nodes {

/// One select phase, both directions.
inline constexpr std::size_t kV2Bytes = 15;
using V2Frame = std::array<std::uint8_t, kV2Bytes>;
using V2Payload = std::array<std::uint8_t, 6>;

inline constexpr std::uint8_t kV2RequestStart = 0xA6;  // never 0x01
inline constexpr std::uint8_t kV2ReplyStart = 0x5A;
inline constexpr std::uint8_t kV2Version = 2;
inline constexpr std::uint8_t kWhoeverIsSelected = 0x00;
inline constexpr std::uint8_t kFirstAddress = 0x01;
inline constexpr std::uint8_t kLastAddress = 0x3E;
inline constexpr std::uint8_t kAllNodes = 0x3F;

enum class V2Command : std::uint8_t {
  nop = 0x00,
  read = 0x10,
  read_stats = 0x11,
  read_raw = 0x12,
  set_bleed = 0x20,
  set_limits = 0x21,
  identify = 0x30,
  locate = 0x31,
  serial = 0x32,
  set_address = 0x40,
  calibrate = 0x41,
  restart = 0x42,
  echo = 0x7E,
};

enum class V2Status : std::uint8_t {
  ok = 0,
  request_damaged = 1,
  unknown_command = 2,
  bad_argument = 3,
  busy = 4,
  inhibited = 5,
  no_measurement = 6,
  restarted = 7,
  no_request = 15,
};
/// "inhibited"; of a nibble without meaning: "status 9".
std::string to_string(V2Status status);

namespace v2_flag {
inline constexpr std::uint8_t kBleeding = 0x01, kOverTemperature = 0x02, kOverVoltage = 0x04,
                              kUnderVoltage = 0x08, kReferenceSuspect = 0x10,
                              kWatchdogRestart = 0x20, kValid = 0x80;
}
namespace v2_capability {
inline constexpr std::uint8_t kTemperature = 0x01, kBleed = 0x02, kPwmBleed = 0x04,
                              kCalibration = 0x08, kSerial = 0x10;
}

struct V2Request {
  std::uint8_t address = kWhoeverIsSelected;
  std::uint8_t sequence = 0;  // 0 to 15
  V2Command command = V2Command::nop;
  std::array<std::uint8_t, 4> arguments{};
  bool operator==(const V2Request&) const = default;
};

struct V2Reply {
  std::uint8_t legacy_high = 0;  // byte 0, for old masters; no checksum covers it
  std::uint8_t address = 0;
  std::uint8_t sequence = 0;
  V2Status status = V2Status::ok;
  V2Command command = V2Command::nop;
  V2Payload payload{};
  bool operator==(const V2Reply&) const = default;
};

/// CRC-32/MPEG-2: polynomial 0x04C11DB7, start all ones, most significant bit first, as on the
/// wire.
std::uint32_t crc32(Bytes bytes);

V2Frame encode(const V2Request& request);
V2Frame encode(const V2Reply& reply);

enum class V2Fault {
  none,
  too_short,
  all_zero,  // MISO stuck low
  all_one,   // MISO stuck high or open, or nobody answered
  echo,      // the request itself: MOSI and MISO are connected
  inverted,  // right, but for the polarity of MISO
  slip,      // the reply begins some bits early or late: a clock edge lost or added
  start,     // no reply of this protocol
  checksum,
};
std::string_view to_string(V2Fault fault);

struct V2Parsed {
  V2Fault fault = V2Fault::none;
  V2Reply reply{};  // only without a fault
};
/// `mosi`: what was sent meanwhile.
V2Parsed parse_reply(Bytes miso, Bytes mosi);
/// What a node believes; empty: it is damaged or no request.
std::optional<V2Request> parse_request(Bytes mosi);

// ---- payloads

struct V2Read {
  std::uint16_t voltage_mv = 0;
  std::optional<Celsius> temperature;
  std::uint8_t duty = 0;
  std::uint8_t flags = 0;
  [[nodiscard]] bool is_valid() const { return (flags & v2_flag::kValid) != 0; }
};
struct V2Stats {
  std::uint16_t lowest_mv = 0, highest_mv = 0, samples = 0;
};
struct V2Raw {
  std::uint16_t adc = 0, supply_mv = 0, reference_mv = 0;
};
struct V2Bleed {
  std::uint8_t duty = 0;  // in force
  std::uint16_t left_s = 0;
  std::uint8_t reason = 0;  // why not
  std::uint16_t voltage_mv = 0;
};
struct V2Identity {
  std::uint8_t type = 0, hardware = 0, major = 0, minor = 0, capabilities = 0, cells = 0;
  bool operator==(const V2Identity&) const = default;
};
struct V2Limits {
  std::uint16_t bleed_floor_mv = 0, cell_maximum_mv = 0;
  bool operator==(const V2Limits&) const = default;
};

V2Read read_payload(const V2Payload& payload);
V2Stats stats_payload(const V2Payload& payload);
V2Raw raw_payload(const V2Payload& payload);
V2Bleed bleed_payload(const V2Payload& payload);
V2Identity identity_payload(const V2Payload& payload);
V2Limits limits_payload(const V2Payload& payload);
V2Payload to_payload(const V2Read& read);
V2Payload to_payload(const V2Stats& stats);
V2Payload to_payload(const V2Raw& raw);
V2Payload to_payload(const V2Bleed& bleed);
V2Payload to_payload(const V2Identity& identity);
V2Payload to_payload(const V2Limits& limits);
/// "timeout over"; why a node does not bleed.
std::string inhibit_reason(std::uint8_t reason);

// ---- requests; address and sequence are the link's

V2Request bleed_request(std::uint8_t duty, std::uint16_t timeout_s, std::int8_t most_celsius);
V2Request limits_request(const V2Limits& limits);
V2Request locate_request(std::uint8_t seconds);
V2Request plain_request(V2Command command, std::uint8_t argument = 0);

}  // namespace b2m::spi_nodes
