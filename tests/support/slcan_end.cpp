// SPDX-License-Identifier: MIT
#include "tests/support/slcan_end.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

namespace b2m::test {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr auto kInterval = std::chrono::milliseconds(500);
constexpr int kPollLimit_ms = 20;

}  // namespace

SlcanEnd::SlcanEnd(std::string link) : link_(std::move(link)) {
  master_ = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  std::array<char, 64> name{};
  if (master_ < 0 || grantpt(master_) != 0 || unlockpt(master_) != 0 ||
      ptsname_r(master_, name.data(), name.size()) != 0)
    throw std::runtime_error("no pseudo terminal");
  slave_ = open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  termios settings{};
  if (slave_ < 0 || tcgetattr(slave_, &settings) != 0)
    throw std::runtime_error("the pseudo terminal cannot be opened");
  cfmakeraw(&settings);
  tcsetattr(slave_, TCSANOW, &settings);
  if (symlink(name.data(), link_.c_str()) != 0) throw std::runtime_error("cannot make " + link_);
  thread_ = std::thread([this] { run(); });
}

SlcanEnd::~SlcanEnd() {
  ends_ = true;
  thread_.join();
  unlink(link_.c_str());
  close(slave_);
  close(master_);
}

void SlcanEnd::repeat(std::vector<std::string> lines) {
  const std::lock_guard lock(mutex_);
  lines_ = std::move(lines);
}

std::vector<SlcanEnd::Heard> SlcanEnd::frames() const {
  const std::lock_guard lock(mutex_);
  return frames_;
}

bool SlcanEnd::wait_for(std::string_view line, std::size_t count, std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  return news_.wait_for(lock, limit, [&] {
    return std::ranges::count(frames_, line, &Heard::line) >= static_cast<std::ptrdiff_t>(count);
  });
}

void SlcanEnd::run() {
  auto next = SteadyClock::now();
  std::string line;
  while (!ends_) {
    pollfd p{master_, POLLIN, 0};
    poll(&p, 1, kPollLimit_ms);
    std::array<char, 1024> buffer{};
    const ssize_t n = read(master_, buffer.data(), buffer.size());
    for (ssize_t i = 0; i < n; ++i) {
      const char c = buffer[static_cast<std::size_t>(i)];
      if (c != '\r') {
        line += c;
        continue;
      }
      if (!line.empty()) take(line);
      line.clear();
    }
    if (SteadyClock::now() < next) continue;
    next += kInterval;
    const std::lock_guard lock(mutex_);
    if (is_open_)
      for (const std::string& each : lines_) say(each + '\r');
  }
}

void SlcanEnd::take(std::string_view line) {
  const std::lock_guard lock(mutex_);
  switch (line[0]) {
    case 'F':
      return say("F00\r");
    case 'V':
      return say("V1013\r");
    case 'N':
      return say("NTEST\r");
    case 'O':
      is_open_ = true;
      break;
    case 'C':
      is_open_ = false;
      break;
    case 't':
      frames_.push_back({std::string(line), SteadyClock::now()});
      news_.notify_all();
      break;
    default:
      break;
  }
  say("\r");
}

void SlcanEnd::say(const std::string& bytes) const {
  // Who does not read loses bytes, as on a real line.
  [[maybe_unused]] const ssize_t written = write(master_, bytes.data(), bytes.size());
}

std::vector<std::string> healthy_pack_lines() {
  std::vector<std::string> lines;
  for (int cell = 1; cell <= 6; ++cell) {
    lines.push_back(fmt::format("t60030005{:02X}", 0x20 + cell));
    lines.push_back(fmt::format("t6003C80A{:02X}", 0x10 + cell));
  }
  return lines;
}

}  // namespace b2m::test
