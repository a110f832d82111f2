// SPDX-License-Identifier: MIT
// The link over KLAP against a plug that misbehaves on demand.
#include <gtest/gtest.h>

#include "adapters/kasa/plug_link.hpp"
#include "gateway/io/memory_network.hpp"
#include "tests/support/kasa_klap_plug.hpp"
#include "tests/support/running.hpp"

namespace b2m::kasa {
namespace {

using namespace std::chrono_literals;
using test::Running;

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
  test::FakeKlapPlug plug_{clock_, network_, KlapVersion::v2};
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
  test::FakeKlapPlug plug(clock, network, KlapVersion::v1);
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
