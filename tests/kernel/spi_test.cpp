// SPDX-License-Identifier: MIT
// The kernel's own spidev on a controller without wires (tests/kernel/vm), with simulated nodes
// behind it.
#include <cstdlib>
#include <filesystem>

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/spi_nodes/legacy.hpp"
#include "adapters/spi_nodes/peer.hpp"
#include "adapters/spi_nodes/v2.hpp"
#include "gateway/io/spi_bus.hpp"
#include "tests/support/running.hpp"
#include "tests/support/virtual_chip.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;
using spi_nodes::V2Command;
using Sent = std::vector<std::uint8_t>;

std::optional<Sent> complement(Bytes mosi) {
  Sent miso;
  for (const std::uint8_t b : mosi) miso.push_back(static_cast<std::uint8_t>(~b));
  return miso;
}

class KernelSpi : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* device : {"/dev/spidev0.0", "/dev/spidev0.1", "/dev/vspi0.0"}) {
      if (std::filesystem::exists(device)) continue;
      if (std::getenv("VMRUN")) FAIL() << "no " << device;
      GTEST_SKIP() << "no " << device << "; run inside tests/kernel/vm/vmrun";
    }
  }

  static SpiOpening on(std::string device) {
    SpiOpening opening;
    opening.device = std::move(device);
    return opening;
  }
  std::unique_ptr<SpiBus> open(const SpiOpening& opening) {
    auto bus = open_(opening);
    if (!bus) ADD_FAILURE() << bus.error().text();
    return bus ? std::move(*bus) : nullptr;
  }
  Result<Sent> exchange(SpiBus& bus, Sent out) {
    return finish(clock_, bus.exchange(std::move(out)));
  }
  spi_nodes::V2Parsed ask(SpiBus& bus, V2Command command) {
    const spi_nodes::V2Frame mosi = encode(spi_nodes::plain_request(command));
    const auto miso = exchange(bus, Sent(mosi.begin(), mosi.end()));
    if (!miso) ADD_FAILURE() << miso.error().text();
    return miso ? spi_nodes::parse_reply(*miso, mosi) : spi_nodes::V2Parsed{};
  }

  VirtualClock clock_;
  OpenSpi open_ = make_spi_opener(clock_.executor(), clock_);
};

VirtualChip::Answer node(spi_nodes::NodesPeer& peer) {
  return [&peer](Bytes mosi) { return peer.exchange(0, mosi, std::chrono::steady_clock::now()); };
}

TEST_F(KernelSpi, ReadsNodesOfBothProtocols) {
  spi_nodes::NodesPeer young, old;
  spi_nodes::NodeWiring wiring;
  wiring.address = 3;
  young.add_fixed(wiring, Volts(3.913));
  wiring.is_legacy = true;
  old.add_fixed(wiring, Volts(3.6151));
  const VirtualChip first("/dev/vspi0.0", node(young)), second("/dev/vspi0.1", node(old));
  const auto v2 = open(on("/dev/spidev0.0")), legacy = open(on("/dev/spidev0.1"));
  ASSERT_TRUE(v2 && legacy);

  (void)ask(*v2, V2Command::read);
  (void)ask(*v2, V2Command::read);
  const auto read = ask(*v2, V2Command::read);
  ASSERT_EQ(read.fault, spi_nodes::V2Fault::none);
  EXPECT_EQ(read.reply.address, 3);
  EXPECT_EQ(spi_nodes::read_payload(read.reply.payload).voltage_mv, 3913);

  const auto& request = spi_nodes::kLegacyRequest;
  const auto miso = exchange(*legacy, Sent(request.begin(), request.end()));
  ASSERT_TRUE(miso);
  EXPECT_EQ(to_hex(*miso), "0001690169");
  EXPECT_EQ(spi_nodes::parse_legacy(*miso).centivolts, 361);
}

TEST_F(KernelSpi, SendsAtTheClockAndInTheModeThatWereAskedFor) {
  const VirtualChip chip("/dev/vspi0.0", complement);
  SpiOpening opening = on("/dev/spidev0.0");
  opening.clock_hz = 4000;
  opening.mode = 3;
  const auto bus = open(opening);
  ASSERT_TRUE(bus);

  const auto miso = exchange(*bus, {0x00, 0xA5, 0xFF});

  ASSERT_TRUE(miso);
  EXPECT_EQ(to_hex(*miso), "FF5A00");
  ASSERT_EQ(chip.transfers().size(), 1U);
  const TransferHead head = chip.transfers()[0];
  EXPECT_EQ(head.speed_hz, 4000U);
  EXPECT_EQ(head.mode & 3, 3U);
  EXPECT_EQ(head.bits_per_word, 8);
  EXPECT_TRUE(head.first && head.last);
}

