// SPDX-License-Identifier: MIT
// The socket between a gateway and simulated nodes, both ends of it.
#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include "gateway/app/spi_server.hpp"
#include "gateway/io/spi_bus.hpp"
#include "tests/support/running.hpp"

namespace b2m::app {
namespace {

using namespace std::chrono_literals;
using test::finish;
using test::Running;
using Sent = std::vector<std::uint8_t>;

class SpiServerTest : public testing::Test {
 protected:
  void serve(bool is_paced) {
    server_ = std::make_unique<SpiServer>(clock_.executor(), clock_, path_, is_paced,
                                          [this](const SpiRequest& request) {
                                            heard_.push_back(request);
                                            return Sent(request.bytes.size(), request.select);
                                          });
    ASSERT_TRUE(server_->open());
    running_ = std::make_unique<Running<>>(clock_, server_->run());
  }
  Result<std::unique_ptr<SpiBus>> open(int select) {
    SpiOpening opening;
    opening.device = "socket:" + path_ + "#" + std::to_string(select);
    return open_(opening);
  }

  test::VirtualClock clock_;
  OpenSpi open_ = make_spi_opener(clock_.executor(), clock_);
  std::string path_ = testing::TempDir() + "b2m_spi_" + std::to_string(::getpid());
  std::vector<SpiRequest> heard_;
  std::unique_ptr<SpiServer> server_;
  std::unique_ptr<Running<>> running_;
};

TEST_F(SpiServerTest, AnswersEverySelectLineWithItsOwn) {
  serve(false);
  const auto two = open(2), three = open(3);
  ASSERT_TRUE(two && three);

  EXPECT_EQ(*finish(clock_, (*two)->exchange({1, 2, 3})), (Sent{2, 2, 2}));
  EXPECT_EQ(*finish(clock_, (*three)->exchange({9})), Sent{3});
  ASSERT_EQ(heard_.size(), 2U);
  EXPECT_EQ(heard_[0], (SpiRequest{2, 8000, {1, 2, 3}}));
}

TEST_F(SpiServerTest, PacedExchangesTakeNineClocksAByteOneAfterTheOther) {
  serve(true);
  const auto two = open(2), three = open(3);
  ASSERT_TRUE(two && three);
  Running<Sent> first(clock_, (*two)->exchange(Sent(16)));
  clock_.run_until([&] { return heard_.size() == 1; });
  Running<Sent> second(clock_, (*three)->exchange(Sent(16)));
  clock_.run_until([&] { return heard_.size() == 2; });

  clock_.advance(17ms);  // 18 ms at 8 kHz
  EXPECT_FALSE(clock_.run_until([&] { return first.is_done(); }, 20ms));
  clock_.advance(1ms);
  EXPECT_TRUE(clock_.run_until([&] { return first.is_done(); }));
  clock_.advance(17ms);
  EXPECT_FALSE(clock_.run_until([&] { return second.is_done(); }, 20ms));
  clock_.advance(1ms);
  EXPECT_TRUE(clock_.run_until([&] { return second.is_done(); }));
}

TEST_F(SpiServerTest, ClosedItIsADisconnectionAndOpenedAgainItAnswers) {
  serve(false);
  const auto bus = open(0);
  ASSERT_TRUE(bus);
  ASSERT_TRUE(finish(clock_, (*bus)->exchange({1})));

  server_->close();
  EXPECT_EQ(finish(clock_, (*bus)->exchange({1})).error().code, Errc::disconnected);
  EXPECT_EQ(open(0).error().code, Errc::not_found);
  EXPECT_FALSE(std::filesystem::exists(path_));

  ASSERT_TRUE(server_->open());
  clock_.advance(50ms);
  const auto again = open(0);
  ASSERT_TRUE(again);
  EXPECT_TRUE(finish(clock_, (*again)->exchange({1})));
}

TEST_F(SpiServerTest, ASocketLeftBehindIsReplacedAndAFileIsNot) {
  serve(false);
  SpiServer second(clock_.executor(), clock_, path_, false, nullptr);
  EXPECT_TRUE(second.open());
  SpiServer third(clock_.executor(), clock_, B2M_SOURCE_DIR "/LICENSE", false, nullptr);
  EXPECT_FALSE(third.open());
  EXPECT_TRUE(std::filesystem::exists(B2M_SOURCE_DIR "/LICENSE"));
}

}  // namespace
}  // namespace b2m::app
