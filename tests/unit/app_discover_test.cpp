// SPDX-License-Identifier: MIT
// What `discover tesla` and `discover spi` find, and that they leave everything as it was.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/tesla_uart/peer.hpp"
#include "adapters/tesla_uart/ring.hpp"
#include "gateway/app/discover_spi.hpp"
#include "gateway/app/discover_tesla.hpp"
#include "gateway/io/memory_serial.hpp"
#include "tests/support/running.hpp"
#include "tests/support/spi_nodes_fixture.hpp"

namespace b2m::app {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class DiscoverTesla : public testing::Test {
 protected:
  void start(int boards) {
    for (int i = 0; i < boards; ++i) peer.add_fixed();
    answering = std::make_unique<test::Running<>>(clock, peer.run(line.device()));
  }
  void TearDown() override {
    answering->cancel();
    clock.settle();
  }
  /// By the wires of a master: writes register 3B of whoever has no address.
  void give_address(std::uint8_t address) {
    tesla_uart::Ring ring(clock.executor(), clock, 40ms);
    test::Running<> serving(clock, ring.serve(std::shared_ptr<ByteStream>(*line.open())));
    test::Running<> writing(clock, ring.write(0, tesla_uart::reg::kAddress, address | 0x80));
    clock.advance(200ms);
    serving.cancel();
  }
  FoundRing look() {
    test::Running<FoundRing> looking(
        clock, look_at_ring(clock.executor(), clock, std::shared_ptr<ByteStream>(*line.open())));
    clock.advance(30s);
    EXPECT_TRUE(looking.is_done());
    EXPECT_TRUE(looking.result()) << looking.result().error().text();
    return looking.result() ? *looking.result() : FoundRing{};
  }

  test::VirtualClock clock;
  MemorySerial line{clock.executor(), clock};
  tesla_uart::RingPeer peer{clock};
  std::unique_ptr<test::Running<>> answering;
};

TEST_F(DiscoverTesla, ListsTheAddressesThatAnswerAndChangesNothing) {
  start(3);
  give_address(1);
  give_address(2);
  const std::size_t before = peer.requests().size();

  const FoundRing found = look();

  EXPECT_THAT(found.addresses, ElementsAre(1, 2));
  EXPECT_TRUE(found.has_new);
  EXPECT_EQ(peer.address(1), 2);
  EXPECT_EQ(peer.address(2), 0);
  for (std::size_t i = before; i < peer.requests().size(); ++i)
    EXPECT_EQ(peer.requests()[i][0] & 1, 0) << "a write";
}

TEST_F(DiscoverTesla, NobodyIsNoRing) {
  start(0);
  EXPECT_TRUE(look().is_empty());
}

TEST(DiscoverTeslaTables, AreReadyToPaste) {
  FoundRing ring;
  ring.port = "/dev/serial/by-id/usb-FTDI";
  ring.addresses = {1, 2, 3, 4};
  EXPECT_EQ(ring_tables(ring, 1),
            "# /dev/serial/by-id/usb-FTDI: 4 modules answer, addresses 1 to 4\n"
            "[[tesla_uart]]\nid = \"ring1\"\nport = \"/dev/serial/by-id/usb-FTDI\"\nmodules = 4\n"
            "\n[[pack]]\nid = \"tesla\"\nchemistry = \"nca_tesla\"\nsource = \"ring1\"\n\n");
  ring.addresses.clear();
  ring.has_new = true;
  EXPECT_THAT(ring_tables(ring, 2), HasSubstr("modules = 1  # as many as the ring really has"));
}

class DiscoverSpi : public testing::Test {
 protected:
  FoundNodes look() {
    SpiOpening opening;
    opening.device = "/dev/spidev0.1";
    test::Running<FoundNodes> looking(clock, look_at_line(spi.opener(), clock, opening));
    clock.advance(60s);
    EXPECT_TRUE(looking.is_done());
    EXPECT_TRUE(looking.result()) << looking.result().error().text();
    return looking.result() ? *looking.result() : FoundNodes{};
  }
  test::VirtualClock clock;
  MemorySpi spi{clock};
};

TEST_F(DiscoverSpi, FindsANodeByItsAddress) {
  test::V2Device device(clock, 3);
  spi.attach("/dev/spidev0.1", [&](Bytes mosi) { return device.exchange(mosi); });

  const FoundNodes found = look();

  ASSERT_EQ(found.nodes.size(), 1U);
  EXPECT_EQ(found.nodes[0].address, 3);
  EXPECT_THAT(node_tables({found}), HasSubstr("  cell = 1  # as wired\n  address = 3\n"));
  for (const spi_nodes::V2Request& heard : device.heard)
    EXPECT_THAT(static_cast<int>(heard.command), testing::AnyOf(0x00, 0x10, 0x30, 0x32));
}

TEST(DiscoverSpiTables, FindAllThatShareALine) {
  test::SpiNodesFixture nodes;
  for (int i = 0; i < 3; ++i) nodes.add_shared();
  SpiOpening opening;
  opening.device = test::SpiNodesFixture::device(0);
  const OpenSpi open = nodes.bus.opener();
  const test::Running<FoundNodes> looking(nodes.clock, look_at_line(open, nodes.clock, opening));
  nodes.clock.advance(60s);

  ASSERT_TRUE(looking.is_done());
  ASSERT_EQ(looking.result()->nodes.size(), 3U);
  EXPECT_EQ(looking.result()->nodes[2].address, 3);
  EXPECT_THAT(node_tables({*looking.result()}),
              HasSubstr("chemistry = \"?\"  # lead_12v, lifepo4, lto, nca_tesla or nmc\n"));
}

TEST_F(DiscoverSpi, FindsALegacyNode) {
  test::LegacyDevice device;
  spi.attach("/dev/spidev0.1", [&](Bytes mosi) { return device.exchange(mosi); });

  const FoundNodes found = look();

  ASSERT_EQ(found.nodes.size(), 1U);
  EXPECT_TRUE(found.nodes[0].is_legacy);
  EXPECT_THAT(node_tables({found}), HasSubstr("protocol = \"legacy\""));
}

TEST_F(DiscoverSpi, AnOpenLineIsNobody) {
  spi.attach("/dev/spidev0.1",
             [](Bytes mosi) { return std::vector<std::uint8_t>(mosi.size(), 0xFF); });
  EXPECT_THAT(look().nodes, IsEmpty());
}

}  // namespace
}  // namespace b2m::app
