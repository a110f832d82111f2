// SPDX-License-Identifier: MIT
// Lines of candump logs (docs/protocols/can.md, "candump logs").
#include <gtest/gtest.h>

#include "gateway/io/candump_log.hpp"

namespace b2m {
namespace {

using candump::LogLine;
using Kind = LogLine::Kind;

TEST(CandumpLog, ReadsADataFrame) {
  const LogLine line = candump::parse_line("(1436509052.249713) can0 044#2A366C2B");
  ASSERT_EQ(line.kind, Kind::frame);
  EXPECT_EQ(line.record.time, std::chrono::nanoseconds(1'436'509'052'249'713'000));
  EXPECT_EQ(line.record.interface, "can0");
  EXPECT_EQ(line.record.frame.id, 0x044U);
  EXPECT_FALSE(line.record.frame.extended);
  EXPECT_EQ(to_hex(line.record.frame.payload()), "2A366C2B");
}

TEST(CandumpLog, EightDigitsMakeAnExtendedId) {
  const LogLine line = candump::parse_line("(0.5) can0 00000044#");
  ASSERT_EQ(line.kind, Kind::frame);
  EXPECT_TRUE(line.record.frame.extended);
  EXPECT_EQ(line.record.frame.length, 0);
  EXPECT_EQ(line.record.time, std::chrono::milliseconds(500));
}

TEST(CandumpLog, ReadsRemoteAndErrorFrames) {
  const CanFrame remote = candump::parse_line("(1.0) can0 123#R5").record.frame;
  EXPECT_TRUE(remote.remote);
  EXPECT_EQ(remote.length, 5);
  const CanFrame error = candump::parse_line("(1.0) can0 20000040#0000000000000000").record.frame;
  EXPECT_TRUE(error.error);
  EXPECT_FALSE(error.extended);
  EXPECT_EQ(error.id, 0x40U);
}

TEST(CandumpLog, AcceptsTheFormsOfNewerVersions) {
  for (const std::string_view text : {"(1.0) can0 123#1122 R", "(1.0) can0 123#1122 T",
                                      "(1.0) can0 123#11.22\r", "  (1.0)  can0  123#1122  "})
    EXPECT_EQ(to_hex(candump::parse_line(text).record.frame.payload()), "1122") << text;
  EXPECT_EQ(candump::parse_line("(1.0) can0 123#1122334455667788_F").kind, Kind::frame);
}

TEST(CandumpLog, SetsCanFdAndBlankLinesApart) {
  EXPECT_EQ(candump::parse_line("(1.0) can0 123##1AABB").kind, Kind::can_fd);
  EXPECT_EQ(candump::parse_line(" \t\r").kind, Kind::blank);
}

TEST(CandumpLog, RefusesEverythingElse) {
  for (const std::string_view text : {"garbage",
                                      "(1.0)",
                                      "(1.0) can0",
                                      "(1.0) can0 123",
                                      "(x.0) can0 123#",
                                      "(1) can0 123#",
                                      "(-1.0) can0 123#",
                                      "(1.-1) can0 123#",
                                      "(99999999999.0) can0 123#",
                                      "(1.0) can0 800#",
                                      "(1.0) can0 1234#",
                                      "(1.0) can0 C0000000#",
                                      "(1.0) can0 123#1",
                                      "(1.0) can0 123#GG",
                                      "(1.0) can0 123#112233445566778899",
                                      "(1.0) can0 123#R9",
                                      "(1.0) can0 123#11 X",
                                      "(1.0) can0 123#11 R R",
                                      "(1.0) a-name-far-too-long 123#",
                                      "(1.0) can0 123#11_9",
                                      "1.0 can0 123#11",
                                      "(1.0000000001) can0 123#"})
    EXPECT_EQ(candump::parse_line(text).kind, Kind::malformed) << text;
}

TEST(CandumpLog, WritesWhatItReads) {
  for (const std::string text :
       {"(1436509052.249713) can0 044#2A366C2B", "(0000000001.000001) vcan12 1FFFFFFF#",
        "(0000000001.000000) can0 123#R", "(0000000001.000000) can0 123#R5",
        "(0000000001.000000) can0 20000040#0000000000000000"})
    EXPECT_EQ(candump::format_line(candump::parse_line(text).record), text);
}

}  // namespace
}  // namespace b2m
