// SPDX-License-Identifier: MIT
// The SPI seam: spidev's errors and thread, the socket, the bus in memory, what a controller is.
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "gateway/io/linux_spi_worker.hpp"
#include "gateway/io/memory_spi.hpp"
#include "gateway/io/nothrow.hpp"
#include "gateway/io/spi_controller.hpp"
#include "gateway/io/spi_socket.hpp"
#include "gateway/io/spi_transports.hpp"
#include "tests/support/running.hpp"
#include "tests/support/virtual_clock.hpp"

namespace b2m::test {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Bytes8 = std::vector<std::uint8_t>;

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "b2m_spi_XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  fs::path path;
};

SpiOpening opening(const std::string& device, int clock_hz = 8000) {
  SpiOpening how;
  how.device = device;
  how.clock_hz = clock_hz;
  return how;
}

/// A Raspberry Pi's /sys with one controller and, where wanted, a CAN chip on it.
void add_controller(const fs::path& sys, int number, const std::string& driver,
                    const std::string& chip = {}) {
  const std::string name = "spi" + std::to_string(number);
  fs::create_directories(sys / "bus/platform/drivers" / driver);
  fs::create_directories(sys / "class/spi_master" / name / "device");
  fs::create_symlink(sys / "bus/platform/drivers" / driver,
                     sys / "class/spi_master" / name / "device/driver");
  if (chip.empty()) return;
  fs::create_directories(sys / "bus/spi/devices" / (name + ".0"));
  std::ofstream(sys / "bus/spi/devices" / (name + ".0") / "modalias") << "spi:" << chip << "\n";
}

TEST(SpiController, NamesOfDevicesAreRead) {
  const auto name = parse_spidev("/dev/spidev1.2");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->controller, 1);
  EXPECT_EQ(name->select, 2);
  for (const char* wrong : {"/dev/spidev1", "/dev/spidev.1", "/dev/spidev1.x", "/dev/ttyS0"})
    EXPECT_FALSE(parse_spidev(wrong)) << wrong;
}

