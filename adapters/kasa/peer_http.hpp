// SPDX-License-Identifier: MIT
// The little HTTP of a plug: three POST addresses, one session at a time, and the faults that show
// there (docs/protocols/kasa.md, 3).
#pragma once

#include <functional>
#include <map>

#include "adapters/kasa/peer_klap.hpp"

namespace b2m::kasa::peer {

struct HttpRequest {
  std::string method, target;
  std::map<std::string, std::string> fields;  // names in lower case
  Octets body;
};

/// Takes the first whole request out of what has come in so far.
std::optional<HttpRequest> take_http(Octets& received);
Octets http_reply(int status, Bytes body, const std::string& more_fields = "");

class KlapServer {
 public:
  using Answer = std::function<std::string(std::string_view request)>;
  KlapServer(std::string username, std::string password, std::uint64_t seed)
      : username_(std::move(username)), password_(std::move(password)), random_(seed) {}

  Octets reply(const HttpRequest& request, int version, const Answer& answer);
  /// The next request gets 403.
  void lose_session() { cookie_.clear(); }
  [[nodiscard]] int handshakes() const { return handshakes_; }

 private:
  Octets first_handshake(const HttpRequest& request, int version);
  Octets second_handshake(const HttpRequest& request);
  Octets exchange(const HttpRequest& request, const Answer& answer);
  std::uint8_t random_byte();

  struct Login {
    std::string cookie;
    KlapSession session;
  };

  std::string username_, password_;
  std::uint64_t random_;
  std::vector<Login> logins_;  // begun and not proven yet
  std::string cookie_;         // of the session that stands; a new one takes its place
  std::optional<KlapSession> session_;
  int handshakes_ = 0;
};

}  // namespace b2m::kasa::peer
