// SPDX-License-Identifier: MIT
// Other programs of a benchmark: any command line as a child, and a private broker that keeps
// nothing on disk.
#pragma once

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/raw_mqtt.hpp"

namespace b2m::bench {

/// A folder that goes with the benchmark.
class WorkFolder {
 public:
  WorkFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "b2m-bench-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
    path_ = pattern;
  }
  ~WorkFolder() {
    std::error_code ignored;  // what stays behind is in the temporary folder
    std::filesystem::remove_all(path_, ignored);
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  [[nodiscard]] std::string operator/(const std::string& name) const {
    return (path_ / name).string();
  }
  std::string write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
    return *this / name;
  }

 private:
  std::filesystem::path path_;
};

/// Ends with this object. Descriptors without FD_CLOEXEC are its own, too.
class Child {
 public:
  Child(std::vector<std::string> words, const std::string& log) {
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    started_ns_ = now_ns();
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
      dup2(file, STDOUT_FILENO);
      dup2(file, STDERR_FILENO);
      execv(argv[0], argv.data());
      _exit(127);
    }
    if (pid_ < 0) throw std::runtime_error("cannot start " + words[0]);
  }
  ~Child() { end(SIGKILL); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Sends the signal and waits for the end.
  void end(int signal) {
    if (pid_ <= 0) return;
    kill(pid_, signal);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::int64_t started_ns() const { return started_ns_; }

 private:
  pid_t pid_ = -1;
  std::int64_t started_ns_ = 0;
};

inline int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("no free port");
  close(fd);
  return ntohs(address.sin_port);
}

/// mosquitto on a port of its own. A restart loses everything it has stored.
class Broker {
 public:
  explicit Broker(const WorkFolder& folder) : port_(free_port()), log_(folder / "mosquitto.log") {
    config_ =
        folder.write("mosquitto.conf",
                     fmt::format("listener {} 127.0.0.1\nallow_anonymous true\npersistence false\n"
                                 "max_queued_messages 0\nset_tcp_nodelay true\n",
                                 port_));
    start();
  }
  void kill() { child_->end(SIGKILL); }
  /// Returns when the listener is there; the time of that.
  std::int64_t start() {
    child_ = std::make_unique<Child>(std::vector<std::string>{"/usr/sbin/mosquitto", "-c", config_},
                                     log_);
    const std::int64_t limit = now_ns() + 5'000'000'000;
    while (!RawMqtt::is_listening(port_)) {
      if (now_ns() > limit) throw std::runtime_error("mosquitto does not start, see " + log_);
      sleep_until_ns(now_ns() + 200'000);
    }
    return now_ns();
  }
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] pid_t pid() const { return child_->pid(); }

 private:
  int port_;
  std::string log_, config_;
  std::unique_ptr<Child> child_;
};

}  // namespace b2m::bench
