// SPDX-License-Identifier: MIT
// The simulated plug itself: what it answers, what its timer does, what each fault does.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "adapters/kasa/peer.hpp"
#include "adapters/kasa/peer_xor.hpp"
#include "gateway/io/memory_network.hpp"
#include "gateway/sim/charger_load.hpp"
#include "tests/support/running.hpp"

namespace b2m::kasa {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr const char* kSysinfo = R"({"system":{"get_sysinfo":{}}})";
constexpr const char* kRealtime = R"({"emeter":{"get_realtime":{}}})";
constexpr const char* kRules = R"({"count_down":{"get_rules":{}}})";

class KasaPeer : public testing::Test {
 protected:
  PlugPeer& start(const std::string& model = "KP115", Watts lamp = Watts(60)) {
    std::vector<std::unique_ptr<sim::WallLoad>> loads;
    loads.push_back(std::make_unique<sim::Lamp>(lamp));
    PlugPeerSettings settings;
    settings.id = "garage";
    settings.model = model;
    settings.address = "127.0.1.1";
    settings.port = 9999;
    settings.klap_port = 80;
    settings.tdp_port = 20002;
    settings.username = "user@example.com";
    settings.password = "great_password";
    plug = std::make_unique<PlugPeer>(clock.executor(), network, clock, settings, std::move(loads),
                                      [this](const std::string& line) { said.push_back(line); });
    EXPECT_TRUE(plug->open());
    return *plug;
  }

  json ask(const std::string& request) { return json::parse(plug->answer(request)); }
  json relay(bool is_on) {
    return ask(is_on ? R"({"system":{"set_relay_state":{"state":1}}})"
                     : R"({"system":{"set_relay_state":{"state":0}}})");
  }
  json arm(int seconds, const std::string& more = "") {
    return ask(R"({"count_down":{"add_rule":{"enable":1,"act":0,"name":"guard","delay":)" +
               std::to_string(seconds) + more + "}}}")["count_down"]["add_rule"];
  }
  bool inject(PlugFaultKind kind, SteadyDuration lasts = SteadyDuration::max(), int socket = 0) {
    PlugFault fault;
    fault.kind = kind;
    fault.lasts = lasts;
    fault.socket = socket;
    const bool done = plug->inject(fault);
    clock.settle();
    return done;
  }
  bool has_said(const std::string& line) const {
    return std::ranges::find(said, "kasa id=garage " + line) != said.end();
  }

  std::unique_ptr<ByteStream> connect() {
    Endpoint to{"127.0.1.1", 9999};
    auto stream = test::finish(clock, network.connect(std::move(to), clock.now() + 1s));
    return stream ? std::move(*stream) : nullptr;
  }
  /// What comes before the other side closes, or goes quiet for a second.
  std::vector<std::uint8_t> exchange(ByteStream& stream, const std::string& request) {
    return read_all(stream, peer::xor_frame(request));
  }
  std::vector<std::uint8_t> read_all(ByteStream& stream, std::vector<std::uint8_t> request = {}) {
    Heard heard;
    test::Running<> talk(clock, converse(stream, std::move(request), clock.now() + 1s, heard));
    if (!talk.is_done()) clock.advance(1s);
    is_closed_ = talk.join().error().code == Errc::disconnected;
    reads_ = heard.reads;
    return heard.bytes;
  }
  struct Heard {
    std::vector<std::uint8_t> bytes;
    int reads = 0;
  };
  static Awaitable<Result<>> converse(ByteStream& stream, std::vector<std::uint8_t> request,
                                      SteadyTime deadline, Heard& heard) {
    const Result<> written = co_await stream.write(request, deadline);
    if (!written) co_return written;
    std::vector<std::uint8_t> buffer(4096);
    for (;;) {
      const auto n = co_await stream.read_some(buffer, deadline);
      if (!n) co_return n.error();
      ++heard.reads;
      heard.bytes.insert(heard.bytes.end(), buffer.begin(),
                         buffer.begin() + static_cast<std::ptrdiff_t>(*n));
    }
  }

