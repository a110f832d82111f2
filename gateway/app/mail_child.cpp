// SPDX-License-Identifier: MIT
#include "gateway/app/mail_child.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace b2m::app {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostBody = 32 * 1024;  // fits into a pipe: writing it never waits
constexpr std::size_t kMostComplaint = 4096;
constexpr SteadyDuration kLook = 50ms;

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() { close(); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_ = -1;
};

struct Pipe {
  Fd read, write;
};

std::optional<Pipe> make_pipe(int flags) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | flags) != 0) return std::nullopt;
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

/// The child's process and what it says. One that still runs when this goes is left to itself: it
/// has a time limit of its own, and the last report of a gateway that stops shall go out.
class Process {
 public:
  Process(pid_t pid, Fd complaints) : pid_(pid), complaints_(std::move(complaints)) {}
  Process(Process&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)), complaints_(std::move(other.complaints_)) {}
  Process& operator=(Process&&) = delete;
  ~Process() {
    if (pid_ > 0) waitpid(pid_, nullptr, WNOHANG);
  }
  void end() {
    kill(pid_, SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
  }

  /// Its status once it has ended.
  std::optional<int> poll() {
    listen();
    int status = 0;
    const pid_t ended = waitpid(pid_, &status, WNOHANG);
    if (ended == 0 || (ended < 0 && errno == EINTR)) return std::nullopt;
    listen();
    pid_ = -1;
    return ended > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 255;
  }
  /// The last line of standard error.
  [[nodiscard]] std::string complaint() const {
    std::string text = said_;
    while (text.ends_with('\n')) text.pop_back();
    return text.substr(text.rfind('\n') + 1);
  }

 private:
  void listen() {
    std::array<char, 512> part{};
    for (ssize_t n = 0; (n = read(complaints_.get(), part.data(), part.size())) > 0;) {
      said_.append(part.data(), static_cast<std::size_t>(n));
      if (said_.size() > kMostComplaint) said_.erase(0, said_.size() - kMostComplaint);
    }
  }

  pid_t pid_;
  Fd complaints_;  // does not block
  std::string said_;
};

/// A group of its own, so that Ctrl-C in a terminal does not end it; no file of ours but the pipes.
Result<Process> spawn(const MailChild& child, const Letter& letter) {
  auto input = make_pipe(0);
  auto complaints = make_pipe(O_NONBLOCK);
  if (!input || !complaints)
    return Error(Errc::io_error, fmt::format("no pipe: {}", std::strerror(errno)));
  const std::string body = letter.body.substr(0, kMostBody);
  if (write(input->write.get(), body.data(), body.size()) != static_cast<ssize_t>(body.size()))
    return Error(Errc::io_error, fmt::format("a pipe takes no data: {}", std::strerror(errno)));
  input->write.close();
  // The program's own words as text that can be pointed to.
  std::array<std::string, 6> words{"battery2mqtt",    "mail",      "-c",
                                   child.config_file, "--subject", letter.subject};
  std::array<char*, 7> argv{};
  for (std::size_t i = 0; i < words.size(); ++i) argv[i] = words[i].data();
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&files, input->read.get(), 0);
  posix_spawn_file_actions_adddup2(&files, complaints->write.get(), 2);
  posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclosefrom_np(&files, 3);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  pid_t pid = -1;
  const int failed =
      posix_spawn(&pid, child.program.c_str(), &files, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0)
    return Error(Errc::io_error,
                 fmt::format("{} cannot be started: {}", child.program, std::strerror(failed)));
  return Process(pid, std::move(complaints->read));
}

}  // namespace

Awaitable<Result<>> send_by_child(Clock& clock, MailChild child, Letter letter) {
  auto process = spawn(child, letter);
  if (!process) co_return process.error();
  const SteadyTime deadline = clock.now() + child.limit;
  for (;;) {
    const std::optional<int> status = process->poll();
    if (status == 0) co_return Result<>();
    if (status) {
      const std::string why = process->complaint();
      co_return Error(Errc::io_error,
                      why.empty() ? fmt::format("the mail process ended with {}", *status) : why);
    }
    if (clock.now() >= deadline) {
      process->end();
      co_return Error(Errc::timeout, "the mail server has not finished in time");
    }
    const auto slept = co_await clock.sleep_for(kLook);
    if (!slept) co_return Error(Errc::cancelled);
  }
}

}  // namespace b2m::app
