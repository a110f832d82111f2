// SPDX-License-Identifier: MIT
// KLAP and the newer command set of the simulated plug, against recorded vectors and by a client of
// its own bytes.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "adapters/kasa/peer.hpp"
#include "adapters/kasa/peer_http.hpp"
#include "adapters/kasa/peer_klap.hpp"
#include "gateway/io/memory_network.hpp"
#include "tests/support/running.hpp"

namespace b2m::kasa {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using peer::Octets;

Octets from_hex(const std::string& text) {
  Octets bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
  return bytes;
}

json vectors() {
  const std::string path = B2M_SOURCE_DIR "/../shared/data/kasa/vectors.json";
  if (!std::filesystem::exists(path)) return {};
  return json::parse(std::ifstream(path));
}

TEST(KasaPeerKlap, AgreesWithTheVectors) {
  const json all = vectors();
  if (all.is_null()) GTEST_SKIP() << "no vectors beside this checkout (../shared/data/kasa)";
  for (const json& v : all["klap"]) {
    SCOPED_TRACE(v["name"]);
    const auto secret =
        peer::klap_secret(v["version"], std::string(v["username"]), std::string(v["password"]));
    EXPECT_EQ(secret, from_hex(v["auth_hash"]));
    const Octets local = from_hex(v["local_seed"]);
    const Octets remote = from_hex(v["remote_seed"]);
    const peer::KlapSession session(v["version"], secret, local, remote);
    EXPECT_EQ(session.device_proof(), from_hex(v["handshake1_server_hash"]));
    EXPECT_TRUE(session.accepts(from_hex(v["handshake2_request"])));
    EXPECT_FALSE(session.accepts(from_hex(v["handshake1_server_hash"])));
    EXPECT_EQ(session.first_sequence(), v["initial_seq"].get<std::int32_t>());
    for (const json& e : v["exchanges"]) {
      const auto sequence = e["seq"].get<std::int32_t>();
      EXPECT_EQ(session.open(from_hex(e["request_body"]), sequence), e["plaintext"]);
      EXPECT_EQ(session.seal(std::string(e["response_plaintext"]), sequence),
                from_hex(e["response_body"]));
    }
  }
}

/// The least client that gets through: it logs in and asks.
class KasaPeerHttp : public testing::Test {
 protected:
  PlugPeer& start(const std::string& model, PeerTransport transport) {
    PlugPeerSettings settings;
    settings.model = model;
    settings.transport = transport;
    settings.address = "127.0.1.2";
    settings.port = 80;
    settings.tdp_port = 20002;
    settings.username = "user@example.com";
    settings.password = "great_password";
    plug = std::make_unique<PlugPeer>(clock.executor(), network, clock, settings);
    EXPECT_TRUE(plug->open());
    return *plug;
  }

  struct Reply {
    int status = 0;
    std::string cookie;
    Octets body;
  };

  static Awaitable<Result<std::string>> talk(Network& network, std::string request) {
    Endpoint to{"127.0.1.2", 80};
    auto stream = co_await network.connect(std::move(to), kNoDeadline);
    if (!stream) co_return stream.error();
    const Octets bytes(request.begin(), request.end());
    const Result<> written = co_await (*stream)->write(bytes, kNoDeadline);
    if (!written) co_return written.error();
    Octets buffer(8192);
    const auto n = co_await (*stream)->read_some(buffer, kNoDeadline);
    if (!n) co_return n.error();
    co_return std::string(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*n));
  }

  Reply post(const std::string& target, const Octets& body, const std::string& cookie) {
    std::string request = "POST " + target + " HTTP/1.1\r\nHost: x\r\n";
    if (!cookie.empty()) request += "Cookie: TP_SESSIONID=" + cookie + "\r\n";
    request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    request.append(body.begin(), body.end());
    const auto text = test::finish(clock, talk(network, std::move(request)));
    if (!text) return {};
    Reply reply;
    reply.status = std::stoi(text->substr(9, 3));
    if (const auto at = text->find("TP_SESSIONID="); at != text->npos)
      reply.cookie = text->substr(at + 13, text->find(';', at) - at - 13);
    const std::size_t start = text->find("\r\n\r\n") + 4;
    reply.body.assign(text->begin() + static_cast<std::ptrdiff_t>(start), text->end());
    return reply;
  }

  struct Client {
    std::string cookie;
    std::optional<peer::KlapSession> session;
    std::int32_t sequence = 0;
    int login_status = 0;
  };

  Client log_in(int version, const std::string& password = "great_password") {
    const Octets seed(16, 7);
    Reply first = post("/app/handshake1", seed, "");
    Client client;
    client.cookie = first.cookie;
    const Octets secret = peer::klap_secret(version, "user@example.com", password);
    const Bytes device_seed = Bytes(first.body).first(16);
    client.session.emplace(version, secret, seed, device_seed);
    // What the client proves is what a device would prove with the seeds changed over.
    const peer::KlapSession mirrored(version, secret, device_seed, seed);
    client.login_status = post("/app/handshake2", mirrored.device_proof(), client.cookie).status;
    client.sequence = client.session->first_sequence();
    return client;
  }

  Reply send(Client& client, const std::string& text) {
    ++client.sequence;
    return post("/app/request?seq=" + std::to_string(client.sequence),
                client.session->seal(text, client.sequence), client.cookie);
  }
  json ask(Client& client, const std::string& text) {
    const Reply reply = send(client, text);
    const auto opened = client.session->open(reply.body, client.sequence);
    return opened ? json::parse(*opened) : json();
  }