  test::VirtualClock clock;
  MemoryNetwork network{clock.executor(), clock};
  std::vector<std::string> said;
  std::unique_ptr<PlugPeer> plug;
  bool is_closed_ = false;
  int reads_ = 0;
};

TEST_F(KasaPeer, AnswersTheBytesOfTheReference) {
  start("HS100");
  auto stream = connect();
  // {"system":{"set_relay_state":{"state":1}}}
  const std::vector<std::uint8_t> bytes = {
      0x00, 0x00, 0x00, 0x2a, 0xd0, 0xf2, 0x81, 0xf8, 0x8b, 0xff, 0x9a, 0xf7,
      0xd5, 0xef, 0x94, 0xb6, 0xc5, 0xa0, 0xd4, 0x8b, 0xf9, 0x9c, 0xf0, 0x91,
      0xe8, 0xb7, 0xc4, 0xb0, 0xd1, 0xa5, 0xc0, 0xe2, 0xd8, 0xa3, 0x81, 0xf2,
      0x86, 0xe7, 0x93, 0xf6, 0xd4, 0xee, 0xdf, 0xa2, 0xdf, 0xa2};

  ASSERT_TRUE(test::finish(clock, stream->write(bytes, kNoDeadline)));
  auto reply = read_all(*stream);

  EXPECT_TRUE(plug->is_on());
  EXPECT_TRUE(has_said("relay=on by=lan"));
  EXPECT_EQ(peer::take_xor_frame(reply), R"({"system":{"set_relay_state":{"err_code":0}}})");
}

TEST_F(KasaPeer, TimerSwitchesOffAndItsEntryStays) {
  start();
  const std::string id = arm(1800)["id"];
  relay(true);

  clock.advance(1799s);
  EXPECT_TRUE(plug->is_on());
  EXPECT_EQ(ask(kSysinfo)["system"]["get_sysinfo"]["active_mode"], "count_down");
  clock.advance(1s);

  EXPECT_TRUE(has_said("timer=armed seconds=1800 act=off"));
  EXPECT_TRUE(has_said("relay=off by=timer"));  // said although nobody asked
  const json rule = ask(kRules)["count_down"]["get_rules"]["rule_list"][0];
  EXPECT_EQ(rule["id"], id);
  EXPECT_EQ(rule["enable"], 0);
  EXPECT_EQ(rule["delay"], 0);
  EXPECT_EQ(rule["remain"], 0);
}

TEST_F(KasaPeer, ATimerThatFiredStillFillsTheTable) {
  start();
  arm(60);
  clock.advance(61s);

  EXPECT_EQ(arm(60)["err_code"], -10);
  ask(R"({"count_down":{"delete_all_rules":{}}})");
  EXPECT_EQ(arm(60)["err_code"], 0);
}

TEST_F(KasaPeer, EditingRestartsTheCount) {
  start();
  const std::string id = arm(1800)["id"];
  relay(true);
  clock.advance(1700s);

  const std::string edit = R"({"count_down":{"edit_rule":{"enable":1,"act":0,"delay":1800,"id":")";
  EXPECT_EQ(ask(edit + id + R"("}}})")["count_down"]["edit_rule"]["err_code"], 0);
  EXPECT_EQ(ask(edit + R"(x"}}})")["count_down"]["edit_rule"]["err_code"], -14);
  EXPECT_EQ(ask(R"({"count_down":{"edit_rule":{"enable":1,"act":0,"delay":1800}}})")["count_down"]
                                                                                    ["edit_rule"]
                                                                                    ["err_code"],
            -3);

  clock.advance(1700s);
  EXPECT_TRUE(plug->is_on());
  EXPECT_EQ(ask(kRules)["count_down"]["get_rules"]["rule_list"][0]["remain"], 100);
  clock.advance(101s);
  EXPECT_FALSE(plug->is_on());
}

