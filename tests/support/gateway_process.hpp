// SPDX-License-Identifier: MIT
// The whole program as a child of a test: started with any command line, its output read and waited
// for, ended by signals.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sys/types.h>

namespace b2m::test {

inline constexpr std::chrono::milliseconds kPatience = std::chrono::seconds(10);

/// A child process without standard input. Killed, if need be, by the end of this object.
class GatewayProcess {
 public:
  /// `battery2mqtt ARGUMENTS...`; a variable is "NAME=VALUE" and added to the environment.
  explicit GatewayProcess(std::vector<std::string> arguments,
                          std::vector<std::string> variables = {});
  /// Any program.
  static GatewayProcess other(std::vector<std::string> argv);
  ~GatewayProcess();
  GatewayProcess(GatewayProcess&&) = delete;
  GatewayProcess& operator=(GatewayProcess&&) = delete;

  void signal(int number) const;
  /// The exit status, or 128 plus the signal that ended it; empty at the limit.
  std::optional<int> wait(std::chrono::milliseconds limit = kPatience);
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::size_t resident_kib() const;

  [[nodiscard]] std::string output() const;  // standard output
  [[nodiscard]] std::string log() const;     // standard error
  /// Until standard error holds this, searched for from `from` on.
  bool wait_for_log(std::string_view text, std::chrono::milliseconds limit = kPatience,
                    std::size_t from = 0);
  [[nodiscard]] std::size_t count_in_log(std::string_view text) const;

 private:
  struct Direct {};
  GatewayProcess(Direct, std::vector<std::string> argv, std::vector<std::string> variables);
  void read_all();
  bool reap(bool blocks);

  pid_t pid_ = -1;
  int status_ = -1;
  bool has_ended_ = false;
  int from_out_ = -1, from_err_ = -1;
  mutable std::mutex mutex_;
  std::condition_variable news_;
  std::string output_, log_;
  bool is_at_end_ = false;
  std::thread reader_;
};

/// Runs to its end.
struct Ran {
  int status = -1;
  std::string output, log;
};
Ran run_program(std::vector<std::string> arguments, std::vector<std::string> variables = {});
Ran run_other(std::vector<std::string> argv);

/// Polls until `done`, at most until the limit; returns what `done` said last.
bool eventually(const std::function<bool()>& done, std::chrono::milliseconds limit = kPatience);

}  // namespace b2m::test