TEST(SpiController, TheAuxiliaryControllerRefusesASlowClock) {
  const Folder folder;
  add_controller(folder.path, 0, "spi-bcm2835");
  add_controller(folder.path, 1, "spi-bcm2835aux");
  const SpiController aux{1, folder.path.string()};

  const auto slow = check_clock(aux, opening("/dev/spidev1.0"));
  ASSERT_FALSE(slow);
  EXPECT_THAT(slow.error().text(), HasSubstr("SPI1 (spi-bcm2835aux) cannot run 8000 Hz"));
  EXPECT_TRUE(check_clock(aux, opening("/dev/spidev1.0", 100'000)));
  EXPECT_THAT(clock_warning(aux, opening("/dev/spidev1.0", 40'000)), HasSubstr("61036 Hz"));
  EXPECT_TRUE(check_clock({0, folder.path.string()}, opening("/dev/spidev0.0")));
  EXPECT_TRUE(check_clock({9, folder.path.string()}, opening("/dev/spidev9.0", 1)));  // unknown
}

TEST(SpiController, ASlowNodeBesideACanChipIsWarnedOf) {
  const Folder folder;
  add_controller(folder.path, 0, "spi-bcm2835", "mcp2515");
  const SpiController shared{0, folder.path.string()};

  EXPECT_THAT(clock_warning(shared, opening("/dev/spidev0.1")), HasSubstr("spi0.0 (mcp2515)"));
  EXPECT_THAT(clock_warning(shared, opening("/dev/spidev0.1", 500'000)), IsEmpty());
  EXPECT_THAT(clock_warning({3, folder.path.string()}, opening("/dev/spidev3.0")), IsEmpty());
}

TEST(SpiOpener, AMissingDeviceSaysWhatToAdd) {
  VirtualClock clock;
  const OpenSpi open = make_spi_opener(clock.executor(), clock);

  const auto main = open(opening("/dev/spidev0.77"));
  ASSERT_FALSE(main);
  EXPECT_EQ(main.error().code, Errc::not_found);
  EXPECT_THAT(main.error().text(), HasSubstr("dtparam=spi=on"));
  EXPECT_THAT(open(opening("/dev/spidev1.2")).error().text(), HasSubstr("dtoverlay=spi1-3cs"));
  EXPECT_THAT(open(opening("/dev/null")).error().text(), HasSubstr("is no SPI device"));
  SpiOpening strange = opening("/dev/spidev0.0");
  strange.mode = 4;
  EXPECT_THAT(open(strange).error().text(), HasSubstr("no SPI mode 4"));
}

TEST(SpiWorker, DoesOneAfterTheOtherOffTheLoop) {
  VirtualClock clock;
  SpiWorker worker;
  const auto loop = std::this_thread::get_id();
  std::vector<int> order;
  const auto work = [&](int n) {
    return [&order, loop, n]() -> SpiWorker::Reply {
      if (std::this_thread::get_id() == loop) return Error(Errc::io_error, "on the loop");
      order.push_back(n);
      return Bytes8{static_cast<std::uint8_t>(n)};
    };
  };
  Running<Bytes8> first(clock, worker.run(clock.executor(), work(1)));
  Running<Bytes8> second(clock, worker.run(clock.executor(), work(2)));

  EXPECT_THAT(*first.join(), ElementsAre(1));
  EXPECT_THAT(*second.join(), ElementsAre(2));
  EXPECT_THAT(order, ElementsAre(1, 2));
}

TEST(SpiWorker, EndsWithTheLoopAndNotWithItsLastBus) {
  SpiWorkers workers;  // what outlives the loop
  const std::weak_ptr<SpiWorker> worker = workers.of(3);

  EXPECT_FALSE(worker.expired());  // to end it means to wait for a driver that may hang
  EXPECT_EQ(worker.lock(), workers.of(3));
}

TEST(SpiWorker, WhoIsCancelledIsNotWaitedForAndTheNextIsServed) {
  VirtualClock clock;
  SpiWorker worker;
  std::promise<void> let_go;
  Running<Bytes8> stuck(
      clock,
      worker.run(clock.executor(), [held = let_go.get_future().share()]() -> SpiWorker::Reply {
        held.wait();
        return Bytes8{1};
      }));
  Running<Bytes8> next(
      clock, worker.run(clock.executor(), []() -> SpiWorker::Reply { return Bytes8{2}; }));
  stuck.cancel();
  ASSERT_TRUE(stuck.is_done());
  EXPECT_EQ(stuck.result().error().code, Errc::cancelled);
  let_go.set_value();

  EXPECT_THAT(*next.join(), ElementsAre(2));
}

TEST(SpiWorker, AnAbandonedLoopIsNotTouched) {
  SpiWorker worker;
  std::promise<void> let_go;
  {
    VirtualClock clock;
    const Running<Bytes8> stuck(
        clock,
        worker.run(clock.executor(), [held = let_go.get_future().share()]() -> SpiWorker::Reply {
          held.wait();
          return Bytes8{1};
        }));
  }  // the loop and its coroutines are gone
  let_go.set_value();
}

TEST(SpiSocket, RequestsSurviveAnyCutOfTheStream) {
  const SpiRequest sent{3, 8000, {0x45, 0x01, 0x45}};
  const std::vector<std::uint8_t> wire = encode(sent);
  EXPECT_EQ(to_hex(wire), "03401F00000300450145");

  SpiRequestReader reader;
  for (int twice = 0; twice < 2; ++twice) {
    for (std::size_t i = 0; i < wire.size(); ++i) {
      const auto early = reader.next();
      ASSERT_TRUE(early);
      EXPECT_FALSE(*early) << i;
      reader.feed(Bytes(wire).subspan(i, 1));
    }
    const auto whole = reader.next();
    ASSERT_TRUE(whole && *whole);
    EXPECT_EQ(**whole, sent);
  }
  EXPECT_EQ(to_hex(encode_spi_reply(sent.bytes)), "0300450145");
}

TEST(SpiSocket, AnImpossibleLengthEndsTheConnection) {
  SpiRequestReader reader;
  reader.feed(encode(SpiRequest{0, 8000, {}}));

  EXPECT_FALSE(reader.next());
}

class SpiSocketServer : public testing::Test {
 protected:
  using Local = asio::local::stream_protocol;

  /// Answers with the complement and the select line in front; closes after `answers`.
  Awaitable<void> serve(int answers) {
    auto [failed, socket] = co_await acceptor_.async_accept(nothrow);
    SpiRequestReader reader;
    std::vector<std::uint8_t> buffer(64);
    while (!failed && answers > 0) {
      const auto [error, n] = co_await socket.async_read_some(asio::buffer(buffer), nothrow);
      if (error) co_return;
      reader.feed(Bytes(buffer).first(n));
      auto request = reader.next();
      if (!request || !*request) continue;
      for (std::uint8_t& b : (*request)->bytes) b = static_cast<std::uint8_t>(~b);
      (*request)->bytes.front() = (*request)->select;
      const auto reply = encode_spi_reply((*request)->bytes);
      co_await asio::async_write(socket, asio::buffer(reply), nothrow);
      --answers;
    }
  }

  std::unique_ptr<SpiBus> open(int answers) {
    if (answers > 0) asio::co_spawn(clock_.executor(), serve(answers), asio::detached);
    auto bus = make_spi_opener(clock_.executor(), clock_)(opening("socket:" + path_ + "#2"));
    if (!bus) throw std::runtime_error(bus.error().text());
    return std::move(*bus);
  }

  Folder folder_;
  std::string path_ = (folder_.path / "bus").string();
  VirtualClock clock_;
  Local::acceptor acceptor_{clock_.context(), Local::endpoint(path_)};
};

TEST_F(SpiSocketServer, CarriesExchangesToItsSelectLine) {
  const auto bus = open(2);

  EXPECT_THAT(*finish(clock_, bus->exchange({0xFF, 0x0F})), ElementsAre(2, 0xF0));
  EXPECT_THAT(*finish(clock_, bus->exchange({0xFF, 0x00, 0xAA})), ElementsAre(2, 0xFF, 0x55));
}

TEST_F(SpiSocketServer, WhoGoesAwayIsDisconnected) {
  const auto bus = open(1);
  ASSERT_TRUE(finish(clock_, bus->exchange({1, 2})));

  EXPECT_EQ(finish(clock_, bus->exchange({1, 2})).error().code, Errc::disconnected);
  EXPECT_EQ(finish(clock_, bus->exchange({1, 2})).error().code, Errc::disconnected);
}

TEST_F(SpiSocketServer, AnExchangeThatWasGivenUpSpoilsNoLaterOne) {
  const auto bus = open(0);
  Running<Bytes8> given_up(clock_, bus->exchange({1, 2}));
  ASSERT_FALSE(given_up.is_done());
  given_up.cancel();

  EXPECT_EQ(finish(clock_, bus->exchange({1, 2})).error().code, Errc::disconnected);
}

TEST(SpiSocket, NobodyThereSaysWhatToStart) {
  VirtualClock clock;
  const OpenSpi open = make_spi_opener(clock.executor(), clock);

  EXPECT_THAT(open(opening("socket:/nowhere/bus")).error().text(), HasSubstr("battery2mqtt peers"));
  EXPECT_THAT(open(opening("socket:/nowhere/bus#x")).error().text(), HasSubstr("from 0 to 255"));
  EXPECT_FALSE(open(opening("socket:#1")));
}

TEST(MemorySpi, ExchangesOfOneControllerWaitForEachOther) {
  VirtualClock clock;
  MemorySpi spi(clock);
  for (const char* device : {"/dev/spidev0.0", "/dev/spidev0.1", "/dev/spidev1.0"})
    spi.attach(device, [](Bytes mosi) { return Bytes8(mosi.begin(), mosi.end()); });
  const OpenSpi open = spi.opener();
  const auto a = *open(opening("/dev/spidev0.0"));
  const auto b = *open(opening("/dev/spidev0.1"));
  const auto c = *open(opening("/dev/spidev1.0"));
  Running<Bytes8> first(clock, a->exchange(Bytes8(8)));  // 9 ms
  Running<Bytes8> second(clock, b->exchange(Bytes8(8)));
  Running<Bytes8> third(clock, c->exchange(Bytes8(8)));
  clock.advance(10ms);

  EXPECT_TRUE(first.is_done());
  EXPECT_FALSE(second.is_done());
  EXPECT_TRUE(third.is_done());
  clock.advance(10ms);
  EXPECT_TRUE(second.is_done());
  EXPECT_EQ(spi.busy(), 27ms);
}

TEST(MemorySpi, FaultsHitTheirOwnLineOnly) {
  VirtualClock clock;
  MemorySpi spi(clock);
  spi.attach("/dev/spidev0.0", {});
  spi.attach("/dev/spidev0.1", [](Bytes mosi) { return Bytes8(mosi.begin(), mosi.end()); });
  const OpenSpi open = spi.opener();
  const auto empty = *open(opening("/dev/spidev0.0"));
  const auto node = *open(opening("/dev/spidev0.1"));
  const auto exchange = [&](SpiBus& bus) {
    Running<Bytes8> running(clock, bus.exchange({1, 2}));
    clock.advance(10ms);
    return running.result();
  };

  EXPECT_THAT(*exchange(*empty), ElementsAre(0xFF, 0xFF));
  spi.fail("/dev/spidev0.1", Error(Errc::timeout, "late"));
  EXPECT_EQ(exchange(*node).error().code, Errc::timeout);
  spi.damage_miso("/dev/spidev0.1", [](Bytes8& bytes) { bytes[0] ^= 0x80; });
  EXPECT_THAT(*exchange(*node), ElementsAre(0x81, 2));
  spi.vanish("/dev/spidev0.1");
  EXPECT_EQ(exchange(*node).error().code, Errc::disconnected);
  EXPECT_FALSE(open(opening("/dev/spidev0.1")));
  EXPECT_FALSE(open(opening("/dev/spidev7.7")));
}

}  // namespace
}  // namespace b2m::test
