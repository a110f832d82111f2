// SPDX-License-Identifier: MIT
// The simulated ring as a master on the bus sees it: the worked transactions of
// docs/protocols/tesla-uart.md, byte by byte.
#include <gtest/gtest.h>

#include "tests/support/tesla_ring.hpp"

namespace b2m::tesla_uart {
namespace {

using namespace std::chrono_literals;
using test::HexRing;

struct Exchange {
  std::string_view sent, received;
};

std::string compact(std::string_view text) {
  std::string all(text);
  std::erase(all, ' ');
  return all;
}

void expect(HexRing& ring, std::initializer_list<Exchange> exchanges) {
  for (const Exchange& e : exchanges) {
    SCOPED_TRACE(e.sent);
    EXPECT_EQ(ring.say(e.sent), compact(e.received));
    ring.wait(10ms);
  }
}
void expect_echo(HexRing& ring, std::initializer_list<std::string_view> writes) {
  for (const std::string_view write : writes) expect(ring, {{write, write}});
}

TEST(TeslaPeerWire, ItsChecksumIsTheOneOfTheWorkedFrames) {
  const std::string_view digits = "123456789";
  std::vector<std::uint8_t> check(digits.begin(), digits.end());
  EXPECT_EQ(peer::checksum(check), 0xF4);
  EXPECT_EQ(peer::checksum(std::vector<std::uint8_t>{0x03, 0x33, 0x0A}), 0x4D);
  EXPECT_EQ(peer::checksum(std::vector<std::uint8_t>{0x7F, 0x3C, 0xA5}), 0x57);
  EXPECT_EQ(peer::checksum(std::vector<std::uint8_t>{0x80, 0x00, 0x01, 0x61}), 0x35);
}

TEST(TeslaPeerWire, TemperaturesHaveTheRawNumbersOfTheTable) {
  EXPECT_EQ(peer::raw_sensor(0, 0.010_degC), 1883);
  EXPECT_EQ(peer::raw_sensor(0, 20.004_degC), 3751);
  EXPECT_EQ(peer::raw_sensor(0, 25.343_degC), 0x1116);
  EXPECT_EQ(peer::raw_sensor(1, 25.377_degC), 0x1116);
  EXPECT_EQ(peer::raw_sensor(0, 65.001_degC), 9518);
}

TEST(TeslaPeerWire, TwoBoardsAreNumberedAsInTheRecordedRun) {
  HexRing ring(2);
  for (std::size_t i : {0U, 1U}) ring.ring.chip(i).force(0x00, 0x00);  // that one has no flags

  expect_echo(ring, {"7F 3C A5 57"});
  expect(ring, {{"00 00 01 07", "80 00 01 00 15"},
                {"01 3B 81 8B", "81 3B 81 8B"},
                {"02 3B 01 BF", "02 3B 01 81 BA"}});
  expect_echo(ring, {"03 20 80 9A", "03 20 00 13", "03 20 00 13", "03 21 08 3E", "03 21 00 06"});
  expect(ring, {{"00 00 01 07", "80 00 01 00 15"},
                {"01 3B 82 82", "81 3B 82 82"},
                {"04 3B 01 C2", "04 3B 01 82 C7"},
                {"05 20 80 E7", "05 20 80 E7"},
                {"00 00 01 07", "00 00 01 07"}});
}

TEST(TeslaPeerWire, TheHighestAddressWorks) {
  HexRing ring(1);

  expect(ring, {{"01 3B BE 36", "81 3B BE 36"}});
  EXPECT_EQ(ring.say("7C 00 13 E4").substr(0, 6), "7C0013");
  EXPECT_EQ(ring.ring.chip(0).address(), 62);
}

TEST(TeslaPeerWire, MeasuresAsTheEmulatorOfTheReference) {
  HexRing ring(1);
  ring.enumerate();
  for (std::size_t i = 0; i < 6; ++i)
    ring.cells[0]->voltages[i] = Volts(3.8 + 0.1 * static_cast<double>(i));
  ring.cells[0]->temperatures = {25.343_degC, 25.377_degC};
  ring.ring.chip(0).force(0x00, 0x08);
  ring.ring.chip(0).force(0x01, 0x26);
  ring.ring.chip(0).force(0x02, 0xF7);

  expect_echo(ring, {"03 32 00 6E", "03 30 3D F7", "03 31 03 58", "03 34 01 17"});
  expect(ring, {{"02 00 13 AF", "02 00 13 08 26F7 26E9 27EF 28F5 29FB 2B01 2C08 1116 1116 AB"}});
}

TEST(TeslaPeerWire, MeasuresAsARealBoard) {
  HexRing ring(1);
  ring.enumerate();
  ring.cells[0]->voltages = {3.912_V, 3.905_V, 3.918_V, 3.909_V, 3.911_V, 3.914_V};
  ring.cells[0]->temperatures = {20.004_degC, 20.477_degC};

  expect_echo(ring, {"7F 30 3D 6A", "7F 31 03 C5", "7F 34 01 8A"});
  expect(ring, {{"02 00 13 AF", "02 00 13 81 2D0F 280E 27FC 281E 2807 280C 2814 0EA7 0ED8 A4"}});
}

TEST(TeslaPeerWire, SaysWhatAFreshBoardWithoutCellsSays) {
  HexRing ring(1);
  ring.cells[0]->voltages = {0_V, 0_V, 0_V, 0_V, 4.6_V, 4.6_V};
  ring.wait(10ms);
  ring.wait(500ms);
  ring.ring.chip(0).force(0x00, 0x61);  // somebody had it convert

  const std::string reply = ring.say("00 00 4C");

  EXPECT_EQ(reply.substr(0, 8), "80004C61");
  EXPECT_EQ(reply.substr(6 + 2 * 0x20, 8), "800B300F");
  EXPECT_EQ(reply.substr(6 + 2 * 0x40, 18), "10803181088166FF15");
  EXPECT_EQ(reply.substr(reply.size() - 2), "9B");
}

TEST(TeslaPeerWire, AlertsAndFaultsReadAsInTheExamples) {
  HexRing ring(1);
  ring.write(0, 0x3B, 0x81);

  expect(ring, {{"02 20 04 64", "02 20 04 80 08 00 00 6D"}});
  expect_echo(ring, {"7F 20 FF 7D", "7F 20 00 8E", "7F 21 FF 68", "7F 21 00 9B"});
  expect(ring, {{"02 20 04", "02 20 04 00 00 00 00 0D"}});

  ring.cells[0]->voltages = {4.6_V, 4.6_V, 4.6_V, 1_V, 1_V, 1_V};
  ring.cells[0]->temperatures = {70_degC, 70_degC};
  ring.wait(10ms);
  ring.wait(3s);
  expect(ring, {{"02 20 04 64", "02 20 04 03 03 07 38 49"}});
}

TEST(TeslaPeerWire, RepeatsWritesOfBalancingThresholdsAndSleep) {
  HexRing ring(1);
  ring.enumerate();

  expect_echo(ring, {"03 32 00 6E", "03 33 82 FC", "03 32 0A 58", "03 33 0A 4D", "03 32 3F D3"});
  expect_echo(ring, {"03 3A 35 4D", "03 42 2A 1A", "03 3A 35 4D", "03 43 8A 66", "03 3A 35 4D",
                     "03 44 1C E6", "03 3A 35 4D", "03 45 8A 18", "03 3A 35 4D", "03 46 06 8A",
                     "03 3A 35 4D", "03 47 64 B6"});
  EXPECT_EQ(ring.read(1, 0x42, 6).substr(6, 12), "2A8A1C8A0664");
  expect_echo(ring, {"7F 31 04 D0", "7F 31 00 CC", "7F 20 04 92", "7F 20 00 8E"});
}

TEST(TeslaPeerWire, TakesReadsWithAndWithoutChecksum) {
  HexRing ring(1);
  ring.enumerate();
  const std::string reply = ring.say("02 3B 01 BF");

  EXPECT_EQ(reply, "023B0181BA");
  EXPECT_EQ(ring.say("02 3B 01"), reply);
  EXPECT_EQ(ring.say("02 3B 01 BF 02 3B 01 02 3B 01 BF"), reply + reply + reply);
}

TEST(TeslaPeerWire, CanInsistOnEitherForm) {
  RingPeerSettings settings;
  settings.read_form = ReadForm::with_checksum;
  HexRing strict(1, settings);
  strict.enumerate();
  settings.read_form = ReadForm::without_checksum;
  HexRing plain(1, settings);
  plain.enumerate();

  EXPECT_EQ(strict.say("02 3B 01"), "023B01");
  strict.wait(10ms);
  EXPECT_EQ(strict.say("02 3B 01 BF"), "023B0181BA");
  EXPECT_EQ(plain.say("02 3B 01"), "023B0181BA");
  EXPECT_EQ(plain.say("02 3B 01 BF"), "023B0181BABF");  // and takes that for a new request
}

TEST(TeslaPeerWire, RepeatsEveryByteAtOnceAndForgetsUnfinishedRequests) {
  HexRing ring(2);
  ring.enumerate();

  EXPECT_EQ(ring.say("04"), "04");
  EXPECT_EQ(ring.say("3B"), "3B");
  EXPECT_EQ(ring.say("01"), "0182C7");
  EXPECT_EQ(ring.say("05 32"), "0532");
  ring.wait(10ms);
  EXPECT_EQ(ring.say("04 3B 01"), "043B0182C7");
}

TEST(TeslaPeerWire, ObeysNoWriteWithAWrongChecksum) {
  HexRing ring(1);
  ring.enumerate();

  EXPECT_EQ(ring.say("03 30 3D F6"), "03303DF6");  // the echo proves nothing

  EXPECT_EQ(ring.ring.chip(0).read(0x30), 0);
  EXPECT_EQ(ring.ring.chip(0).read(0x21), 0x04);
}

}  // namespace
}  // namespace b2m::tesla_uart
