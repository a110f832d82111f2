// SPDX-License-Identifier: MIT
// The links and the discovery against the simulated plug, whose ciphers were written apart.
#include <gtest/gtest.h>

#include "adapters/kasa/discovery.hpp"
#include "adapters/kasa/peer.hpp"
#include "adapters/kasa/plug_link.hpp"
#include "gateway/io/memory_network.hpp"
#include "tests/support/running.hpp"

namespace b2m::kasa {
namespace {

using namespace std::chrono_literals;

constexpr auto kHost = "127.0.0.1";
constexpr auto kAsk = R"({"system":{"get_sysinfo":{}}})";

class KasaLinkToPeer : public testing::TestWithParam<PeerTransport> {
 protected:
  static PlugPeerSettings settings() {
    PlugPeerSettings s;
    s.transport = GetParam();
    s.username = "user@example.com";
    s.password = "great_password";
    if (s.transport != PeerTransport::xor_tcp) s.tdp_port = kTdpPort;
    return s;
  }
  std::unique_ptr<PlugLink> link(const std::string& password) {
    const Endpoint plug{kHost, peer_.port()};
    if (GetParam() == PeerTransport::xor_tcp) return make_xor_link(network_, clock_, plug);
    return make_klap_link(network_, clock_, plug, {"user@example.com", password});
  }
  Result<std::string> ask(PlugLink& link) {
    test::Running<std::string> exchange(clock_,
                                        link.exchange(kAsk, Repeat::safe, clock_.now() + 5s));
    for (int i = 0; i < 60 && !exchange.is_done(); ++i) clock_.advance(100ms);
    return exchange.join();
  }

  test::VirtualClock clock_;
  MemoryNetwork network_{clock_.executor(), clock_};
  PlugPeer peer_{clock_.executor(), network_, clock_, settings()};
};

TEST_P(KasaLinkToPeer, Understand) {
  ASSERT_TRUE(peer_.open());
  const auto to_plug = link("great_password");
  for (int i = 0; i < 2; ++i) {
    const auto reply = ask(*to_plug);
    ASSERT_TRUE(reply) << reply.error().text();
    EXPECT_NE(reply->find("get_sysinfo"), std::string::npos) << *reply;
  }
  EXPECT_EQ(peer_.connections(), 1);
  const std::string_view names[] = {"XOR", "KLAP v1", "KLAP v2"};
  EXPECT_EQ(to_plug->name(), names[static_cast<int>(GetParam())]);
}

TEST_P(KasaLinkToPeer, AForeignAccountIsNotAllowed) {
  if (GetParam() == PeerTransport::xor_tcp) return;  // knows no accounts
  ASSERT_TRUE(peer_.open());
  const auto reply = ask(*link("wrong"));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Errc::not_allowed);
  EXPECT_EQ(peer_.handshakes(), 0);
}

TEST_P(KasaLinkToPeer, IsDiscovered) {
  ASSERT_TRUE(peer_.open());
  const bool is_xor = GetParam() == PeerTransport::xor_tcp;
  const auto socket = *network_.open_datagram({"", 0});
  const auto probe = is_xor ? xor_probe() : tdp_probe(1, make_public_key_pem());
  const std::uint16_t port = is_xor ? peer_.udp_port() : peer_.tdp_port();
  ASSERT_TRUE(socket->send_to(probe, {"255.255.255.255", port}));
  std::vector<std::uint8_t> buffer(8192);
  const auto got = test::finish(clock_, socket->receive(buffer, clock_.now()));
  ASSERT_TRUE(got);
  const Bytes answer = Bytes(buffer).first(got->size);
  const auto found =
      is_xor ? parse_xor_answer(answer, got->from.host) : parse_tdp_answer(answer, got->from.host);
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->mac, "C0:06:C3:00:00:01");
  EXPECT_EQ(found->address, kHost);
  EXPECT_EQ(found->transport, is_xor ? Transport::xor_tcp : Transport::klap);
  EXPECT_EQ(found->trouble, "");
}

INSTANTIATE_TEST_SUITE_P(Transports, KasaLinkToPeer,
                         testing::Values(PeerTransport::xor_tcp, PeerTransport::klap_v1,
                                         PeerTransport::klap_v2));

}  // namespace
}  // namespace b2m::kasa
