// SPDX-License-Identifier: MIT
#include "tests/support/gateway_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace b2m::test {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr auto kStep = std::chrono::milliseconds(5);
constexpr int kSignalBase = 128;

std::vector<std::string> with_program(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), B2M_PROGRAM);
  return arguments;
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// Some variables, where the shipped profiles are (wherever the program was built), and those of
/// this process. The first of two with the same name counts.
std::vector<std::string> environment(std::vector<std::string> more) {
  more.emplace_back("BATTERY2MQTT_PROFILES=" B2M_SOURCE_DIR "/config/profiles");
  for (char** at = environ; *at; ++at) more.emplace_back(*at);
  return more;
}

}  // namespace

GatewayProcess::GatewayProcess(std::vector<std::string> arguments,
                               std::vector<std::string> variables)
    : GatewayProcess(Direct{}, with_program(std::move(arguments)), std::move(variables)) {}

GatewayProcess GatewayProcess::other(std::vector<std::string> argv) {
  return {Direct{}, std::move(argv), {}};
}

GatewayProcess::GatewayProcess(Direct, std::vector<std::string> argv,
                               std::vector<std::string> variables) {
  int out[2];
  int err[2];
  if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0)
    throw std::runtime_error("cannot make a pipe");
  std::vector<std::string> all_variables = environment(std::move(variables));
  const std::vector<char*> words = pointers_to(argv);
  const std::vector<char*> variable_words = pointers_to(all_variables);
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    execvpe(words[0], words.data(), variable_words.data());
    _exit(127);
  }
  close(out[1]);
  close(err[1]);
  from_out_ = out[0];
  from_err_ = err[0];
  if (pid_ < 0) throw std::runtime_error("cannot start " + argv[0]);
  reader_ = std::thread([this] { read_all(); });
}

GatewayProcess::~GatewayProcess() {
  if (!has_ended_) {
    signal(SIGKILL);
    reap(true);
  }
  reader_.join();
  close(from_out_);
  close(from_err_);
}

void GatewayProcess::read_all() {
  std::array<pollfd, 2> ends{{{from_out_, POLLIN, 0}, {from_err_, POLLIN, 0}}};
  std::array<char, 16384> buffer{};
  while (ends[0].fd >= 0 || ends[1].fd >= 0) {
    if (poll(ends.data(), ends.size(), -1) < 0 && errno != EINTR) break;
    for (std::size_t i = 0; i < ends.size(); ++i) {
      if (ends[i].fd < 0 || ends[i].revents == 0) continue;
      const ssize_t n = read(ends[i].fd, buffer.data(), buffer.size());
      const std::lock_guard lock(mutex_);
      if (n <= 0)
        ends[i].fd = -1;
      else
        (i == 0 ? output_ : log_).append(buffer.data(), static_cast<std::size_t>(n));
      news_.notify_all();
    }
  }
  const std::lock_guard lock(mutex_);
  is_at_end_ = true;
  news_.notify_all();
}

void GatewayProcess::signal(int number) const {
  if (!has_ended_) kill(pid_, number);
}

bool GatewayProcess::reap(bool blocks) {
  if (has_ended_) return true;
  int status = 0;
  if (waitpid(pid_, &status, blocks ? 0 : WNOHANG) != pid_) return false;
  status_ = WIFSIGNALED(status) ? kSignalBase + WTERMSIG(status) : WEXITSTATUS(status);
  has_ended_ = true;
  return true;
}

std::optional<int> GatewayProcess::wait(std::chrono::milliseconds limit) {
  if (!eventually([&] { return reap(false); }, limit)) return std::nullopt;
  std::unique_lock lock(mutex_);
  news_.wait_for(lock, kPatience, [&] { return is_at_end_; });
  return status_;
}

std::size_t GatewayProcess::resident_kib() const {
  std::size_t total = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/" + std::to_string(pid_) + "/statm") >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) / 1024;
}

std::string GatewayProcess::output() const {
  const std::lock_guard lock(mutex_);
  return output_;
}

std::string GatewayProcess::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

bool GatewayProcess::wait_for_log(std::string_view text, std::chrono::milliseconds limit,
                                  std::size_t from) {
  std::unique_lock lock(mutex_);
  const auto is_there = [&] { return log_.find(text, from) != std::string::npos; };
  news_.wait_for(lock, limit, [&] { return is_there() || is_at_end_; });
  return is_there();
}

std::size_t GatewayProcess::count_in_log(std::string_view text) const {
  const std::string all = log();
  std::size_t count = 0;
  for (std::size_t at = all.find(text); at != std::string::npos; at = all.find(text, at + 1))
    ++count;
  return count;
}

namespace {

Ran finish(GatewayProcess& process) {
  constexpr auto kLimit = std::chrono::seconds(60);
  Ran ran;
  ran.status = process.wait(kLimit).value_or(-1);
  ran.output = process.output();
  ran.log = process.log();
  return ran;
}

}  // namespace

Ran run_program(std::vector<std::string> arguments, std::vector<std::string> variables) {
  GatewayProcess process(std::move(arguments), std::move(variables));
  return finish(process);
}

Ran run_other(std::vector<std::string> argv) {
  GatewayProcess process = GatewayProcess::other(std::move(argv));
  return finish(process);
}

bool eventually(const std::function<bool()>& done, std::chrono::milliseconds limit) {
  const auto end = SteadyClock::now() + limit;
  while (!done()) {
    if (SteadyClock::now() >= end) return done();
    std::this_thread::sleep_for(kStep);  // between two looks at a condition
  }
  return true;
}

}  // namespace b2m::test
