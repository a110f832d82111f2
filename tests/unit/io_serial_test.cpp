// SPDX-License-Identifier: MIT
// Serial lines on real pseudo terminals: bytes, deadlines, unplugging and what opening may meet.
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "gateway/io/byte_stream.hpp"
#include "tests/support/running.hpp"
#include "tests/support/scripted_pty.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;

class Serial : public testing::Test {
 protected:
  Result<std::unique_ptr<ByteStream>> open(const std::string& path, int baud = 115'200) {
    return open_serial(clock_.executor(), clock_, path, baud);
  }

  VirtualClock clock_;
  ScriptedPty pty_{clock_};
  std::array<std::uint8_t, 64> buffer_{};
};

TEST_F(Serial, CarriesBytesBothWaysAtAnUnusualRate) {
  const auto line = open(pty_.path(), 612'500);
  ASSERT_TRUE(line) << line.error().text();
  pty_.say(std::string("\x00\x03\x11\x13\xFF", 5));  // would be eaten by a line not in raw mode
  const auto n = finish(clock_, (*line)->read_some(buffer_, kNoDeadline));
  ASSERT_TRUE(n);
  EXPECT_EQ(to_hex(Bytes(buffer_).first(*n)), "00031113FF");

  const std::string text = "hello\r";
  ASSERT_TRUE(finish(
      clock_, (*line)->write({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()},
                             kNoDeadline)));
  EXPECT_TRUE(clock_.run_until([&] { return pty_.heard() == std::vector<std::string>{"hello"}; }));
}

TEST_F(Serial, ReadEndsAtItsDeadline) {
  const auto line = open(pty_.path());
  ASSERT_TRUE(line);
  Running<std::size_t> read(clock_, (*line)->read_some(buffer_, clock_.now() + 1s));
  clock_.advance(999ms);
  EXPECT_FALSE(read.is_done());
  clock_.advance(1ms);
  EXPECT_EQ(read.join().error().code, Errc::timeout);
}

TEST_F(Serial, ReadIsCancelledWithAndWithoutDeadline) {
  const auto line = open(pty_.path());
  ASSERT_TRUE(line);
  for (const SteadyTime deadline : {kNoDeadline, clock_.now() + 1h}) {
    Running<std::size_t> read(clock_, (*line)->read_some(buffer_, deadline));
    read.cancel();
    EXPECT_EQ(read.join().error().code, Errc::cancelled);
  }
}

TEST_F(Serial, UnpluggingIsADisconnection) {
  const auto line = open(pty_.path());
  ASSERT_TRUE(line);
  Running<std::size_t> read(clock_, (*line)->read_some(buffer_, kNoDeadline));
  pty_.unplug();
  EXPECT_EQ(read.join().error().code, Errc::disconnected);
}

TEST_F(Serial, WriteToALineThatTakesNothingEndsAtItsDeadline) {
  const auto line = open(pty_.path());
  ASSERT_TRUE(line);
  const std::vector<std::uint8_t> much(1 << 20, 'x');
  Running<> write(clock_, (*line)->write(much, clock_.now() + 1s));
  clock_.advance(2s);
  EXPECT_EQ(write.join().error().code, Errc::timeout);
}

TEST_F(Serial, OpensALineOnlyOnce) {
  const auto first = open(pty_.path());
  ASSERT_TRUE(first);
  const auto second = open(pty_.path());
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().text().find("in use by another program"), std::string::npos);
}

TEST_F(Serial, SaysWhatIsWrongWithThePath) {
  const auto missing = open("/dev/serial/by-id/usb-nothing");
  EXPECT_EQ(missing.error().code, Errc::not_found);
  EXPECT_NE(missing.error().text().find("/dev/serial/by-id"), std::string::npos);
  const std::string file = testing::TempDir() + "b2m_no_tty";
  std::ofstream(file) << "text";
  EXPECT_EQ(open(file).error().code, Errc::not_supported);
  std::filesystem::remove(file);
  EXPECT_EQ(open(pty_.path(), 0).error().code, Errc::out_of_range);
}

TEST_F(Serial, NamesTheGroupToJoinWhenForbidden) {
  const std::string file = testing::TempDir() + "b2m_forbidden";
  std::ofstream(file) << "text";
  std::filesystem::permissions(file, std::filesystem::perms::none);
  constexpr uid_t kNobody = 65'534;
  const bool is_root = ::geteuid() == 0 && ::seteuid(kNobody) == 0;  // who may open everything
  const auto line = open(file);
  ASSERT_TRUE(!is_root || ::seteuid(0) == 0);
  std::filesystem::remove(file);
  ASSERT_EQ(line.error().code, Errc::permission);
  EXPECT_NE(line.error().text().find("dialout"), std::string::npos);
}

}  // namespace
}  // namespace b2m::test
