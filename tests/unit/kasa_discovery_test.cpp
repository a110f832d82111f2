// SPDX-License-Identifier: MIT
// What the probes look like, and what is made of answers: real ones, other devices', and garbage.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "adapters/kasa/discovery.hpp"
#include "adapters/kasa/xor_protocol.hpp"

namespace b2m::kasa {
namespace {

using Json = nlohmann::json;
constexpr auto kFrom = "192.168.1.7";

std::vector<std::uint8_t> from_hex(const std::string& hex) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

Json shared(const std::string& name) {
  std::ifstream file(B2M_SOURCE_DIR "/../shared/data/kasa/" + name);
  return file ? Json::parse(file) : Json();
}

Result<Found> parse_xor(const std::string& json) {
  return parse_xor_answer(xor_encrypt(json), kFrom);
}

Result<Found> parse_tdp(const std::string& json) {
  std::vector<std::uint8_t> packet(16, 0);
  packet.insert(packet.end(), json.begin(), json.end());
  return parse_tdp_answer(packet, kFrom);
}

Json plug() {
  return Json::parse(R"json({"system":{"get_sysinfo":{"mic_type":"IOT.SMARTPLUGSWITCH","err_code":0,
    "mac":"c0:06:c3:00:00:01","deviceId":"8006000000000000000000000000000000000001",
    "model":"KP115(EU)","alias":"Bench","feature":"TIM:ENE","dev_name":"Smart Wi-Fi Plug Mini"}}})json");
}

Json tdp_plug(const std::string& encryption) {
  Json all = Json::parse(R"json({"error_code":0,"result":{"device_type":"SMART.KASAPLUG",
    "device_model":"KP125M(US)","device_id":"0123456789abcdef0123456789abcdef",
    "owner":"d41d8cd98f00b204e9800998ecf8427e","mac":"78-8C-B5-00-00-01",
    "mgt_encrypt_schm":{"http_port":80,"is_support_https":false,"lv":2}}})json");
  all["result"]["mgt_encrypt_schm"]["encrypt_type"] = encryption;
  return all;
}

TEST(KasaDiscovery, TheXorProbeIsTheWorkedMessageWithoutItsLength) {
  EXPECT_EQ(to_hex(xor_probe()), "D0F281F88BFF9AF7D5EF94B6D1B4C09FEC95E68FE187E8CAF08BF68BF6");
}

TEST(KasaDiscovery, TheTdpProbeHasTheWorkedHeader) {
  EXPECT_EQ(to_hex(tdp_probe(0, "")), "020000010000000000000000463CB5D3");
}

TEST(KasaDiscovery, TheTdpProbeWithAKeyIsThatOfAnotherImplementation) {
  const Json vectors = shared("vectors.json");
  if (vectors.is_null()) GTEST_SKIP() << "no ../shared/data/kasa/vectors.json";
  const Json& tdp = vectors["discovery20002"];
  const auto packet = tdp_probe(0x01020304, tdp["rsa_public_spki_pem"]);
  EXPECT_EQ(to_hex(packet), to_hex(from_hex(tdp["packet"])));
}

TEST(KasaDiscovery, MakesAPublicKeyOfItsOwn) {
  const std::string pem = make_public_key_pem();
  EXPECT_TRUE(pem.starts_with("-----BEGIN PUBLIC KEY-----\n"));
  EXPECT_TRUE(pem.ends_with("-----END PUBLIC KEY-----\n"));
  EXPECT_GT(pem.size(), 400U);
  EXPECT_NE(pem, make_public_key_pem());
}

TEST(KasaDiscovery, ReadsAllRecordedAnswers) {
  const Json recorded = shared("discovery-wire.json");
  if (recorded.is_null()) GTEST_SKIP() << "no ../shared/data/kasa/discovery-wire.json";
  std::size_t strips = 0;
  for (const Json& answer : recorded) {
    const auto bytes = from_hex(answer["datagram_hex"]);
    const bool is_xor = answer["port"] == kXorPort;
    const auto found = is_xor ? parse_xor_answer(bytes, kFrom) : parse_tdp_answer(bytes, kFrom);
    const std::string fixture = answer["fixture"];
    ASSERT_TRUE(found) << fixture << ": " << found.error().text();
    const std::string model = found->model;
    EXPECT_NE(fixture.find(model), std::string::npos) << fixture << ": " << model;
    EXPECT_EQ(found->mac.size(), 17U) << fixture;
    if (is_xor) {
      EXPECT_EQ(found->has_meter, answer["json"]["system"]["get_sysinfo"]["feature"] == "TIM:ENE");
    }
    for (const Found::Socket& socket : found->sockets) EXPECT_EQ(socket.id.size(), 42U) << fixture;
    strips += found->sockets.empty() ? 0 : 1;
    const bool is_aes =
        !is_xor && answer["json"]["result"]["mgt_encrypt_schm"]["encrypt_type"] == "AES";
    EXPECT_EQ(found->trouble.empty(), !is_aes) << fixture << ": " << found->trouble;
  }
  EXPECT_GT(strips, 5U);
}

TEST(KasaDiscovery, ReadsAPlugAndRebuildsTheShortenedIdsOfAStrip) {
  Json strip = plug();
  Json& info = strip["system"]["get_sysinfo"];
  info["children"] = Json::parse(R"([{"id":"00","alias":"Left"},
    {"id":"800600000000000000000000000000000000000101","alias":"Right"}])");
  const auto found = parse_xor(strip.dump());
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->mac, "C0:06:C3:00:00:01");
  EXPECT_EQ(found->transport, Transport::xor_tcp);
  EXPECT_EQ(found->address, kFrom);
  EXPECT_EQ(found->has_meter, true);
  ASSERT_EQ(found->sockets.size(), 2U);
  EXPECT_EQ(found->sockets[0].id, "800600000000000000000000000000000000000100");
  EXPECT_EQ(found->sockets[1].id, "800600000000000000000000000000000000000101");
  EXPECT_EQ(found->sockets[1].alias, "Right");
}

