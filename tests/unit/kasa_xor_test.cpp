// SPDX-License-Identifier: MIT
// The old plugs' cipher and framing, and the rules about when a request may be sent twice.
#include <array>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "adapters/kasa/plug_link.hpp"
#include "adapters/kasa/xor_protocol.hpp"
#include "gateway/io/memory_network.hpp"
#include "tests/support/running.hpp"

namespace b2m::kasa {
namespace {

using namespace std::chrono_literals;
using test::finish;
using test::Running;

std::string lower_hex(Bytes bytes) {
  std::string text = to_hex(bytes);
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

struct Worked {
  std::string_view text, tcp;
};
// docs/protocols/kasa.md, 1.1.
constexpr Worked kWorked[] = {
    {R"({"system":{"get_sysinfo":{}}})",
     "0000001dd0f281f88bff9af7d5ef94b6d1b4c09fec95e68fe187e8caf08bf68bf6"},
    {R"({"system":{"set_relay_state":{"state":1}}})",
     "0000002ad0f281f88bff9af7d5ef94b6c5a0d48bf99cf091e8b7c4b0d1a5c0e2d8a381f286e793f6d4eedfa2dfa"
     "2"},
    {R"({"emeter":{"get_realtime":{}}})",
     "0000001ed0f297fa9feb8efcdee49fbddabfcb94e683e28efa93fe9bb983f885f885"},
    {"{}", "00000002d0ad"},
};

TEST(KasaXor, WritesTheWorkedMessagesAndReadsThemBack) {
  for (const Worked& worked : kWorked) {
    const auto frame = xor_frame(worked.text);
    EXPECT_EQ(lower_hex(frame), worked.tcp);
    EXPECT_EQ(xor_decrypt(Bytes(frame).subspan(4)), worked.text);
    EXPECT_EQ(xor_decrypt(xor_encrypt(worked.text)), worked.text);
  }
}

TEST(KasaXor, WritesTheVectorsOfAnotherImplementation) {
  const std::string path = B2M_SOURCE_DIR "/../shared/data/kasa/vectors.json";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << path;
  std::ifstream file(path);
  const auto vectors = nlohmann::json::parse(file);
  ASSERT_FALSE(vectors["xor"].empty());
  for (const auto& vector : vectors["xor"]) {
    const auto text = vector["plaintext"].get<std::string>();
    EXPECT_EQ(lower_hex(xor_frame(text)), vector["tcp"]) << text;
    EXPECT_EQ(lower_hex(xor_encrypt(text)), vector["udp"]) << text;
  }
}

TEST(KasaXor, ReadsMessagesInWhateverPiecesTheyCome) {
  auto stream = xor_frame("first");
  const auto second = xor_frame(std::string(kMaxXorMessage, 'x'));
  stream.insert(stream.end(), second.begin(), second.end());
  for (const std::size_t piece :
       {std::size_t{1}, std::size_t{3}, std::size_t{4096}, stream.size()}) {
    XorReader reader;
    std::vector<std::string> texts;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      ASSERT_TRUE(reader.feed(Bytes(stream).subspan(at, std::min(piece, stream.size() - at))));
      while (const auto text = reader.next()) texts.push_back(*text);
    }
    ASSERT_EQ(texts.size(), 2U) << piece;
    EXPECT_EQ(texts[0], "first");
    EXPECT_EQ(texts[1].size(), kMaxXorMessage);
    EXPECT_TRUE(reader.is_empty());
  }
}

TEST(KasaXor, RefusesAnAbsurdLengthAtItsHeader) {
  XorReader reader;
  const std::array<std::uint8_t, 4> hundred_megabytes{0x06, 0x40, 0, 0};
  const auto fed = reader.feed(hundred_megabytes);
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().code, Errc::malformed);
  EXPECT_NE(fed.error().text().find("104857600 bytes"), std::string::npos) << fed.error().text();
  EXPECT_FALSE(reader.next());
}

class KasaXorLink : public testing::Test {
 protected:
  using Exchange = Running<std::string>;

  Exchange ask(std::string text, Repeat repeat) {
    return {clock_, link_->exchange(std::move(text), repeat, clock_.now() + 5s)};
  }
  void accept() { stream_ = std::move(finish(clock_, listener_->accept())->stream); }
  /// The next request, as the plug reads it.
  std::string hear() {
    std::array<std::uint8_t, 256> buffer{};
    const auto n = finish(clock_, stream_->read_some(buffer, clock_.now()));
    return n ? xor_decrypt(Bytes(buffer).first(*n).subspan(4)) : n.error().text();
  }
  void say(Bytes bytes) { ASSERT_TRUE(finish(clock_, stream_->write(bytes, kNoDeadline))); }
  /// One exchange as it should be, which leaves the connection open.
  void warm_up() {
    auto first = ask("one", Repeat::safe);
    accept();
    hear();
    say(xor_frame("reply"));
    ASSERT_EQ(*first.join(), "reply");
  }
  [[nodiscard]] std::size_t connections() const { return network_.connections("plug"); }

