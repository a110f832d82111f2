// SPDX-License-Identifier: MIT
// Finding plugs by UDP: probes for the old port 9999 and the newer 20002, and what comes back
// (docs/protocols/kasa.md, 1.3 and 2). Pure: bytes and structs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/bytes.hpp"
#include "gateway/result.hpp"

namespace b2m::kasa {

inline constexpr std::uint16_t kXorPort = 9999;
inline constexpr std::uint16_t kTdpPort = 20002;

enum class Transport { xor_tcp, klap, secure_passthrough, tpap, unknown };
inline constexpr std::string_view kTransports[] = {"XOR", "KLAP", "AES securePassthrough", "TPAP",
                                                   "unknown"};
enum class Family { iot, smart };

/// One device that answered a probe.
struct Found {
  std::string address;     // where the answer came from
  std::uint16_t port = 0;  // for the transport
  Transport transport = Transport::unknown;
  Family family = Family::iot;
  std::string mac;        // "AA:BB:CC:DD:EE:FF", upper case
  std::string device_id;  // of sysinfo (40 hex digits), or the hash of a TDP reply
  std::string model;      // "KP115(EU)"
  std::string alias;      // empty: known only after a login
  std::string owner;      // MD5 of the account, upper case; TDP only
  std::optional<bool> has_meter;
  struct Socket {
    std::string id;  // full child id
    std::string alias;
  };
  std::vector<Socket> sockets;  // of a strip
  std::string trouble;          // why it cannot be used, in words; empty: it can
};

/// The probe for UDP 9999.
std::vector<std::uint8_t> xor_probe();
/// Errc::malformed for anything that is no plug's answer; Errc::not_supported for a device that is
/// no plug (camera, bulb, dimmer).
Result<Found> parse_xor_answer(Bytes datagram, const std::string& from);

/// The probe for UDP 20002 with an RSA key of its own, which wakes the newest firmware.
std::vector<std::uint8_t> tdp_probe(std::uint32_t serial, const std::string& public_key_pem);
std::string make_public_key_pem();
Result<Found> parse_tdp_answer(Bytes datagram, const std::string& from);

/// "aa-bb-cc-dd-ee-ff", "AABBCCDDEEFF" -> "AA:BB:CC:DD:EE:FF"; empty for anything else.
std::string normal_mac(std::string_view text);
/// Letter case and spaces at the ends or doubled do not matter in names.
std::string normal_alias(std::string_view text);

}  // namespace b2m::kasa
