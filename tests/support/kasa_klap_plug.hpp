// SPDX-License-Identifier: MIT
// A plug with KLAP that does what a test asks of it, one connection after the other. Unlike the
// peer of adapters/kasa it knows no commands: it says which text it has been sent.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/kasa/klap_protocol.hpp"
#include "gateway/io/memory_network.hpp"
#include "tests/support/running.hpp"

namespace b2m::test {

/// At "plug", port 80, for the account "user" with the password "secret".
class FakeKlapPlug {
 public:
  FakeKlapPlug(VirtualClock& clock, MemoryNetwork& network, kasa::KlapVersion version);
  ~FakeKlapPlug() { serving_.cancel(); }
  FakeKlapPlug(const FakeKlapPlug&) = delete;
  FakeKlapPlug& operator=(const FakeKlapPlug&) = delete;

  int hello_status = 200;
  int forbid = 0;  // so many requests
  int garble = 0;  // so many replies
  bool is_silent = false;
  bool closes_each = false;
  bool is_one_request_a_session = false;
  std::string timeout = "86400";
  int handshakes = 0;
  int hellos = 0;
  std::vector<std::string> executed;
  std::vector<std::string> heads;

 private:
  using Buffer = std::vector<std::uint8_t>;
  struct Reply {
    int status = 200;
    std::string header;
    Buffer body;
  };

  Awaitable<Result<>> serve();
  Awaitable<Result<>> converse(ByteStream& stream);
  std::string answer(const std::string& head, const std::string& body);
  Reply hello(const std::string& body);
  [[nodiscard]] bool has_cookie(const std::string& head) const;
  Reply welcome(const std::string& head, const std::string& body);
  Reply request(const std::string& head, const std::string& body);

  kasa::KlapKey key_;
  std::unique_ptr<Listener> listener_;
  kasa::KlapSeed local_{}, remote_{};
  std::optional<kasa::KlapSession> session_;
  Running<> serving_;
};

}  // namespace b2m::test
