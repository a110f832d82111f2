// SPDX-License-Identifier: MIT
// `battery2mqtt peers` as a child of a test: fault lines in, lines about the boards out.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace b2m::test {

/// Ends with this object. Throws when the child does not get ready.
class Peers {
 public:
  /// `world` is the text of a WORLD.toml; @DIR@ in it becomes folder().
  explicit Peers(std::string world, const std::string& speed = "1");
  ~Peers();
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;

  void fault(std::string_view keys);  // "kind=silent pack=1 for_s=10"
  void clear_faults();
  /// Waits for a line that contains this, from where the last wait ended.
  bool wait_for(std::string_view text, std::chrono::milliseconds limit = std::chrono::seconds(10));
  /// Closes its standard input.
  void end_input();
  /// Its exit status, once it has ended by itself; -1 at the limit.
  int wait_for_end(std::chrono::milliseconds limit = std::chrono::seconds(10));
  void signal(int number) const;
  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] const std::string& said() const { return said_; }

 private:
  void start(const std::string& world, const std::string& speed);
  void write_line(const std::string& line) const;
  bool read_more(std::chrono::steady_clock::time_point end);
  void stop();

  std::string folder_;
  pid_t pid_ = -1;
  int to_child_ = -1;
  int from_child_ = -1;
  std::string said_;
  std::size_t read_until_ = 0;
};

}  // namespace b2m::test