TEST_F(KasaPeer, EnergyAddsUpAndRestartsWithThePlug) {
  start();
  relay(true);
  clock.advance(std::chrono::hours(2));

  const json before = ask(kRealtime)["emeter"]["get_realtime"];
  inject(PlugFaultKind::reboot);
  clock.advance(10s);
  const json after = ask(kRealtime)["emeter"]["get_realtime"];

  EXPECT_EQ(before["total_wh"], 120);
  EXPECT_EQ(before["power_mw"], 60000);
  EXPECT_EQ(after["total_wh"], 0);
  EXPECT_TRUE(plug->is_on());
  EXPECT_EQ(ask(kSysinfo)["system"]["get_sysinfo"]["on_time"], 2);
}

TEST_F(KasaPeer, OldMeterSpeaksInFloats) {
  start("HS110");
  relay(true);
  clock.advance(std::chrono::hours(1));

  const json meter = ask(kRealtime)["emeter"]["get_realtime"];
  EXPECT_DOUBLE_EQ(meter["power"], 60.0);
  EXPECT_NEAR(meter["total"].get<double>(), 0.06, 1e-6);
}

TEST_F(KasaPeer, APlugWithoutMeterHasNoModule) {
  start("HS100");
  EXPECT_EQ(ask(kRealtime)["emeter"]["err_code"], -1);
  EXPECT_EQ(ask(kSysinfo)["system"]["get_sysinfo"]["feature"], "TIM");
}

TEST_F(KasaPeer, WithoutContextAStripSwitchesAllSockets) {
  start("HS300");
  relay(true);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_TRUE(plug->is_on(i)) << i;
}

TEST_F(KasaPeer, AContextChoosesSocketsAndAnUnknownOneStopsAll) {
  start("HS300");
  const json children = ask(kSysinfo)["system"]["get_sysinfo"]["children"];
  const std::string second = children[1]["id"];
  EXPECT_EQ(second.size(), 42U);
  const std::string on = R"(,"system":{"set_relay_state":{"state":1}}})";

  ask(R"({"context":{"child_ids":[")" + second + R"("]})" + on);
  EXPECT_TRUE(plug->is_on(1));
  EXPECT_FALSE(plug->is_on(0));
  EXPECT_TRUE(has_said("socket=2 relay=on by=lan"));

  const std::string first = children[0]["id"];
  const json reply = ask(R"({"context":{"child_ids":[")" + first + R"(","nobody"]})" + on);
  EXPECT_EQ(reply["system"]["set_relay_state"]["err_code"], -14);
  EXPECT_FALSE(plug->is_on(0));
}

TEST_F(KasaPeer, AnswersDiscoveryWithShortChildIds) {
  start("HS300");
  auto socket = network.open_datagram(Endpoint{"127.0.0.1", 0});
  ASSERT_TRUE(socket);
  const auto probe = peer::scramble(kSysinfo);
  ASSERT_TRUE((*socket)->send_to(probe, Endpoint{"127.0.1.1", 9999}));
  std::vector<std::uint8_t> buffer(8192);
  const auto got = test::finish(clock, (*socket)->receive(buffer, kNoDeadline));

  ASSERT_TRUE(got);
  const json reply = json::parse(peer::unscramble(Bytes(buffer).first(got->size)));
  EXPECT_EQ(reply["system"]["get_sysinfo"]["children"][5]["id"], "05");
}

TEST_F(KasaPeer, PowerCutTakesThePlugTimerAndLoadButTheRelayComesBack) {
  start();
  arm(1800);
  relay(true);
  auto stream = connect();

  inject(PlugFaultKind::power_cut, 30s);
  EXPECT_EQ(connect(), nullptr);
  EXPECT_EQ(plug->power_w(), 0);
  read_all(*stream);
  EXPECT_TRUE(is_closed_);
  clock.advance(40s);

  EXPECT_NE(connect(), nullptr);
  EXPECT_TRUE(plug->is_on());
  EXPECT_EQ(plug->power_w(), 60);
  EXPECT_FALSE(plug->timer_left_s());
}

