// SPDX-License-Identifier: MIT
#include "tests/support/peers.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace b2m::test {

using std::chrono::steady_clock;

Peers::Peers(std::string world, const std::string& speed) {
  std::string pattern = (std::filesystem::temp_directory_path() / "b2m-peers-XXXXXX").string();
  if (!mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
  folder_ = pattern;
  const std::string mark = "@DIR@";
  for (std::size_t at = world.find(mark); at != std::string::npos; at = world.find(mark, at))
    world.replace(at, mark.size(), folder_);
  std::ofstream(folder_ + "/world.toml") << world;
  start(folder_ + "/world.toml", speed);
  if (wait_for("ready\n")) return;
  stop();
  throw std::runtime_error("the simulated hardware did not get ready: " + said_);
}

Peers::~Peers() { stop(); }

void Peers::start(const std::string& world, const std::string& speed) {
  std::array<int, 2> in{}, out{};
  if (pipe2(in.data(), O_CLOEXEC) != 0 || pipe2(out.data(), O_CLOEXEC) != 0)
    throw std::runtime_error("no pipe");
  setenv("BATTERY2MQTT_PROFILES", B2M_SOURCE_DIR "/config/profiles", 0);  // wherever it was built
  pid_ = fork();
  if (pid_ == 0) {
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    execl(B2M_PROGRAM, "battery2mqtt", "peers", world.c_str(), "--speed", speed.c_str(),
          "--until-eof", nullptr);
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  to_child_ = in[1];
  from_child_ = out[0];
}

void Peers::stop() {
  end_input();
  if (pid_ > 0) {
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }
  if (from_child_ >= 0) close(from_child_);
  std::error_code left_behind;
  std::filesystem::remove_all(folder_, left_behind);
}

void Peers::fault(std::string_view keys) { write_line("fault " + std::string(keys) + "\n"); }
void Peers::clear_faults() { write_line("clear\n"); }
void Peers::signal(int number) const { kill(pid_, number); }

void Peers::write_line(const std::string& line) const {
  if (write(to_child_, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    throw std::runtime_error("the simulated hardware takes no lines");
}

void Peers::end_input() {
  if (to_child_ >= 0) close(to_child_);
  to_child_ = -1;
}

bool Peers::wait_for(std::string_view text, std::chrono::milliseconds limit) {
  const auto end = steady_clock::now() + limit;
  for (;;) {
    const std::size_t at = said_.find(text, read_until_);
    if (at != std::string::npos) {
      read_until_ = at + text.size();
      return true;
    }
    if (!read_more(end)) return false;
  }
}

bool Peers::read_more(steady_clock::time_point end) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(end - steady_clock::now());
  pollfd p{from_child_, POLLIN, 0};
  if (left.count() <= 0 || poll(&p, 1, static_cast<int>(left.count())) <= 0) return false;
  std::array<char, 1024> buffer{};
  const ssize_t n = read(from_child_, buffer.data(), buffer.size());
  if (n <= 0) return false;
  said_.append(buffer.data(), static_cast<std::size_t>(n));
  return true;
}

int Peers::wait_for_end(std::chrono::milliseconds limit) {
  const auto end = steady_clock::now() + limit;
  while (read_more(end)) {  // its output ends with it
  }
  int status = 0;
  if (steady_clock::now() >= end || waitpid(pid_, &status, 0) != pid_) return -1;
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace b2m::test
