// SPDX-License-Identifier: MIT
// What the six bytes of a reply and the four arguments of a request mean.
#include <cmath>

#include <fmt/format.h>

#include "adapters/spi_nodes/v2.hpp"

namespace b2m::spi_nodes {
namespace {

constexpr std::uint16_t kNoSensor = 0x8000;

std::uint16_t u16_at(const V2Payload& p, std::size_t at) { return u16le(Bytes(p).subspan(at)); }

void put(V2Payload& p, std::size_t at, int value) {
  p[at] = static_cast<std::uint8_t>(value);
  p[at + 1] = static_cast<std::uint8_t>(value >> 8);
}

V2Request request_of(V2Command command) {
  V2Request request;
  request.command = command;
  return request;
}

}  // namespace

V2Read read_payload(const V2Payload& p) {
  V2Read read;
  read.voltage_mv = u16_at(p, 0);
  if (const std::uint16_t raw = u16_at(p, 2); raw != kNoSensor)
    read.temperature = Celsius(static_cast<std::int16_t>(raw) / 10.0);
  read.duty = p[4];
  read.flags = p[5];
  return read;
}

V2Stats stats_payload(const V2Payload& p) { return {u16_at(p, 0), u16_at(p, 2), u16_at(p, 4)}; }
V2Raw raw_payload(const V2Payload& p) { return {u16_at(p, 0), u16_at(p, 2), u16_at(p, 4)}; }
V2Bleed bleed_payload(const V2Payload& p) { return {p[0], u16_at(p, 1), p[3], u16_at(p, 4)}; }
V2Identity identity_payload(const V2Payload& p) { return {p[0], p[1], p[2], p[3], p[4], p[5]}; }
V2Limits limits_payload(const V2Payload& p) { return {u16_at(p, 0), u16_at(p, 2)}; }

V2Payload to_payload(const V2Read& read) {
  V2Payload p{};
  put(p, 0, read.voltage_mv);
  put(p, 2,
      read.temperature ? static_cast<int>(std::lround(read.temperature->value * 10)) : kNoSensor);
  p[4] = read.duty;
  p[5] = read.flags;
  return p;
}

V2Payload to_payload(const V2Stats& stats) {
  V2Payload p{};
  put(p, 0, stats.lowest_mv);
  put(p, 2, stats.highest_mv);
  put(p, 4, stats.samples);
  return p;
}

V2Payload to_payload(const V2Raw& raw) {
  V2Payload p{};
  put(p, 0, raw.adc);
  put(p, 2, raw.supply_mv);
  put(p, 4, raw.reference_mv);
  return p;
}

V2Payload to_payload(const V2Bleed& bleed) {
  V2Payload p{};
  p[0] = bleed.duty;
  put(p, 1, bleed.left_s);
  p[3] = bleed.reason;
  put(p, 4, bleed.voltage_mv);
  return p;
}

V2Payload to_payload(const V2Identity& i) {
  return {i.type, i.hardware, i.major, i.minor, i.capabilities, i.cells};
}

V2Payload to_payload(const V2Limits& limits) {
  V2Payload p{};
  put(p, 0, limits.bleed_floor_mv);
  put(p, 2, limits.cell_maximum_mv);
  return p;
}

std::string inhibit_reason(std::uint8_t reason) {
  constexpr std::string_view kReasons[] = {"no reason given", "its timeout is over",
                                           "it is too hot", "the cell is below the bleed floor",
                                           "it has not heard from the gateway"};
  if (reason < std::size(kReasons)) return std::string(kReasons[reason]);
  return fmt::format("reason {}", reason);
}

std::string to_string(V2Status status) {
  switch (status) {
    case V2Status::ok:
      return "ok";
    case V2Status::request_damaged:
      return "request damaged";
    case V2Status::unknown_command:
      return "unknown command";
    case V2Status::bad_argument:
      return "bad argument";
    case V2Status::busy:
      return "busy";
    case V2Status::inhibited:
      return "inhibited";
    case V2Status::no_measurement:
      return "no measurement yet";
    case V2Status::restarted:
      return "restarted";
    case V2Status::no_request:
      return "no request so far";
  }
  return fmt::format("status {}", static_cast<int>(status));
}

std::string_view to_string(V2Fault fault) {
  constexpr std::string_view kWords[] = {"none",     "too short", "all zero", "all one", "echo",
                                         "inverted", "slip",      "start",    "checksum"};
  return kWords[static_cast<std::size_t>(fault)];
}

V2Request bleed_request(std::uint8_t duty, std::uint16_t timeout_s, std::int8_t most_celsius) {
  V2Request request = request_of(V2Command::set_bleed);
  request.arguments = {duty, static_cast<std::uint8_t>(timeout_s),
                       static_cast<std::uint8_t>(timeout_s >> 8),
                       static_cast<std::uint8_t>(most_celsius)};
  return request;
}

V2Request limits_request(const V2Limits& limits) {
  V2Request request = request_of(V2Command::set_limits);
  request.arguments = {static_cast<std::uint8_t>(limits.bleed_floor_mv),
                       static_cast<std::uint8_t>(limits.bleed_floor_mv >> 8),
                       static_cast<std::uint8_t>(limits.cell_maximum_mv),
                       static_cast<std::uint8_t>(limits.cell_maximum_mv >> 8)};
  return request;
}

V2Request locate_request(std::uint8_t seconds) { return plain_request(V2Command::locate, seconds); }

V2Request plain_request(V2Command command, std::uint8_t argument) {
  V2Request request = request_of(command);
  request.arguments[0] = argument;
  return request;
}

}  // namespace b2m::spi_nodes
