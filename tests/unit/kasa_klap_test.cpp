// SPDX-License-Identifier: MIT
// KLAP's arithmetic against worked vectors, and the link against a plug that misbehaves on demand.
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <functional>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "adapters/kasa/klap_protocol.hpp"
#include "adapters/kasa/plug_link.hpp"
#include "gateway/io/memory_network.hpp"
#include "tests/support/running.hpp"

namespace b2m::kasa {
namespace {

using namespace std::chrono_literals;
using test::Running;

std::vector<std::uint8_t> from_hex(const std::string& hex) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

std::string hex(Bytes bytes) {
  std::string text = to_hex(bytes);
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

KlapSeed seed(const std::string& text) {
  KlapSeed out{};
  const auto bytes = from_hex(text);
  std::copy_n(bytes.begin(), out.size(), out.begin());
  return out;
}

/// The names of the vectors, so that both sources are checked by the same lines.
void check(const nlohmann::json& v) {
  SCOPED_TRACE(v["name"].get<std::string>());
  const auto version = v["version"] == 1 ? KlapVersion::v1 : KlapVersion::v2;
  const KlapKey key{version, klap_auth_hash(version, v["username"].get<std::string>(),
                                            v["password"].get<std::string>())};
  ASSERT_EQ(hex(key.auth_hash), v["auth_hash"]);
  const KlapSeed local = seed(v["local_seed"]);
  const KlapSeed remote = seed(v["remote_seed"]);
  EXPECT_EQ(hex(klap_server_proof(key, local, remote)), v["handshake1_server_hash"]);
  EXPECT_EQ(hex(klap_client_proof(key, local, remote)), v["handshake2_request"]);
  KlapSession session(key.auth_hash, local, remote);
  EXPECT_EQ(session.seq(), v["initial_seq"]);
  for (const auto& exchange : v["exchanges"]) {
    const std::int32_t seq = session.next_seq();
    EXPECT_EQ(seq, exchange["seq"]);
    EXPECT_EQ(hex(session.seal(seq, exchange["plaintext"].get<std::string>())),
              exchange["request_body"]);
    const auto opened = session.open(seq, from_hex(exchange["response_body"]));
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->text, exchange["response_plaintext"]);
    EXPECT_TRUE(opened->is_signed);
  }
}

// docs/protocols/kasa.md, 3.1.
constexpr auto kWorked = R"([
{"name":"v1, IOT","version":1,"username":"user@example.com","password":"great_password",
"local_seed":"000102030405060708090a0b0c0d0e0f","remote_seed":"101112131415161718191a1b1c1d1e1f",
"auth_hash":"474728be8bb983216b5b73ae1f646147",
"handshake1_server_hash":"7c10489c80f0713f4bc0275f2612e432b210f2b7c28b3b03bf95f48987ab0ce9",
"handshake2_request":"d753dabd7e5e9029b7423eab85f5a5babd3d5b6ad285ff673e63c537866e571f",
"initial_seq":594641584,"exchanges":[{"seq":594641585,
"plaintext":"{\"system\":{\"get_sysinfo\":{}}}",
"request_body":"5b18c6348e8d250ee7b9a53a20f10d231da56b1c9765bb349f484bdd4cd74a1140a9274cb7dbb8204975e6ce2cf2ad5039e322932dbbf26bc17cce28dffa65fe",
"response_plaintext":"{\"system\":{\"get_sysinfo\":{\"relay_state\":1,\"err_code\":0}}}",
"response_body":"e39d7dae6a538f561e6398f793299f45bc898b44dd3a68a9813df0180da6056240a9274cb7dbb8204975e6ce2cf2ad50adbf63e5c43e3bc5da5ed59670a6bff79e4919749520e8a0488096eeb7f35fe682b263d4c9eae9b923a11c57565fb318"}]},
{"name":"v2, SMART","version":2,"username":"user@example.com","password":"great_password",
"local_seed":"000102030405060708090a0b0c0d0e0f","remote_seed":"101112131415161718191a1b1c1d1e1f",
"auth_hash":"98affa12cd82d89b4ca3e89d6513ac1e914461bb28683d9a6dcd8dac214e22c4",
"handshake1_server_hash":"2a4200a6ffdfdca1d144314ed38d74be7e22e00e1f002b8a1e04adf9fbf5960c",
"handshake2_request":"33629671c324a51eecf382a15735ec8005bb3fc7e6146833ad67baf346ee97d9",
"initial_seq":1654156118,"exchanges":[{"seq":1654156119,
"plaintext":"{\"method\":\"get_device_info\"}",
"request_body":"90d314b06eaa6f8b3d7778a83fb89fe23ddcc61ec3e60742341fab53e4e857336f47af044efea6418d8041170d3eed6753b7a192df36ce308b2d07b52ca74f23",
"response_plaintext":"{\"result\":{\"device_on\":true},\"error_code\":0}",
"response_body":"b3d79a575fbcbb99bfbc7cb8d97a1baa09720194225ef2389207469e238b2351db3ddf3ddd6fc8082edf01358a7f4a1532f2a9e6bd7377ddff111d8304033dd3f12101d74b7a1eb7e1aceff03fdb212e"}]}
])";

