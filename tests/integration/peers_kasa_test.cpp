// SPDX-License-Identifier: MIT
// Plugs of `battery2mqtt peers`: reached over TCP, seen in its lines and in the cells of a pack.
#include <array>
#include <cstring>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include "adapters/kasa/peer_xor.hpp"
#include "tests/support/peers.hpp"

namespace b2m::test {
namespace {

using nlohmann::json;

constexpr const char* kWorld = R"(
[[can]]
id = "bench"
transport = "candump:@DIR@/log"
  [[can.pack]]
  part = 1
  chemistry = "lead_12v"
  interval_ms = 100

[[kasa]]
id = "garage"
model = "KP115"
  [[kasa.load]]
  kind = "charger"
  charges = "bench/1"
  watts = 500

[[kasa]]
id = "strip"
model = "HS300"
address = "127.0.1.2"
sockets = 2
  [[kasa.load]]
  socket = 2
  kind = "lamp"
  watts = 40
)";

int port_in(const std::string& said, const std::string& id) {
  const std::string mark = "kasa id=" + id + " port=";
  return std::stoi(said.substr(said.find(mark) + mark.size()));
}

/// One request on a connection of its own; null when nothing comes back.
json ask(const std::string& address, int port, const std::string& request) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, address.c_str(), &to.sin_addr);
  std::vector<std::uint8_t> received;
  std::optional<std::string> reply;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) {
    const auto frame = kasa::peer::xor_frame(request);
    EXPECT_EQ(write(fd, frame.data(), frame.size()), static_cast<ssize_t>(frame.size()));
    std::array<std::uint8_t, 4096> buffer{};
    for (ssize_t n = 1; !reply && n > 0;) {
      n = read(fd, buffer.data(), buffer.size());
      received.insert(received.end(), buffer.begin(), buffer.begin() + std::max<ssize_t>(n, 0));
      reply = kasa::peer::take_xor_frame(received);
    }
  }
  close(fd);
  return reply ? json::parse(*reply, nullptr, false) : json();
}

constexpr const char* kOn = R"({"system":{"set_relay_state":{"state":1}}})";
constexpr const char* kMeter = R"({"emeter":{"get_realtime":{}}})";

TEST(PeersKasa, APlugDrivesTheChargerOfAPack) {
  Peers peers(kWorld, "20");
  const int port = port_in(peers.said(), "garage");
  EXPECT_EQ(ask("127.0.1.1", port, kMeter)["emeter"]["get_realtime"]["power_mw"], 0);

  ask("127.0.1.1", port, kOn);

  EXPECT_TRUE(peers.wait_for("kasa id=garage relay=on by=lan\n"));
  const json meter = [&] {
    json last = json::object();
    for (int i = 0; i < 1000 && last.value("power_mw", 0) < 100'000; ++i)
      last = ask("127.0.1.1", port, kMeter)["emeter"]["get_realtime"];
    return last;
  }();
  EXPECT_GT(meter["power_mw"], 100'000);
}

TEST(PeersKasa, ATimerFiresByItself) {
  Peers peers(kWorld, "20");
  ask("127.0.1.1", port_in(peers.said(), "garage"),
      R"({"count_down":{"add_rule":{"enable":1,"delay":10,"act":0,"name":"guard"}},)"
      R"("system":{"set_relay_state":{"state":1}}})");

  EXPECT_TRUE(peers.wait_for("kasa id=garage timer=armed seconds=10 act=off\n"));
  EXPECT_TRUE(peers.wait_for("kasa id=garage relay=off by=timer\n"));
}

TEST(PeersKasa, FaultsGoToTheOneTheyName) {
  Peers peers(kWorld, "20");

  peers.fault("kind=button kasa=strip socket=2");
  EXPECT_TRUE(peers.wait_for("kasa id=strip socket=2 relay=on by=button\n"));
  EXPECT_TRUE(peers.wait_for("fault kind=button kasa=strip socket=2\n"));
  peers.fault("kind=silent kasa=garage");
  EXPECT_TRUE(peers.wait_for("refused kind=silent kasa=garage reason=not_of_a_plug\n"));
  peers.fault("kind=deaf kasa=nobody");
  EXPECT_TRUE(peers.wait_for("refused kind=deaf kasa=nobody reason=no_such_plug\n"));
  peers.fault("kind=reboot kasa=garage");
  EXPECT_TRUE(peers.wait_for("kasa id=garage state=away cause=reboot\n"));
  EXPECT_TRUE(peers.wait_for("kasa id=garage state=back\n"));
}

TEST(PeersKasa, RefusesALoadInASocketThatIsNotThere) {
  EXPECT_THROW(Peers("[[kasa]]\nid = \"a\"\n[[kasa.load]]\nsocket = 2\nkind = \"lamp\"\n"),
               std::runtime_error);
  EXPECT_THROW(
      Peers("[[kasa]]\nid = \"a\"\n[[kasa.load]]\nkind = \"charger\"\ncharges = \"x/1\"\n"),
      std::runtime_error);
}

}  // namespace
}  // namespace b2m::test