  test::VirtualClock clock;
  MemoryNetwork network{clock.executor(), clock};
  std::unique_ptr<PlugPeer> plug;
};

TEST_F(KasaPeerHttp, CarriesTheOldCommandsInBothVersions) {
  for (const int version : {1, 2}) {
    start("HS100", version == 1 ? PeerTransport::klap_v1 : PeerTransport::klap_v2);
    Client client = log_in(version);
    EXPECT_EQ(client.login_status, 200);
    const json reply = ask(client, R"({"system":{"get_sysinfo":{}}})");
    EXPECT_EQ(reply["system"]["get_sysinfo"]["model"], "HS100(US)");
    plug.reset();
    clock.settle();
  }
}

TEST_F(KasaPeerHttp, RefusesAWrongPasswordAndTheOtherVersion) {
  start("KP125M", PeerTransport::klap_v2);
  EXPECT_EQ(log_in(2, "wrong").login_status, 403);
  EXPECT_EQ(log_in(1).login_status, 403);
  EXPECT_EQ(plug->handshakes(), 0);
}

TEST_F(KasaPeerHttp, ASecondClientTakesTheSession) {
  start("KP125M", PeerTransport::klap_v2);
  Client first = log_in(2);
  Client second = log_in(2);
  EXPECT_EQ(send(first, R"({"method":"get_device_info"})").status, 403);
  EXPECT_EQ(send(second, R"({"method":"get_device_info"})").status, 200);
}

TEST_F(KasaPeerHttp, LosesItsSessionByFault) {
  start("KP125M", PeerTransport::klap_v2);
  Client client = log_in(2);
  PlugFault fault;
  fault.kind = PlugFaultKind::session_lost;
  plug->inject(fault);
  EXPECT_EQ(send(client, R"({"method":"get_device_info"})").status, 403);
  Client again = log_in(2);
  EXPECT_EQ(send(again, R"({"method":"get_device_info"})").status, 200);
}

TEST_F(KasaPeerHttp, SwitchesAndFiresTheTimerOfTheNewCommands) {
  start("KP125M", PeerTransport::klap_v2);
  Client client = log_in(2);
  const std::string rule =
      R"({"method":"add_countdown_rule","params":{"delay":60,"enable":true,"remain":60,)"
      R"("desired_states":{"on":false}}})";
  EXPECT_EQ(ask(client, rule)["error_code"], 0);
  EXPECT_EQ(ask(client, rule)["error_code"], -1802);
  ask(client, R"({"method":"set_device_info","params":{"device_on":true}})");
  EXPECT_TRUE(plug->is_on());
  clock.advance(61s);
  EXPECT_FALSE(plug->is_on());
}

TEST_F(KasaPeerHttp, AutoOffStartsAnewWithEverySwitchOn) {
  start("KP125M", PeerTransport::klap_v2);
  auto ask_here = [&](const std::string& text) { return json::parse(plug->answer(text)); };
  ask_here(R"({"method":"set_auto_off_config","params":{"enable":true,"delay_min":2}})");
  for (int i = 0; i < 2; ++i) {
    ask_here(R"({"method":"set_device_info","params":{"device_on":true}})");
    clock.advance(119s);
    EXPECT_TRUE(plug->is_on());
    clock.advance(2s);
    EXPECT_FALSE(plug->is_on());
  }
}

TEST_F(KasaPeerHttp, ABatchStopsAtItsFirstError) {
  start("P110", PeerTransport::klap_v2);
  const json reply = json::parse(plug->answer(
      R"({"method":"multipleRequest","params":{"requests":[{"method":"get_device_info"},)"
      R"({"method":"nonsense"},{"method":"get_led_info"}]}})"));
  ASSERT_EQ(reply["result"]["responses"].size(), 2U);
  EXPECT_EQ(reply["result"]["responses"][0]["method"], "get_device_info");
  EXPECT_EQ(reply["result"]["responses"][1]["error_code"], -1002);
}

TEST_F(KasaPeerHttp, AnswersAProbeWithARightChecksumOnly) {
  start("KP125M", PeerTransport::klap_v2);
  auto socket = network.open_datagram(Endpoint{"127.0.0.1", 0});
  ASSERT_TRUE(socket);
  const Octets probe = {2, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x46, 0x3c, 0xb5, 0xd3};
  Octets wrong = probe;
  wrong[15] ^= 1;
  Octets buffer(4096);
  auto answered = [&](const Octets& bytes) -> std::size_t {
    EXPECT_TRUE((*socket)->send_to(bytes, Endpoint{"127.0.1.2", 20002}));
    test::Running<Datagram::Received> got(clock, (*socket)->receive(buffer, clock.now() + 1s));
    if (!got.is_done()) clock.advance(1s);
    const auto result = got.join();
    return result ? result->size : 0;
  };

  EXPECT_EQ(answered(wrong), 0U);
  const std::size_t size = answered(probe);
  ASSERT_GT(size, 16U);
  const json reply = json::parse(buffer.begin() + 16,
                                 buffer.begin() + static_cast<std::ptrdiff_t>(size))["result"];
  EXPECT_EQ(reply["device_type"], "SMART.KASAPLUG");
  EXPECT_EQ(reply["mgt_encrypt_schm"]["lv"], 2);
  EXPECT_EQ(reply["owner"].get<std::string>().size(), 32U);
}

}  // namespace
}  // namespace b2m::kasa