TEST(KasaDiscovery, ReadsTheSpellingOfNewerFirmware) {
  Json json = plug();
  Json& info = json["system"]["get_sysinfo"];
  info.erase("mac");
  info.erase("feature");
  info["mic_mac"] = "C006C3000001";
  const auto found = parse_xor(json.dump());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->mac, "C0:06:C3:00:00:01");
  EXPECT_EQ(found->has_meter, std::nullopt) << "unknown, not absent";
}

TEST(KasaDiscovery, OtherDevicesAreRefusedByName) {
  Json bulb = plug();
  bulb["system"]["get_sysinfo"]["mic_type"] = "IOT.SMARTBULB";
  Json dimmer = plug();
  dimmer["system"]["get_sysinfo"]["dev_name"] = "Wi-Fi Smart Dimmer";
  Json light = plug();
  light["system"]["get_sysinfo"]["dev_name"] = "Smart Wi-Fi Light Switch";
  Json camera;
  camera["system"]["get_sysinfo"]["system"] = Json::object();
  for (const Json& other : {bulb, dimmer, light, camera})
    EXPECT_EQ(parse_xor(other.dump()).error().code, Errc::not_supported) << other;
  Json hub = tdp_plug("KLAP");
  hub["result"]["device_type"] = "SMART.TAPOHUB";
  EXPECT_EQ(parse_tdp(hub.dump()).error().code, Errc::not_supported);
}

TEST(KasaDiscovery, GarbageIsMalformed) {
  Json no_mac = plug();
  no_mac["system"]["get_sysinfo"]["mac"] = "C0:06";
  Json odd = plug();
  odd["system"]["get_sysinfo"]["mic_type"] = 7;
  for (const std::string& text :
       {std::string(), std::string("hello"), std::string("{}"), std::string("[]"),
        std::string("{\"system\":7}"), no_mac.dump(), odd.dump(), std::string(60'000, '[')})
    EXPECT_EQ(parse_xor(text).error().code, Errc::malformed) << text.substr(0, 80);
  Json no_type = tdp_plug("KLAP");
  no_type["result"].erase("device_type");
  for (const std::string& text : {std::string(), std::string("{\"result\":[]}"), no_type.dump(),
                                  std::string("\xFF\xFE"), std::string(60'000, '[')})
    EXPECT_EQ(parse_tdp(text).error().code, Errc::malformed) << text.substr(0, 80);
}

TEST(KasaDiscovery, ChoosesTheTransportAndSaysWhatCannotBeUsed) {
  const auto klap = parse_tdp(tdp_plug("KLAP").dump());
  ASSERT_TRUE(klap);
  EXPECT_EQ(klap->transport, Transport::klap);
  EXPECT_EQ(klap->family, Family::smart);
  EXPECT_EQ(klap->mac, "78:8C:B5:00:00:01");
  EXPECT_EQ(klap->owner, "D41D8CD98F00B204E9800998ECF8427E");
  EXPECT_EQ(klap->port, 80);
  EXPECT_TRUE(klap->trouble.empty());
  EXPECT_EQ(klap->has_meter, std::nullopt);

  EXPECT_EQ(parse_tdp(tdp_plug("AES").dump())->transport, Transport::secure_passthrough);
  EXPECT_NE(parse_tdp(tdp_plug("AES").dump())->trouble.find("update"), std::string::npos);
  EXPECT_EQ(parse_tdp(tdp_plug("TPAP").dump())->transport, Transport::tpap);
  EXPECT_NE(parse_tdp(tdp_plug("TPAP").dump())->trouble.find("Third-Party"), std::string::npos);
  EXPECT_EQ(parse_tdp(tdp_plug("ROT13").dump())->transport, Transport::unknown);
  EXPECT_FALSE(parse_tdp(tdp_plug("ROT13").dump())->trouble.empty());
}

TEST(KasaDiscovery, AnOldPlugOnNewFirmwareKeepsItsOldCommands) {
  Json json = tdp_plug("KLAP");
  json["result"]["device_type"] = "IOT.SMARTPLUGSWITCH";
  json["result"]["mgt_encrypt_schm"].erase("lv");
  json["result"]["mgt_encrypt_schm"]["http_port"] = 70'000;
  const auto found = parse_tdp(json.dump());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->family, Family::iot);
  EXPECT_EQ(found->transport, Transport::klap);
  EXPECT_EQ(found->port, 80) << "an impossible port";
}

TEST(KasaDiscovery, AddressesAndNamesHaveOneForm) {
  EXPECT_EQ(normal_mac("aa-bb-cc-dd-ee-0f"), "AA:BB:CC:DD:EE:0F");
  EXPECT_EQ(normal_mac("AABBCCDDEE0f"), "AA:BB:CC:DD:EE:0F");
  for (const auto* wrong : {"", "AA:BB", "AA:BB:CC:DD:EE:GG", "AABBCCDDEE0", "AABBC-DDEE0F",
                            "AA:BB:CC:DD:EE:0F ", "A:ABB:CC:DD:EE:0F"})
    EXPECT_EQ(normal_mac(wrong), "") << wrong;
  EXPECT_EQ(normal_alias("  Garage   E-Bike "), "garage e-bike");
  EXPECT_EQ(normal_alias("Ä"), "Ä");
  EXPECT_EQ(normal_alias("  "), "");
}

}  // namespace
}  // namespace b2m::kasa