TEST(KasaKlap, ComputesTheWorkedVectors) {
  for (const auto& vector : nlohmann::json::parse(kWorked)) check(vector);
}

TEST(KasaKlap, ComputesTheVectorsOfAnotherImplementation) {
  const std::string path = B2M_SOURCE_DIR "/../shared/data/kasa/vectors.json";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << path;
  std::ifstream file(path);
  const auto vectors = nlohmann::json::parse(file);
  ASSERT_GE(vectors["klap"].size(), 9U);
  for (const auto& vector : vectors["klap"]) check(vector);
}

TEST(KasaKlap, KnowsTheAccountsOfTheFactory) {
  std::vector<std::string> hashes;
  for (const KlapKey& key : klap_keys("", "")) hashes.push_back(hex(key.auth_hash));
  const std::vector<std::string> known = {
      "49fc4839a2733ffbf464337648f65dc411778d4c03ec82c5e4cccc682163fa64",
      "74b751bdd208bc155ae2a6d4167cc44d",
      "7d5ae9ac18f5bb37843a4577867dd4348d8dff26c4b261ebff1b74d88adc063b",
      "a7317ea07dd83e3393fb702d9bf309a7",
      "b8628ab91c74f531603f6d5b45e730e54c123a7247b8978272c03f1e13560cea",
      "5873dd45edd01f09c1ef2e7819369e8e"};
  EXPECT_EQ(hashes, known);
  EXPECT_EQ(klap_keys("user", "secret").size(), 8U);
}

TEST(KasaKlap, RefusesBodiesThatAreNotOfTheSession) {
  const KlapKey key = klap_keys("", "").front();
  const KlapSession session(key.auth_hash, seed(std::string(32, '0')), seed(std::string(32, '1')));
  for (const std::size_t size : {0U, 32U, 33U, 47U, 49U})
    EXPECT_FALSE(session.open(1, std::vector<std::uint8_t>(size))) << size;
  const KlapSession other(key.auth_hash, seed(std::string(32, '2')), seed(std::string(32, '1')));
  EXPECT_FALSE(session.open(1, other.seal(1, "of another session")));
  const auto shifted = session.open(2, session.seal(1, "a text of more than one block"));
  EXPECT_TRUE(!shifted || !shifted->is_signed) << "of another number";
}

using Buffer = std::vector<std::uint8_t>;

/// A plug with KLAP that does what is asked of it, one connection after the other.
class FakePlug {
 public:
  FakePlug(test::VirtualClock& clock, MemoryNetwork& network, KlapVersion version)
      : key_{version, klap_auth_hash(version, "user", "secret")},
        listener_(*network.listen({"plug", 80})),
        serving_(clock, serve()) {}
  ~FakePlug() { serving_.cancel(); }

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
  struct Reply {
    int status = 200;
    std::string header;
    Buffer body;
  };

