// SPDX-License-Identifier: MIT
// The host's end of a serial line, opened by path and spoken to with raw bytes.
#pragma once

#include <array>
#include <chrono>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

namespace b2m::test {

/// The host's end of the line.
class HostLine {
 public:
  explicit HostLine(const std::string& path) : fd_(open(path.c_str(), O_RDWR | O_NOCTTY)) {}
  ~HostLine() {
    if (fd_ >= 0) close(fd_);
  }
  HostLine(const HostLine&) = delete;
  HostLine& operator=(const HostLine&) = delete;

  void say(std::string_view text) const {
    EXPECT_EQ(write(fd_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  /// Reads until this text has come.
  bool hears(std::string_view text, std::chrono::milliseconds limit = std::chrono::seconds(10)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    std::array<char, 256> buffer{};
    for (;;) {
      if (const std::size_t at = heard_.find(text); at != std::string::npos) {
        heard_.erase(0, at + text.size());
        return true;
      }
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          end - std::chrono::steady_clock::now());
      pollfd p{fd_, POLLIN, 0};
      if (left.count() <= 0 || poll(&p, 1, static_cast<int>(left.count())) <= 0) return false;
      const ssize_t n = read(fd_, buffer.data(), buffer.size());
      if (n <= 0) return has_ended_ = true, false;
      heard_.append(buffer.data(), static_cast<std::size_t>(n));
    }
  }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] bool has_ended() const { return has_ended_; }

 private:
  int fd_;
  std::string heard_;
  bool has_ended_ = false;
};

}  // namespace b2m::test
