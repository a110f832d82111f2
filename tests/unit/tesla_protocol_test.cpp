// SPDX-License-Identifier: MIT
// Frames of the ring: worked transactions both ways, and replies among noise, echoes and rests.
#include <array>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/tesla_uart/protocol.hpp"
#include "adapters/tesla_uart/registers.hpp"

namespace b2m::tesla_uart {
namespace {

using Frame = std::vector<std::uint8_t>;

Frame hex(const std::string& text) {
  std::istringstream in(text);
  Frame bytes;
  for (unsigned byte = 0; in >> std::hex >> byte;) bytes.push_back(static_cast<std::uint8_t>(byte));
  return bytes;
}

Frame operator+(Frame a, const Frame& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Frame frame(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

struct Transaction {
  std::string kind;
  std::uint8_t address = 0, reg = 0, last = 0;
  Frame request, reply;
};

std::vector<Transaction> transactions() {
  std::ifstream in(B2M_SOURCE_DIR "/tests/vectors/tesla_uart/transactions.txt");
  std::vector<Transaction> all;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    const auto first = line.find('|'), second = line.find('|', first + 1);
    std::istringstream what(line.substr(0, first));
    Transaction t;
    unsigned address = 0, reg = 0, last = 0;
    what >> t.kind >> address >> std::hex >> reg >> last;
    t.address = static_cast<std::uint8_t>(address);
    t.reg = static_cast<std::uint8_t>(reg);
    t.last = static_cast<std::uint8_t>(last);
    t.request = hex(line.substr(first + 1, second - first - 1));
    t.reply = hex(line.substr(second + 1));
    all.push_back(std::move(t));
  }
  return all;
}

void expect(ReplyParser& parser, const Transaction& t) {
  if (t.kind == "write")
    parser.expect_write(t.address, t.reg, t.last);
  else
    parser.expect_read(t.address, t.reg, t.last);
}

TEST(TeslaProtocol, ChecksumIsThatOfThePolynomial) {
  const std::string digits = "123456789";
  EXPECT_EQ(crc8(Frame(digits.begin(), digits.end())), 0xF4);
  EXPECT_EQ(crc8(hex("04")), 0x1C);
  EXPECT_EQ(crc8(hex("80")), 0x89);
  EXPECT_EQ(crc8(hex("FF")), 0xF3);
}

TEST(TeslaProtocol, ChecksumOfAFrameIgnoresTheMarkOfAnUnaddressedBoard) {
  EXPECT_EQ(frame_crc(hex("80 00 01 61")), 0x35);
  EXPECT_EQ(frame_crc(hex("00 00 01 61")), 0x35);
  // A real board's memory: header, status, registers from 0x20, 0x40 and USER1 on, all else 0.
  Frame dump = hex("80 00 4C") + Frame(0x4C, 0);
  dump[3] = 0x61;
  const Frame alerts = hex("80 0B 30 0F"), limits = hex("10 80 31 81 08 81 66 FF 15");
  std::copy(alerts.begin(), alerts.end(), dump.begin() + 3 + 0x20);
  std::copy(limits.begin(), limits.end(), dump.begin() + 3 + 0x40);
  EXPECT_EQ(frame_crc(dump), 0x9B);
}

TEST(TeslaProtocol, WritesTheWorkedRequests) {
  const auto all = transactions();
  ASSERT_GT(all.size(), 40U);
  for (const Transaction& t : all) {
    const Request made = t.kind == "write"
                             ? write_request(t.address, t.reg, t.last)
                             : read_request(t.address, t.reg, t.last, RequestForm::with_crc);
    EXPECT_EQ(frame(made.view()), t.request) << t.kind << to_hex(t.request);
    if (t.kind == "write") continue;
    const Request bare = read_request(t.address, t.reg, t.last, RequestForm::three_bytes);
    EXPECT_EQ(frame(bare.view()), Frame(t.request.begin(), t.request.end() - 1));
  }
}

TEST(TeslaProtocol, ReadsTheWorkedReplies) {
  for (const Transaction& t : transactions()) {
    if (t.reply.empty()) continue;
    ReplyParser parser;
    expect(parser, t);
    EXPECT_TRUE(parser.feed(t.reply)) << to_hex(t.reply);
    EXPECT_EQ(parser.strange(), 0U);
    if (t.kind == "write") continue;
    EXPECT_EQ(frame(parser.data()), Frame(t.reply.begin() + 3, t.reply.end() - 1));
  }
}

/// A request with its checksum leaves a sum of 0: two of them would be a good reply.
TEST(TeslaProtocol, EchoesOfARequestAreNoReplyHoweverMany) {
  constexpr std::array<std::pair<int, int>, 8> kReads{
      {{0, 1}, {0, 19}, {0, 20}, {0x20, 4}, {0x32, 2}, {0x32, 1}, {0x3B, 1}, {0x42, 6}}};
  for (int address = 0; address <= kMaxModules; ++address)
    for (const auto& [reg, count] : kReads)
      for (const RequestForm form : {RequestForm::three_bytes, RequestForm::with_crc}) {
        const auto a = static_cast<std::uint8_t>(address), r = static_cast<std::uint8_t>(reg),
                   n = static_cast<std::uint8_t>(count);
        const Request request = read_request(a, r, n, form);
        ReplyParser parser;
        parser.expect_read(a, r, n);
        for (int i = 0; i < 10; ++i)
          ASSERT_FALSE(parser.feed(request.view())) << to_hex(request.view()) << " x " << i;
      }
}

TEST(TeslaProtocol, AnEchoFromAddressNoughtIsNoReplyToAWrite) {
  ReplyParser parser;
  parser.expect_write(0, reg::kAddress, 0x81);
  EXPECT_FALSE(parser.feed(hex("01 3B 81 8B")));
  EXPECT_TRUE(parser.feed(hex("81 3B 81 8B")));
}

TEST(TeslaProtocol, OnlyABoardWithoutAddressMayMarkItsReply) {
  ReplyParser parser;
  parser.expect_read(1, 0x3B, 1);
  EXPECT_FALSE(parser.feed(hex("82 3B 01 81 BA")));
  parser.expect_read(0, 0x00, 1);
  EXPECT_FALSE(parser.feed(hex("00 00 01 61 35")));
}

class AmongOtherBytes : public testing::TestWithParam<std::string> {};

const Frame kReply = hex("02 3B 01 81 BA");

TEST_P(AmongOtherBytes, TheReplyIsFoundHoweverItIsCut) {
  const Frame all = hex(GetParam()) + kReply;
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    ReplyParser parser;
    parser.expect_read(1, 0x3B, 1);
    const bool early = parser.feed(Bytes(all).first(cut));
    EXPECT_TRUE(early || parser.feed(Bytes(all).subspan(cut))) << cut;
    EXPECT_EQ(frame(parser.data()), Frame{0x81});
    EXPECT_EQ(parser.strange(), all.size() - kReply.size());
  }
}

INSTANTIATE_TEST_SUITE_P(TeslaProtocol, AmongOtherBytes,
                         testing::Values("02 3B 01",                 // echo of three bytes
                                         "02 3B 01 BF",              // echo of four
                                         "02 3B 01 02 3B 01",        // twice
                                         "FF 00 55",                 // noise
                                         "02 3B",                    // a torn reply
                                         "02 3B 01 81 BB",           // a wrong checksum
                                         "04 3B 01 82 C7",           // of another module
                                         "02 20 04 00 00 00 00 0D",  // of another question
                                         "02 02 02 3B 02 3B 01 00"));

TEST(TeslaProtocol, WhatCameBeforeTheRequestIsForgotten) {
  ReplyParser parser;
  parser.expect_read(1, 0x3B, 1);
  EXPECT_FALSE(parser.feed(Bytes(kReply).first(4)));
  parser.expect_read(1, 0x3B, 1);
  EXPECT_FALSE(parser.feed(Bytes(kReply).subspan(4)));
  EXPECT_TRUE(parser.has_heard());
}

TEST(TeslaProtocol, NothingIsFoundBeforeAnythingIsAsked) {
  ReplyParser parser;
  EXPECT_FALSE(parser.feed(kReply));
  EXPECT_TRUE(parser.data().empty());
}

TEST(TeslaProtocol, AFloodOfNoiseNeitherOverrunsNorHidesTheReply) {
  ReplyParser parser;
  parser.expect_read(62, 0x00, 0xFF);
  const Frame noise(10'000, 0x7C);
  EXPECT_FALSE(parser.feed(noise));
  const Frame headers = hex("7C 00 FF");
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(parser.feed(headers));
  Frame reply = headers + Frame(0xFF, 0x11);
  reply.push_back(frame_crc(reply));
  EXPECT_TRUE(parser.feed(reply));
  EXPECT_EQ(parser.data().size(), 0xFFU);
}

}  // namespace
}  // namespace b2m::tesla_uart