  Awaitable<Result<>> serve() {
    for (;;) {
      auto accepted = co_await listener_->accept();
      if (!accepted) co_return accepted.error();
      const auto ended = co_await converse(*accepted->stream);
      if (ended.error().code == Errc::cancelled) co_return ended;
    }
  }

  Awaitable<Result<>> converse(ByteStream& stream) {
    std::string in;
    std::array<std::uint8_t, 1024> buffer{};
    for (;;) {
      const auto n = co_await stream.read_some(buffer, kNoDeadline);
      if (!n) co_return n.error();
      in.append(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*n));
      const auto end = in.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      const auto at = in.find("Content-Length: ");
      const std::size_t length = std::stoul(in.substr(at + 16));
      if (in.size() < end + 4 + length) continue;
      const std::string out = answer(in.substr(0, end + 2), in.substr(end + 4));
      in.clear();
      if (is_silent) continue;
      const Bytes bytes{reinterpret_cast<const std::uint8_t*>(out.data()), out.size()};
      if (const auto sent = co_await stream.write(bytes, kNoDeadline); !sent) co_return sent;
      if (closes_each) co_return Errc::disconnected;
    }
  }

  std::string answer(const std::string& head, const std::string& body) {
    heads.push_back(head);
    const Reply reply = head.starts_with("POST /app/handshake1 ")   ? hello(body)
                        : head.starts_with("POST /app/handshake2 ") ? welcome(head, body)
                                                                    : request(head, body);
    return fmt::format("HTTP/1.1 {} Any\r\nServer: SHIP 2.0\r\n{}Content-Length: {}\r\n\r\n{}",
                       reply.status, reply.header, reply.body.size(),
                       std::string(reply.body.begin(), reply.body.end()));
  }

  Reply hello(const std::string& body) {
    ++hellos;
    if (hello_status != 200) return {hello_status, "", {}};
    std::copy_n(body.begin(), local_.size(), local_.begin());
    remote_ = klap_random_seed();
    Buffer out(remote_.begin(), remote_.end());
    const KlapDigest proof = klap_server_proof(key_, local_, remote_);
    out.insert(out.end(), proof.begin(), proof.end());
    const std::string cookie =
        fmt::format("Set-Cookie: TP_SESSIONID=ID{};TIMEOUT={}\r\n", hellos, timeout);
    return {200, cookie, out};
  }

  [[nodiscard]] bool has_cookie(const std::string& head) const {
    return head.find(fmt::format("Cookie: TP_SESSIONID=ID{}\r\n", hellos)) != std::string::npos;
  }

  Reply welcome(const std::string& head, const std::string& body) {
    const KlapDigest proof = klap_client_proof(key_, local_, remote_);
    const bool is_right = has_cookie(head) && body == std::string(proof.begin(), proof.end());
    if (!is_right) return {403, "", {}};
    ++handshakes;
    session_.emplace(key_.auth_hash, local_, remote_);
    return {};
  }

  Reply request(const std::string& head, const std::string& body) {
    if (forbid > 0) session_.reset();
    forbid = std::max(0, forbid - 1);
    if (!session_ || !has_cookie(head)) return {403, "", {}};
    const auto at = head.find("seq=") + 4;
    std::int32_t seq = 0;
    std::from_chars(head.data() + at, head.data() + head.size(), seq);
    const auto opened = session_->open(seq, Buffer(body.begin(), body.end()));
    if (!opened || !opened->is_signed) return {400, "", {}};
    executed.push_back(opened->text);
    Reply reply{200, "", session_->seal(seq, "reply to " + opened->text)};
    if (garble > 0) reply.body.pop_back();
    garble = std::max(0, garble - 1);
    if (is_one_request_a_session) session_.reset();
    return reply;
  }

  KlapKey key_;
  std::unique_ptr<Listener> listener_;
  KlapSeed local_{}, remote_{};
  std::optional<KlapSession> session_;
  Running<> serving_;
};

