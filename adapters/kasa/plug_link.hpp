// SPDX-License-Identifier: MIT
// The line to one plug or strip: takes a request, gives its reply. XOR on TCP 9999 or KLAP over
// HTTP (docs/protocols/kasa.md, 1 and 3). One request is in flight at a time; the caller sees to
// that.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/io/clock.hpp"
#include "gateway/io/network.hpp"

namespace b2m::kasa {

/// May a request be sent again when its reply was lost?
enum class Repeat { never, safe };

class PlugLink {
 public:
  virtual ~PlugLink() = default;
  /// Connects first where needed. A connection that turns out dead before the first byte of the
  /// reply is opened again and the request sent again once, if that is safe. Errc::not_allowed: the
  /// plug does not accept the account, the text says what to do; Errc::malformed: the reply is not
  /// what the transport promises; else as Network::connect and ByteStream.
  virtual Awaitable<Result<std::string>> exchange(std::string request, Repeat repeat,
                                                  SteadyTime deadline) = 0;
  /// Forgets connection and session; the next exchange starts anew.
  virtual void close() = 0;
  [[nodiscard]] virtual std::string_view name() const = 0;  // "XOR", "KLAP v1", "KLAP v2"
};

struct Account {
  std::string username;
  std::string password;
};

std::unique_ptr<PlugLink> make_xor_link(Network& network, Clock& clock, Endpoint plug);
/// Tries the configured account (where there is one), the built-in ones and blank, with both hash
/// versions.
std::unique_ptr<PlugLink> make_klap_link(Network& network, Clock& clock, Endpoint plug,
                                         Account configured);

}  // namespace b2m::kasa
