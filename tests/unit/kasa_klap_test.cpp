// SPDX-License-Identifier: MIT
// KLAP's arithmetic against worked vectors.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "adapters/kasa/klap_protocol.hpp"

namespace b2m::kasa {
namespace {

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

}  // namespace
}  // namespace b2m::kasa
