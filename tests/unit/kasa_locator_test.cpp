// SPDX-License-Identifier: MIT
// The search for plugs, and what `discover kasa` makes of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/kasa/locator.hpp"
#include "gateway/app/discover_kasa.hpp"
#include "tests/support/kasa_adapter_fixture.hpp"

namespace b2m {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr auto kMac1 = "C0:06:C3:00:00:01";
constexpr auto kMac2 = "C0:06:C3:00:00:02";

class KasaLocator : public testing::Test, public test::KasaAdapterFixture {
 protected:
  kasa::Locator& search(kasa::Locator::Options options = {}) {
    locator_ = std::make_unique<kasa::Locator>(clock.executor(), network, clock, options);
    searching_ = std::make_unique<test::Running<>>(clock, locator_->run());
    clock.advance(1s);
    return *locator_;
  }
  ~KasaLocator() override {
    if (searching_) searching_->cancel();
  }

 private:
  std::unique_ptr<kasa::Locator> locator_;
  std::unique_ptr<test::Running<>> searching_;
};

TEST_F(KasaLocator, HearsBothProtocols) {
  add(peer("127.0.1.1", "old", kMac1));
  kasa::PlugPeerSettings klap = peer("127.0.1.2", "new", kMac2);
  klap.transport = kasa::PeerTransport::klap_v2;
  klap.port = 80;
  klap.tdp_port = 20002;
  add(klap);

  const auto& locator = search();

  ASSERT_EQ(locator.known().size(), 2U);
  EXPECT_EQ(locator.known().at(kMac1).found.transport, kasa::Transport::xor_tcp);
  EXPECT_EQ(locator.known().at(kMac2).found.transport, kasa::Transport::klap);
  EXPECT_EQ(locator.known().at(kMac2).found.alias, "");
}

TEST_F(KasaLocator, SearchesAgainWhenAskedButNotAllTheTime) {
  auto& locator = search();
  clock.advance(10s);  // all copies of the first search are out
  add(peer("127.0.1.1", "late", kMac1));
  clock.advance(30s);
  ASSERT_TRUE(locator.known().empty());

  for (int i = 0; i < 100; ++i) locator.ask();
  clock.advance(1s);

  EXPECT_EQ(locator.known().size(), 1U);
  const auto answers = locator.answers();
  for (int i = 0; i < 100; ++i) locator.ask();
  clock.advance(5s);
  EXPECT_LE(locator.answers() - answers, 12U);
}

TEST_F(KasaLocator, FindsItselfAgainEveryInterval) {
  kasa::Locator::Options options;
  options.interval_s = 60;
  const auto& locator = search(options);
  add(peer("127.0.1.1", "late", kMac1));

  clock.advance(70s);

  EXPECT_EQ(locator.known().size(), 1U);
}

TEST_F(KasaLocator, ANameIsFreeAgainOnceItsPlugIsGone) {
  add(peer("127.0.1.1", "garage", kMac1));
  auto& locator = search();
  peers.clear();
  clock.settle();
  add(peer("127.0.1.2", "garage", kMac2));
  for (int i = 0; i < 3; ++i) {
    locator.ask();
    clock.advance(20s);
  }

  const auto found = locator.find(by_alias("garage"));

  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->mac, kMac2);
}

TEST_F(KasaLocator, PrintsTablesThatTheConfigurationReads) {
  add(peer("127.0.1.1", "Rad Battery #1", kMac1));
  kasa::PlugPeerSettings strip = peer("127.0.1.2", "Rad Battery #1", kMac2);
  strip.model = "HS300";
  add(strip);
  kasa::PlugPeerSettings plain = peer("127.0.1.3", "Lamp\n\"x\"", "C0:06:C3:00:00:03");
  plain.model = "HS100";
  add(plain);
  std::vector<kasa::Locator::Known> found;
  for (const auto& [mac, known] : search().known()) found.push_back(known);

  const std::string text = app::kasa_tables(found, "", "");

  EXPECT_THAT(text, HasSubstr("id = \"rad_battery_1\"\n  model = \"KP115\"\n"));
  EXPECT_THAT(text, HasSubstr("id = \"rad_battery_1_2\""));
  EXPECT_THAT(text, HasSubstr("sockets = 6"));
  EXPECT_THAT(text, HasSubstr("id = \"lamp_x\"\n  model = \"HS100\"\n  meter = false\n"));
  EXPECT_THAT(text, HasSubstr("match = { mac = \"C0:06:C3:00:00:02\" }"));
  EXPECT_THAT(text, Not(HasSubstr("username")));
  EXPECT_THAT(text, Not(HasSubstr("Lamp\n")));
}

}  // namespace
}  // namespace b2m
