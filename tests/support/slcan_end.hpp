// SPDX-License-Identifier: MIT
// The far end of a serial CAN line, byte by byte: hears every frame that the
// program sends, with its time, and sends what it is told, again and again.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace b2m::test {

class SlcanEnd {
 public:
  struct Heard {
    std::string line;  // "t6043010031"
    std::chrono::steady_clock::time_point time;
  };

  /// `link` becomes a link to a new pseudo terminal.
  explicit SlcanEnd(std::string link);
  ~SlcanEnd();
  SlcanEnd(const SlcanEnd&) = delete;
  SlcanEnd& operator=(const SlcanEnd&) = delete;

  /// From now on these lines are sent twice a second.
  void repeat(std::vector<std::string> lines);
  /// Frames heard so far.
  [[nodiscard]] std::vector<Heard> frames() const;
  /// Until this line has been heard so often.
  bool wait_for(std::string_view line, std::size_t count, std::chrono::milliseconds limit);

 private:
  void run();
  void take(std::string_view line);
  void say(const std::string& bytes) const;

  std::string link_;
  int master_ = -1, slave_ = -1;
  bool is_open_ = false;
  mutable std::mutex mutex_;
  std::condition_variable news_;
  std::vector<std::string> lines_;
  std::vector<Heard> frames_;
  std::atomic<bool> ends_{false};
  std::thread thread_;
};

/// Frames of pack 1 with six blocks at 12.80 V and 27.60 °C, as lines.
std::vector<std::string> healthy_pack_lines();

}  // namespace b2m::test
