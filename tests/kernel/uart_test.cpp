// SPDX-License-Identifier: MIT
// A crossed pair of USB serial adapters on a real kernel (vmrun --uart): the baud rate of Tesla
// modules, and a port that is pulled out.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <asm/termbits.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "gateway/io/byte_stream.hpp"
#include "tests/support/running.hpp"

namespace b2m::test {
namespace {

constexpr int kTesla = 612'500;
constexpr const char* kPorts[] = {"/dev/ttyUSB0", "/dev/ttyUSB1"};

/// The rate that the kernel says it runs, either way; 0: cannot be asked.
std::pair<unsigned, unsigned> rate_of(const char* port) {
  termios2 settings{};
  const int fd = ::open(port, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  const bool is_read = fd >= 0 && ::ioctl(fd, TCGETS2, &settings) == 0;
  if (fd >= 0) ::close(fd);
  return is_read ? std::pair(settings.c_ispeed, settings.c_ospeed) : std::pair(0U, 0U);
}

class KernelUart : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* port : kPorts) {
      if (std::filesystem::exists(port)) continue;
      if (std::getenv("VMRUN")) FAIL() << "no " << port << "; start vmrun with --uart";
      GTEST_SKIP() << "no " << port << "; run inside tests/kernel/vm/vmrun --uart";
    }
  }

  std::unique_ptr<ByteStream> open(const char* port) {
    auto line = open_serial(clock_.executor(), clock_, port, kTesla);
    if (!line) ADD_FAILURE() << line.error().text();
    return line ? std::move(*line) : nullptr;
  }
  void say(ByteStream& line, Bytes bytes) {
    const auto said = finish(clock_, line.write(bytes, kNoDeadline));
    EXPECT_TRUE(said) << said.error().text();
  }
  std::string hear(ByteStream& line, std::size_t count) {
    std::vector<std::uint8_t> heard;
    std::array<std::uint8_t, 64> buffer;
    while (heard.size() < count) {
      const auto n = finish(clock_, line.read_some(buffer, kNoDeadline));
      if (!n) break;
      heard.insert(heard.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*n));
    }
    return to_hex(heard);
  }
  /// Pulls a port out, or puts it back, as the kernel sees it.
  static void plug(const std::string& authorized, bool is_in) {
    std::ofstream(authorized) << (is_in ? 1 : 0) << std::flush;
  }

  VirtualClock clock_;
};

TEST_F(KernelUart, CarriesBytesBothWaysAtTheBaudRateOfTeslaModules) {
  const auto a = open(kPorts[0]), b = open(kPorts[1]);
  ASSERT_TRUE(a && b);
  const std::uint8_t request[] = {0x00, 0x00, 0x01, 0x07}, reply[] = {0x80, 0x00, 0x01, 0x60};

  say(*a, request);
  EXPECT_EQ(hear(*b, 4), "00000107");
  say(*b, reply);
  EXPECT_EQ(hear(*a, 4), "80000160");
  EXPECT_EQ(rate_of(kPorts[0]), std::pair(612'500U, 612'500U));
}

TEST_F(KernelUart, NoByteIsChangedOnTheWay) {
  const auto a = open(kPorts[0]), b = open(kPorts[1]);
  ASSERT_TRUE(a && b);
  std::vector<std::uint8_t> all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<std::uint8_t>(i));

  say(*a, all);

  EXPECT_EQ(hear(*b, all.size()), to_hex(all));
}

TEST_F(KernelUart, APortThatIsPulledOutIsADisconnectionAndOpensAgainWhenItIsBack) {
  namespace fs = std::filesystem;
  const fs::path device = fs::canonical("/sys/class/tty/ttyUSB0/device");
  const std::string authorized = (device.parent_path().parent_path() / "authorized").string();
  auto line = open(kPorts[0]);
  ASSERT_TRUE(line);
  std::array<std::uint8_t, 8> buffer;
  Running<std::size_t> reader(clock_, line->read_some(buffer, kNoDeadline));

  plug(authorized, false);
  const auto ended = reader.join();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, Errc::disconnected) << ended.error().text();
  const auto again = open_serial(clock_.executor(), clock_, kPorts[0], kTesla);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::not_found) << again.error().text();

  line.reset();
  plug(authorized, true);
  ASSERT_TRUE(clock_.run_until([] { return fs::exists(kPorts[0]); }));
  const auto back = open(kPorts[0]), other = open(kPorts[1]);
  ASSERT_TRUE(back && other);
  const std::uint8_t request[] = {0x00, 0x00, 0x01, 0x07};
  say(*back, request);
  EXPECT_EQ(hear(*other, 4), "00000107");
}

}  // namespace
}  // namespace b2m::test