  test::VirtualClock clock_;
  MemoryNetwork network_{clock_.executor(), clock_};
  std::unique_ptr<Listener> listener_ = *network_.listen({"plug", 9999});
  std::unique_ptr<PlugLink> link_ = make_xor_link(network_, clock_, {"plug", 9999});
  std::unique_ptr<ByteStream> stream_;
};

TEST_F(KasaXorLink, KeepsOneConnectionForManyRequests) {
  warm_up();
  auto second = ask("two", Repeat::safe);
  EXPECT_EQ(hear(), "two");
  say(xor_frame("reply 2"));
  EXPECT_EQ(*second.join(), "reply 2");
  EXPECT_EQ(connections(), 1U);
  EXPECT_EQ(link_->name(), "XOR");
}

TEST_F(KasaXorLink, TakesALongReplyInPieces) {
  HostFaults faults;
  faults.chunk = 7;
  network_.set_faults("plug", faults);
  auto first = ask("one", Repeat::safe);
  accept();
  say(xor_frame(std::string(20'000, 'x')));
  EXPECT_EQ(first.join()->size(), 20'000U);
}

TEST_F(KasaXorLink, SendsAgainWhenAKeptConnectionHadEnded) {
  warm_up();
  stream_.reset();
  auto second = ask("two", Repeat::safe);
  accept();
  EXPECT_EQ(hear(), "two");
  say(xor_frame("reply 2"));
  EXPECT_EQ(*second.join(), "reply 2");
  EXPECT_EQ(connections(), 2U);
}

TEST_F(KasaXorLink, SendsAgainOnlyOnce) {
  warm_up();
  stream_.reset();
  auto second = ask("two", Repeat::safe);
  accept();
  stream_.reset();
  EXPECT_EQ(second.join().error().code, Errc::disconnected);
  EXPECT_EQ(connections(), 2U);
}

TEST_F(KasaXorLink, NeverSendsTwiceWhatMustNotBeRepeated) {
  warm_up();
  auto on = ask("on", Repeat::never);
  accept();  // a new connection: the kept one might be dead
  EXPECT_EQ(hear(), "on");
  stream_.reset();
  EXPECT_EQ(on.join().error().code, Errc::disconnected);
  EXPECT_EQ(connections(), 2U);
}

TEST_F(KasaXorLink, DoesNotSendAgainAfterTheFirstByteOfAReply) {
  warm_up();
  auto second = ask("two", Repeat::safe);
  say(Bytes(xor_frame("reply 2")).first(6));
  stream_.reset();
  EXPECT_EQ(second.join().error().code, Errc::disconnected);
  EXPECT_EQ(connections(), 1U);
}

TEST_F(KasaXorLink, ALateReplyIsNotTakenForTheNextAnswer) {
  warm_up();
  auto second = ask("two", Repeat::safe);
  clock_.advance(5s);
  EXPECT_EQ(second.join().error().code, Errc::timeout);
  auto late = stream_->write(xor_frame("reply 2"), kNoDeadline);
  finish(clock_, std::move(late)).has_value();

  auto third = ask("three", Repeat::safe);
  accept();
  EXPECT_EQ(hear(), "three");
  say(xor_frame("reply 3"));
  EXPECT_EQ(*third.join(), "reply 3");
}

TEST_F(KasaXorLink, ACancelledRequestLeavesNoReplyBehind) {
  warm_up();
  auto second = ask("two", Repeat::safe);
  second.cancel();
  auto third = ask("three", Repeat::safe);
  accept();
  EXPECT_EQ(hear(), "three");
  EXPECT_EQ(connections(), 2U);
  third.cancel();
}

TEST_F(KasaXorLink, BytesBehindTheReplyEndTheConnection) {
  auto first = ask("one", Repeat::safe);
  accept();
  auto both = xor_frame("reply");
  const auto unasked = xor_frame("unasked");
  both.insert(both.end(), unasked.begin(), unasked.end());
  say(both);
  EXPECT_EQ(*first.join(), "reply");
  auto second = ask("two", Repeat::safe);
  EXPECT_EQ(connections(), 2U);
  second.cancel();
}

TEST_F(KasaXorLink, AnAbsurdLengthIsSaidWithTheAddress) {
  auto first = ask("one", Repeat::safe);
  accept();
  say(std::array<std::uint8_t, 4>{0x48, 0x54, 0x54, 0x50});
  const auto reply = first.join();
  EXPECT_EQ(reply.error().code, Errc::malformed);
  EXPECT_TRUE(reply.error().detail.starts_with("plug: ")) << reply.error().text();
}

}  // namespace
}  // namespace b2m::kasa