class KasaKlapLink : public testing::Test {
 protected:
  Result<std::string> ask(std::string text, Repeat repeat = Repeat::safe) {
    Running<std::string> exchange(clock_,
                                  link_->exchange(std::move(text), repeat, clock_.now() + 5s));
    for (int i = 0; i < 60 && !exchange.is_done(); ++i) clock_.advance(100ms);
    return exchange.join();
  }
  void use(const Account& account) {
    link_ = make_klap_link(network_, clock_, {"plug", 80}, account);
  }

  test::VirtualClock clock_;
  MemoryNetwork network_{clock_.executor(), clock_};
  FakePlug plug_{clock_, network_, KlapVersion::v2};
  std::unique_ptr<PlugLink> link_ =
      make_klap_link(network_, clock_, {"plug", 80}, {"user", "secret"});
};

TEST_F(KasaKlapLink, ServesManyRequestsWithOneHandshakeOnOneConnection) {
  EXPECT_EQ(*ask("one"), "reply to one");
  EXPECT_EQ(*ask("two"), "reply to two");
  EXPECT_EQ(plug_.handshakes, 1);
  EXPECT_EQ(network_.connections("plug"), 1U);
  EXPECT_EQ(link_->name(), "KLAP v2");
}

TEST_F(KasaKlapLink, SendsBackNothingOfTheCookieButTheSession) {
  ASSERT_TRUE(ask("one"));
  ASSERT_EQ(plug_.heads.size(), 3U);
  EXPECT_EQ(plug_.heads[0].find("Cookie"), std::string::npos);
  EXPECT_EQ(plug_.heads[2].find("TIMEOUT"), std::string::npos);
  EXPECT_NE(plug_.heads[2].find("Cookie: TP_SESSIONID=ID1\r\n"), std::string::npos);
}

TEST(KasaKlap, FindsTheOlderHashesByItself) {
  test::VirtualClock clock;
  MemoryNetwork network(clock.executor(), clock);
  FakePlug plug(clock, network, KlapVersion::v1);
  const auto link = make_klap_link(network, clock, {"plug", 80}, {"user", "secret"});
  EXPECT_TRUE(test::finish(clock, link->exchange("one", Repeat::safe, clock.now() + 5s)));
  EXPECT_EQ(link->name(), "KLAP v1");
  EXPECT_EQ(plug.handshakes, 1);
}

TEST_F(KasaKlapLink, TakesRepliesInPieces) {
  HostFaults faults;
  faults.chunk = 5;
  network_.set_faults("plug", faults);
  EXPECT_EQ(*ask(std::string(5000, 'x')), "reply to " + std::string(5000, 'x'));
}

TEST_F(KasaKlapLink, AWrongPasswordIsExplainedWithoutItAndNotTriedAgainForAMinute) {
  use({"user", "wrong-secret"});
  const auto first = ask("one");
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code, Errc::not_allowed);
  EXPECT_NE(first.error().text().find("Third-Party Compatibility"), std::string::npos);
  EXPECT_EQ(first.error().text().find("wrong-secret"), std::string::npos);
  EXPECT_EQ(plug_.handshakes, 0);

  link_->close();
  EXPECT_EQ(ask("two").error().code, Errc::not_allowed);
  EXPECT_EQ(plug_.hellos, 1);
  clock_.advance(60s);
  EXPECT_FALSE(ask("three"));
  EXPECT_EQ(plug_.hellos, 2);
  clock_.advance(110s);
  EXPECT_FALSE(ask("four"));
  EXPECT_EQ(plug_.hellos, 2) << "the second time it is two minutes";
  clock_.advance(2h);
  for (int i = 0; i < 8; ++i) {
    EXPECT_FALSE(ask("five"));
    clock_.advance(15min);
  }
  EXPECT_EQ(plug_.hellos, 10) << "never longer than a quarter of an hour";
}

TEST_F(KasaKlapLink, SaysThatAnAccountIsMissing) {
  use({});
  EXPECT_NE(ask("one").error().text().find("none is configured"), std::string::npos);
}

