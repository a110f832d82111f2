// SPDX-License-Identifier: MIT
// Getting in: logins, TLS with good and bad certificates, brokers of the older version.
#include <gtest/gtest.h>

#include "gateway/log.hpp"
#include "tests/support/broker.hpp"
#include "tests/support/link_fixture.hpp"
#include "tests/support/old_broker.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;

/// What the user is told.
class Complaints {
 public:
  Complaints() {
    log::set_tap([this](log::Level level, std::string_view, std::string_view text) {
      if (level >= log::Level::warning) text_ += std::string(text) + "\n";
    });
  }
  ~Complaints() { log::set_tap(nullptr); }
  Complaints(const Complaints&) = delete;
  Complaints& operator=(const Complaints&) = delete;
  [[nodiscard]] bool holds(const std::string& words) const {
    return text_.find(words) != std::string::npos;
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

class MqttAccess : public testing::Test {
 protected:
  void expect_refusal(const mqtt::LinkSettings& settings, const std::string& words) {
    LinkUnderTest link(settings);
    EXPECT_TRUE(link.run_until([&] { return link->stats().failed_connects >= 1; }));
    EXPECT_FALSE(link->is_online());
    EXPECT_TRUE(complaints.holds(words)) << complaints.text();
  }
  Complaints complaints;
};

TEST_F(MqttAccess, LogsInWithUserAndPassword) {
  Broker broker({.username = "b2m", .password = "right"});
  auto settings = settings_for(broker.url());
  settings.username = "b2m";
  settings.password = "right";
  LinkUnderTest link(settings);

  EXPECT_TRUE(link.run_until_online());
}

TEST_F(MqttAccess, SaysThatTheLoginIsRefusedAndNeverThePassword) {
  Broker broker({.username = "b2m", .password = "right"});
  for (const int protocol : {5, 4}) {
    auto settings = settings_for(broker.url());
    settings.protocol = protocol;
    settings.username = "b2m";
    settings.password = "wrong-secret";
    expect_refusal(settings, "the broker ");
    EXPECT_TRUE(complaints.holds("user name") || complaints.holds("username")) << complaints.text();
  }
  EXPECT_FALSE(complaints.holds("wrong-secret"));
}

TEST_F(MqttAccess, ConnectsOverTls) {
  Broker broker({.is_tls = true});
  auto settings = settings_for(broker.url());
  settings.ca_file = broker.certificates().ca();
  LinkUnderTest link(settings);

  EXPECT_TRUE(link.run_until_online()) << complaints.text();
}

TEST_F(MqttAccess, RefusesABrokerOfAnUnknownAuthority) {
  Broker broker({.is_tls = true});
  auto settings = settings_for(broker.url());
  settings.ca_file = broker.certificates().other_ca();
  expect_refusal(settings, "ca_file");

  settings.ca_file.clear();  // the system's authorities do not know it either
  expect_refusal(settings, "ca_file");
}

TEST_F(MqttAccess, RefusesABrokerOfAnotherName) {
  Broker broker({.is_tls = true, .server_certificate = "wronghost"});
  auto settings = settings_for(broker.url());
  settings.ca_file = broker.certificates().ca();

  expect_refusal(settings, "another host name than localhost");
}

TEST_F(MqttAccess, ShowsItsCertificateWhereOneIsWanted) {
  Broker broker({.is_tls = true, .wants_client_certificate = true});
  auto settings = settings_for(broker.url());
  settings.ca_file = broker.certificates().ca();
  expect_refusal(settings, "certificate");

  settings.cert_file = broker.certificates().file("client.crt");
  settings.key_file = broker.certificates().file("client.key");
  LinkUnderTest link(settings);
  EXPECT_TRUE(link.run_until_online()) << complaints.text();
}

TEST_F(MqttAccess, SaysThatAPortDoesNotSpeakTls) {
  Broker broker;
  auto settings = settings_for("mqtts://localhost:" + std::to_string(broker.port()));

  expect_refusal(settings, "TLS port");
}

TEST_F(MqttAccess, FallsBackTo311WhenTheBrokerSaysItIsTooOld) {
  OldBroker broker;
  LinkUnderTest link(settings_for(broker.url()));
  ASSERT_TRUE(link.run_until_online()) << complaints.text();

  EXPECT_EQ(link->stats().protocol, 4);
  EXPECT_EQ(broker.refused(), 1);
  EXPECT_TRUE(link.run_until([&] { return broker.published() == 1; }));  // "online"
}

TEST_F(MqttAccess, StaysWithTheVersionItIsToldToUse) {
  OldBroker broker;
  auto settings = settings_for(broker.url());
  settings.protocol = 5;

  expect_refusal(settings, "does not speak MQTT 5");
}

TEST(MqttCheck, RefusesSettingsThatCannotWork) {
  ScratchFolder folder;
  const auto complaint = [](auto change) {
    mqtt::LinkSettings s;
    change(s);
    const auto checked = mqtt::check(s);
    return checked ? std::string() : checked.error().text();
  };
  using S = mqtt::LinkSettings;
  const auto has = [](const std::string& text, const char* word) {
    return text.find(word) != std::string::npos;
  };

  EXPECT_EQ(complaint([](S&) {}), "");
  EXPECT_EQ(complaint([](S& s) { s.url = "mqtts://[::1]:8883"; }), "");
  EXPECT_EQ(complaint([](S& s) { s.url = "mqtt://broker.local"; }), "");
  EXPECT_TRUE(has(complaint([](S& s) { s.url = "http://x"; }), "mqtt://"));
  EXPECT_TRUE(has(complaint([](S& s) { s.url = "broker"; }), "mqtt://"));
  EXPECT_TRUE(has(complaint([](S& s) { s.url = "mqtt://"; }), "HOST"));
  EXPECT_TRUE(has(complaint([](S& s) { s.url = "mqtt://host:0"; }), "port"));
  EXPECT_TRUE(has(complaint([](S& s) { s.url = "mqtt://host:70000"; }), "port"));
  EXPECT_TRUE(has(complaint([](S& s) { s.url = "mqtt://host:abc"; }), "port"));
  EXPECT_TRUE(has(complaint([](S& s) { s.ca_file = "/x"; }), "mqtts://"));
  EXPECT_TRUE(has(complaint([](S& s) {
                    s.url = "mqtts://host";
                    s.ca_file = "/missing/ca.crt";
                  }),
                  "/missing/ca.crt"));
  const std::string with_login = complaint([](S& s) { s.url = "mqtt://me:secret@host"; });
  EXPECT_TRUE(has(with_login, "username"));
  EXPECT_FALSE(has(with_login, "secret"));
}

}  // namespace
}  // namespace b2m::test
