// SPDX-License-Identifier: MIT
// Lines of slcan (docs/protocols/can.md, "slcan").
#include <gtest/gtest.h>

#include "gateway/io/slcan_codec.hpp"

namespace b2m {
namespace {

using slcan::Reply;
using Kind = Reply::Kind;

CanFrame data_frame(std::uint32_t id, std::initializer_list<std::uint8_t> bytes) {
  CanFrame frame{.id = id, .length = static_cast<std::uint8_t>(bytes.size())};
  std::copy(bytes.begin(), bytes.end(), frame.data.begin());
  return frame;
}

std::vector<Reply> replies(std::string_view text) {
  LineCutter cutter = slcan::make_cutter();
  Bytes bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  std::vector<Reply> list;
  while (const auto line = cutter.next(bytes)) list.push_back(slcan::parse_reply(*line));
  return list;
}

TEST(SlcanCodec, ReadsEveryKindOfFrame) {
  const CanFrame standard = data_frame(0x600, {0xFB, 0x04, 0x23});
  EXPECT_EQ(slcan::parse_frame("t6003FB0423"), standard);
  CanFrame extended = data_frame(0x1FFFFFFF, {});
  extended.extended = true;
  EXPECT_EQ(slcan::parse_frame("T1FFFFFFF0"), extended);
  CanFrame remote{.id = 0x123, .remote = true, .length = 4};
  EXPECT_EQ(slcan::parse_frame("r1234"), remote);
  remote.extended = true;
  EXPECT_EQ(slcan::parse_frame("R000001234"), remote);
}

TEST(SlcanCodec, AcceptsATimeStamp) {
  EXPECT_EQ(slcan::parse_frame("t6003FB0423EA5F"), data_frame(0x600, {0xFB, 0x04, 0x23}));
}

TEST(SlcanCodec, RefusesWhatIsNoFrame) {
  for (const std::string_view line :
       {"", "t", "t600", "t6009112233445566778899", "t6002FB", "t6002FB041", "t6002FB04123",
        "tXYZ0", "t8000", "T200000000", "t60 0", "t6002GG00", "x6000", "t-010", "t6001+1"})
    EXPECT_FALSE(slcan::parse_frame(line)) << line;
}

TEST(SlcanCodec, WritesWhatItReads) {
  for (const std::string line :
       {"t6003FB0423", "T1ABCDEF081122334455667788", "r1234", "R000001230"})
    EXPECT_EQ(slcan::format_frame(*slcan::parse_frame(line)), line + "\r");
}

TEST(SlcanCodec, TellsRepliesApart) {
  const auto list = replies("\r\az\rZ\rF24\rV1013\rNA123\rt1230\rgarbage\r");
  const std::vector<Kind> kinds = {Kind::ok,      Kind::refused, Kind::sent,
                                   Kind::sent,    Kind::flags,   Kind::version,
                                   Kind::version, Kind::frame,   Kind::malformed};
  ASSERT_EQ(list.size(), kinds.size());
  for (std::size_t i = 0; i < kinds.size(); ++i) EXPECT_EQ(list[i].kind, kinds[i]) << i;
  EXPECT_EQ(list[4].flags, slcan::flag::kPassive | slcan::flag::kWarning);
}

TEST(SlcanCodec, FindsTheNextFrameAfterGarbage) {
  const auto list = replies("00000t600" + std::string(1000, 'x') + "\rt6003FB0423\r");
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].kind, Kind::malformed);
  EXPECT_EQ(list[1].kind, Kind::frame);
}

TEST(SlcanCodec, KeepsHalfALineUntilTheRestComes) {
  LineCutter cutter = slcan::make_cutter();
  const std::string first = "t6003FB", second = "0423\r";
  Bytes bytes(reinterpret_cast<const std::uint8_t*>(first.data()), first.size());
  EXPECT_FALSE(cutter.next(bytes));
  bytes = Bytes(reinterpret_cast<const std::uint8_t*>(second.data()), second.size());
  const auto line = cutter.next(bytes);
  ASSERT_TRUE(line);
  EXPECT_EQ(slcan::parse_reply(*line).frame, data_frame(0x600, {0xFB, 0x04, 0x23}));
}

TEST(SlcanCodec, KnowsTheNineBitRates) {
  EXPECT_EQ(slcan::bitrate_digit(10'000), '0');
  EXPECT_EQ(slcan::bitrate_digit(500'000), '6');
  EXPECT_EQ(slcan::bitrate_digit(1'000'000), '8');
  EXPECT_FALSE(slcan::bitrate_digit(83'333));
}

}  // namespace
}  // namespace b2m