TEST_F(KasaPeer, FaultsOfTheWire) {
  start();
  const auto whole = peer::xor_frame(plug->answer(kRealtime));
  auto ask_over_wire = [&] {
    auto stream = connect();
    return exchange(*stream, kRealtime);
  };

  inject(PlugFaultKind::fragment);
  EXPECT_EQ(ask_over_wire(), whole);
  EXPECT_GT(reads_, 10);
  plug->clear_faults();

  inject(PlugFaultKind::reset);
  EXPECT_EQ(ask_over_wire().size(), whole.size() / 2);
  EXPECT_TRUE(is_closed_);
  plug->clear_faults();

  inject(PlugFaultKind::close_after_reply);
  EXPECT_EQ(ask_over_wire(), whole);
  EXPECT_TRUE(is_closed_);
  plug->clear_faults();

  inject(PlugFaultKind::huge_header);
  EXPECT_EQ(u32be(ask_over_wire()), 0x06400000U);
  plug->clear_faults();

  for (const auto kind : {PlugFaultKind::truncated, PlugFaultKind::garbage}) {
    inject(kind);
    auto reply = ask_over_wire();
    const auto text = peer::take_xor_frame(reply);
    ASSERT_TRUE(text);
    EXPECT_FALSE(json::accept(*text));
    plug->clear_faults();
  }

  inject(PlugFaultKind::deaf);
  EXPECT_TRUE(ask_over_wire().empty());
  EXPECT_FALSE(is_closed_);
}

TEST_F(KasaPeer, OfflineEndsByItself) {
  start();
  inject(PlugFaultKind::offline, 10s);
  EXPECT_EQ(connect(), nullptr);
  clock.advance(11s);
  EXPECT_NE(connect(), nullptr);
}

TEST_F(KasaPeer, FaultsOfTheRelayAndTheTimer) {
  start();
  inject(PlugFaultKind::ignores_on);
  EXPECT_EQ(relay(true)["system"]["set_relay_state"]["err_code"], 0);
  EXPECT_FALSE(plug->is_on());
  plug->clear_faults();

  relay(true);
  inject(PlugFaultKind::ignores_off);
  relay(false);
  EXPECT_TRUE(plug->is_on());
  plug->clear_faults();

  inject(PlugFaultKind::no_timer);
  EXPECT_EQ(ask(kRules)["count_down"]["err_code"], -1);
  plug->clear_faults();

  inject(PlugFaultKind::timer_full);
  EXPECT_EQ(arm(60)["err_code"], -10);
  EXPECT_EQ(ask(kRules)["count_down"]["get_rules"]["rule_list"][0]["name"], "My timer");
}

TEST_F(KasaPeer, FaultsOfIdentityMeterAndLoad) {
  start();
  relay(true);
  const json before = ask(kSysinfo)["system"]["get_sysinfo"];
  inject(PlugFaultKind::other_identity);
  const json after = ask(kSysinfo)["system"]["get_sysinfo"];
  EXPECT_NE(before["mac"], after["mac"]);
  EXPECT_NE(before["deviceId"], after["deviceId"]);

  inject(PlugFaultKind::meter_missing);
  EXPECT_EQ(ask(kRealtime)["emeter"]["err_code"], -1);
  inject(PlugFaultKind::charger_unplugged, 5s);
  EXPECT_EQ(plug->power_w(), 0);
  clock.advance(6s);
  EXPECT_EQ(plug->power_w(), 60);
  inject(PlugFaultKind::button);
  EXPECT_TRUE(has_said("relay=off by=button"));
}

TEST_F(KasaPeer, FirmwareThatDropsXorSpeaksKlapElsewhere) {
  start("HS300");
  inject(PlugFaultKind::drops_9999);
  EXPECT_EQ(connect(), nullptr);
  EXPECT_EQ(plug->port(), 80);
  Endpoint klap{"127.0.1.1", 80};
  EXPECT_TRUE(test::finish(clock, network.connect(std::move(klap), clock.now() + 1s)));
  plug->clear_faults();
  clock.settle();
  EXPECT_NE(connect(), nullptr);
}

}  // namespace
}  // namespace b2m::kasa
