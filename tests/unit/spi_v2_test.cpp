// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "adapters/spi_nodes/v2.hpp"
#include "tests/support/spi_vectors.hpp"

namespace b2m::spi_nodes {
namespace {

using namespace literals;
using test::from_hex;
using test::read_vectors;

V2Reply a_reply() {
  V2Reply reply;
  reply.legacy_high = 1;
  reply.address = 3;
  reply.sequence = 3;
  reply.command = V2Command::read;
  reply.payload = to_payload(V2Read{3913, 24.6_degC, 0, v2_flag::kValid});
  return reply;
}

V2Fault fault_of(Bytes miso) {
  const V2Frame mosi = encode(plain_request(V2Command::read));
  return parse_reply(miso, mosi).fault;
}

TEST(SpiV2, TheChecksumIsCrc32Mpeg2) {
  const std::string digits = "123456789";
  const std::vector<std::uint8_t> bytes(digits.begin(), digits.end());

  EXPECT_EQ(crc32(bytes), 0x0376E6E7U);
}

TEST(SpiV2, RequestsOfThePageAreReadAndWritten) {
  for (const auto& [hex, expected] : read_vectors("v2_requests.txt")) {
    const auto mosi = from_hex(hex);
    const auto request = parse_request(mosi);
    ASSERT_TRUE(request) << hex;
    EXPECT_EQ(fmt::format("{:02X} {} {:02X} {}", request->address, request->sequence,
                          static_cast<int>(request->command), to_hex(request->arguments)),
              expected);
    EXPECT_EQ(to_hex(encode(*request)), hex);
  }
}

TEST(SpiV2, RepliesOfThePageAreReadAndWritten) {
  for (const auto& [hex, expected] : read_vectors("v2_replies.txt")) {
    const auto miso = from_hex(hex);
    const V2Parsed parsed = parse_reply(miso, V2Frame{});
    ASSERT_EQ(parsed.fault, V2Fault::none) << hex;
    const V2Reply& reply = parsed.reply;
    EXPECT_EQ(fmt::format("{:02X} {} {} {:02X} {}", reply.address, reply.sequence,
                          static_cast<int>(reply.status), static_cast<int>(reply.command),
                          to_hex(reply.payload)),
              expected);
    EXPECT_EQ(to_hex(encode(reply)), hex);
  }
}

TEST(SpiV2, PayloadsOfThePageMeanWhatItSays) {
  const V2Read warm = read_payload({0x49, 0x0F, 0xF6, 0x00, 0x00, 0x80});
  EXPECT_EQ(warm.voltage_mv, 3913);
  EXPECT_DOUBLE_EQ(warm.temperature->value, 24.6);
  EXPECT_TRUE(warm.is_valid());

  EXPECT_DOUBLE_EQ(read_payload({0x49, 0x0F, 0xCB, 0xFF, 0x00, 0x80}).temperature->value, -5.3);
  EXPECT_FALSE(read_payload({0x49, 0x0F, 0x00, 0x80, 0x00, 0x80}).temperature);

  const V2Bleed bleed = bleed_payload({0xC8, 0x3C, 0x00, 0x00, 0x3C, 0x0F});
  EXPECT_EQ(bleed.duty, 200);
  EXPECT_EQ(bleed.left_s, 60);
  EXPECT_EQ(bleed.voltage_mv, 3900);
  EXPECT_EQ(inhibit_reason(bleed_payload({0, 0, 0, 2, 0x3C, 0x0F}).reason), "it is too hot");
}

TEST(SpiV2, PayloadsSurviveBeingWrittenAndRead) {
  const V2Read cold = read_payload(to_payload(V2Read{3001, -40.1_degC, 7, 0x81}));
  EXPECT_DOUBLE_EQ(cold.temperature->value, -40.1);
  EXPECT_EQ(cold.duty, 7);
  EXPECT_FALSE(read_payload(to_payload(V2Read{})).temperature);
  EXPECT_EQ(stats_payload(to_payload(V2Stats{1, 2, 65535})).samples, 65535);
  EXPECT_EQ(raw_payload(to_payload(V2Raw{1023, 5000, 1100})).reference_mv, 1100);
  EXPECT_EQ(limits_payload(to_payload(V2Limits{3000, 4250})), (V2Limits{3000, 4250}));
  const V2Identity identity{1, 1, 2, 3, 0x1F, 1};
  EXPECT_EQ(identity_payload(to_payload(identity)), identity);
}

TEST(SpiV2, StuckLinesAreNamed) {
  EXPECT_EQ(fault_of(V2Frame{}), V2Fault::all_zero);
  V2Frame high;
  high.fill(0xFF);
  EXPECT_EQ(fault_of(high), V2Fault::all_one);
  high[0] = 0x01;  // the byte that is not part of the reply
  EXPECT_EQ(fault_of(high), V2Fault::all_one);
}

TEST(SpiV2, ABridgeFromMosiToMisoIsNamed) {
  const V2Frame mosi = encode(plain_request(V2Command::read));

  EXPECT_EQ(parse_reply(mosi, mosi).fault, V2Fault::echo);
}

TEST(SpiV2, AnInvertedLineIsNamed) {
  V2Frame miso = encode(a_reply());
  for (std::uint8_t& b : miso) b = static_cast<std::uint8_t>(~b);

  EXPECT_EQ(fault_of(miso), V2Fault::inverted);
}

TEST(SpiV2, AReplyThatBeginsEarlyOrLateIsASlip) {
  const V2Frame good = encode(a_reply());
  for (const int by : {-3, -1, 1, 2, 4})
    EXPECT_EQ(fault_of(test::shifted(good, by)), V2Fault::slip) << by;
}

TEST(SpiV2, ADamagedReplyAndAnotherProtocolAreToldApart) {
  V2Frame miso = encode(a_reply());
  miso[6] ^= 0x10;
  EXPECT_EQ(fault_of(miso), V2Fault::checksum);
  EXPECT_EQ(fault_of(from_hex("016901690169016901690169016901")), V2Fault::start);
  EXPECT_EQ(fault_of(from_hex("0169")), V2Fault::too_short);
}

TEST(SpiV2, RequestsOfAnotherLengthVersionOrFillAreIgnored) {
  const V2Frame good = encode(plain_request(V2Command::read));
  ASSERT_TRUE(parse_request(good));
  EXPECT_FALSE(parse_request(Bytes(good).first(14)));

  V2Frame filled = good;
  filled[14] = 1;
  EXPECT_FALSE(parse_request(filled));
}

TEST(SpiV2, AnInhibitedBleedIsNotASuccess) {
  EXPECT_EQ(to_string(V2Status::inhibited), "inhibited");
  EXPECT_EQ(to_string(static_cast<V2Status>(9)), "status 9");
}

}  // namespace
}  // namespace b2m::spi_nodes