TEST_F(KernelSpi, PausesAfterEachByteWithTheSelectLineHeldLow) {
  const VirtualChip chip("/dev/vspi0.0", complement);
  SpiOpening opening = on("/dev/spidev0.0");
  opening.byte_gap_us = 30;
  const auto bus = open(opening);
  ASSERT_TRUE(bus);

  const auto miso = exchange(*bus, {1, 2, 3});

  ASSERT_TRUE(miso);
  EXPECT_EQ(to_hex(*miso), "FEFDFC");
  const auto transfers = chip.transfers();
  ASSERT_EQ(transfers.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(transfers[i].len, 1U);
    EXPECT_EQ(transfers[i].delay_us, 30U);
    EXPECT_EQ(transfers[i].cs_change, 0);
    EXPECT_EQ(transfers[i].first, i == 0);
    EXPECT_EQ(transfers[i].last, i == 2);
  }
}

TEST_F(KernelSpi, AChipThatNeverAnswersIsATimeoutAndTheLoopGoesOnMeanwhile) {
  const VirtualChip chip("/dev/vspi0.0", [](Bytes) { return std::optional<Sent>(); });
  const auto bus = open(on("/dev/spidev0.0"));
  ASSERT_TRUE(bus);
  Running<Sent> waiting(clock_, bus->exchange({1, 2, 3}));

  bool has_run = false;
  boost::asio::post(clock_.context(), [&] { has_run = true; });
  clock_.run_until([&] { return has_run; });

  EXPECT_TRUE(has_run);
  EXPECT_FALSE(waiting.is_done());
  const auto ended = waiting.join();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, Errc::timeout);
  EXPECT_EQ(ended.error().detail, "/dev/spidev0.0: the controller did not finish the transfer");
}

TEST_F(KernelSpi, AChipThatGoesInTheMiddleIsAnErrorAndTheNextExchangeWorks) {
  auto chip =
      std::make_unique<VirtualChip>("/dev/vspi0.0", [](Bytes) { return std::optional<Sent>(); });
  const auto bus = open(on("/dev/spidev0.0"));
  ASSERT_TRUE(bus);
  Running<Sent> waiting(clock_, bus->exchange({1, 2, 3}));
  clock_.run_until([&] { return !chip->transfers().empty(); });
  chip.reset();
  const auto ended = waiting.join();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, Errc::io_error);

  const VirtualChip again("/dev/vspi0.0", complement);
  EXPECT_TRUE(exchange(*bus, {1, 2, 3}));
}

TEST_F(KernelSpi, SelectLinesOfOneControllerWaitForEachOther) {
  const VirtualChip first("/dev/vspi0.0", complement), second("/dev/vspi0.1", complement);
  const auto a = open(on("/dev/spidev0.0")), b = open(on("/dev/spidev0.1"));
  ASSERT_TRUE(a && b);
  Running<Sent> one(clock_, a->exchange({1})), two(clock_, b->exchange({2}));

  EXPECT_EQ(to_hex(*one.join()), "FE");
  EXPECT_EQ(to_hex(*two.join()), "FD");
}

TEST_F(KernelSpi, SaysHowToSendMoreThanTheKernelTakesAtOnce) {
  const auto bus = open(on("/dev/spidev0.0"));
  ASSERT_TRUE(bus);
  EXPECT_TRUE(exchange(*bus, Sent(4096)));
  const auto refused = exchange(*bus, Sent(4097));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::out_of_range);
  EXPECT_NE(refused.error().detail.find("spidev.bufsiz=65536"), std::string::npos);
}

TEST_F(KernelSpi, ASecondGatewayIsRefused) {
  const auto bus = open(on("/dev/spidev0.0"));
  ASSERT_TRUE(bus);
  const auto second = open_(on("/dev/spidev0.0"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().detail, "/dev/spidev0.0: in use by another program");
}

TEST_F(KernelSpi, WithoutRightsItNamesTheGroup) {
  ASSERT_EQ(::chmod("/dev/spidev0.0", 0600), 0);
  constexpr uid_t kNobody = 65'534;
  ASSERT_EQ(::seteuid(kNobody), 0);
  const auto bus = open_(on("/dev/spidev0.0"));
  ASSERT_EQ(::seteuid(0), 0);
  ASSERT_FALSE(bus);
  EXPECT_EQ(bus.error().code, Errc::permission);
  EXPECT_NE(bus.error().detail.find("usermod -aG spi"), std::string::npos);
}

TEST_F(KernelSpi, ADeviceThatIsNotThereIsNamedWithThoseThatAre) {
  const auto bus = open_(on("/dev/spidev7.0"));
  ASSERT_FALSE(bus);
  EXPECT_EQ(bus.error().code, Errc::not_found);
  EXPECT_NE(bus.error().detail.find("/dev/spidev0.0"), std::string::npos);
  EXPECT_NE(bus.error().detail.find("dtoverlay=spi7-1cs"), std::string::npos);
}

}  // namespace
}  // namespace b2m::test