TEST_F(KasaKlapLink, AForbiddenHandshakePointsToTheApp) {
  plug_.hello_status = 403;
  const auto reply = ask("one");
  EXPECT_EQ(reply.error().code, Errc::not_allowed);
  EXPECT_NE(reply.error().text().find("Third-Party Compatibility"), std::string::npos);
}

TEST_F(KasaKlapLink, WhatIsNoPlugIsSaidWithItsStatus) {
  plug_.hello_status = 404;
  const auto reply = ask("one");
  EXPECT_EQ(reply.error().code, Errc::malformed);
  EXPECT_NE(reply.error().text().find("404"), std::string::npos);
}

TEST_F(KasaKlapLink, AForgottenSessionIsRenewedAndTheRequestRepeatedEvenIfItSwitchesOn) {
  ASSERT_TRUE(ask("one"));
  plug_.forbid = 1;
  EXPECT_EQ(*ask("on", Repeat::never), "reply to on");
  EXPECT_EQ(plug_.handshakes, 2);
  EXPECT_EQ(plug_.executed, (std::vector<std::string>{"one", "on"}));
}

TEST_F(KasaKlapLink, AnotherClientThatAlwaysTakesTheSessionIsSaid) {
  ASSERT_TRUE(ask("one"));
  plug_.forbid = 2;
  const auto reply = ask("two");
  EXPECT_EQ(reply.error().code, Errc::disconnected);
  EXPECT_NE(reply.error().text().find("another program"), std::string::npos);
}

TEST_F(KasaKlapLink, AGarbledReplyIsAskedForAgainOnlyIfThatIsSafe) {
  plug_.garble = 1;
  EXPECT_EQ(*ask("one"), "reply to one");
  EXPECT_EQ(plug_.executed.size(), 2U);
  plug_.garble = 1;
  EXPECT_EQ(ask("on", Repeat::never).error().code, Errc::malformed);
  EXPECT_EQ(plug_.executed.size(), 3U);
}

TEST_F(KasaKlapLink, APlugThatForgetsEverySessionGetsOneForEachRequest) {
  plug_.is_one_request_a_session = true;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(ask("read")) << i;
  const auto before = plug_.heads.size();
  EXPECT_TRUE(ask("read"));
  EXPECT_EQ(plug_.heads.size() - before, 3U) << "handshake and request, no 403 between";
}

TEST_F(KasaKlapLink, ATimeoutStartsAnewAndItsLateReplyIsNotTaken) {
  ASSERT_TRUE(ask("one"));
  plug_.is_silent = true;
  EXPECT_EQ(ask("two").error().code, Errc::timeout);
  plug_.is_silent = false;
  EXPECT_EQ(*ask("three"), "reply to three");
  EXPECT_EQ(network_.connections("plug"), 2U);
}

TEST_F(KasaKlapLink, ASessionIsRenewedBeforeItExpires) {
  ASSERT_TRUE(ask("one"));
  clock_.advance(23h + 39min);
  ASSERT_TRUE(ask("two"));
  EXPECT_EQ(plug_.handshakes, 1);
  clock_.advance(2min);
  ASSERT_TRUE(ask("three"));
  EXPECT_EQ(plug_.handshakes, 2);
}

TEST_F(KasaKlapLink, ASmallTimeoutIsInMinutes) {
  plug_.timeout = "1440";
  ASSERT_TRUE(ask("one"));
  clock_.advance(23h + 39min);
  ASSERT_TRUE(ask("two"));
  EXPECT_EQ(plug_.handshakes, 1);
}

TEST_F(KasaKlapLink, APlugThatDropsEveryConnectionIsAskedMoreSlowly) {
  plug_.closes_each = true;
  EXPECT_EQ(*ask("one"), "reply to one");
  EXPECT_EQ(*ask("on", Repeat::never), "reply to on");
  EXPECT_EQ(plug_.executed.size(), 2U);
  EXPECT_EQ(plug_.handshakes, 1);
}

TEST_F(KasaKlapLink, AHugeReplyIsRefused) {
  EXPECT_EQ(ask(std::string(70'000, 'x')).error().code, Errc::malformed);
}

}  // namespace
}  // namespace b2m::kasa
