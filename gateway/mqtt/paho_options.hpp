// SPDX-License-Identifier: MIT
// Our settings in Paho's words, and Paho's failures in ours.
#pragma once

#include <string>

#include <mqtt/async_client.h>

#include "gateway/mqtt/link.hpp"

namespace b2m::mqtt {

inline constexpr int kSessionTakenOver = 0x8E;  // MQTT 5, DISCONNECT

/// "tcp://host:port" or "ssl://host:port".
std::string paho_uri(const LinkSettings& settings);
::mqtt::connect_options connect_options(const LinkSettings& settings, int protocol);

bool uses_tls(const LinkSettings& settings);
struct Endpoint {
  std::string host, port;
};
Endpoint endpoint(const LinkSettings& settings);
void add_properties(::mqtt::message& message, const Outgoing& from);

struct ConnectFailure {
  std::string text;
  bool is_version = false;  // the broker does not speak this version
  bool is_refusal = false;  // trying again soon will not help: login, TLS
};
ConnectFailure explain(int code, int reason, int protocol);

}  // namespace b2m::mqtt
