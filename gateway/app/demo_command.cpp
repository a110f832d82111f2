// SPDX-License-Identifier: MIT
#include "gateway/app/demo_command.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/app/loading.hpp"
#include "gateway/app/run_command.hpp"
#include "gateway/io/network.hpp"

namespace b2m::app {
namespace {

namespace fs = std::filesystem;

constexpr int kReadyLimit_ms = 10'000;

/// A folder of our own that is removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "battery2mqtt-demo-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error("cannot make a folder like " + pattern);
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code left_behind;
    fs::remove_all(path_, left_behind);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] std::string operator/(const std::string& name) const {
    return (path_ / name).string();
  }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

/// The simulated hardware; ends with this object.
class Peers {
 public:
  Peers(const std::string& world, const std::string& speed) {
    int out[2];
    if (pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("cannot make a pipe");
    pid_ = fork();
    if (pid_ == 0) {
      dup2(out[1], STDOUT_FILENO);
      const int nothing = open("/dev/null", O_RDONLY);
      dup2(nothing, STDIN_FILENO);
      setpgid(0, 0);  // Ctrl-C is for the gateway: it switches its outputs off first
      prctl(PR_SET_PDEATHSIG, SIGTERM);  // nothing stays behind a demo that was killed
      execl("/proc/self/exe", "battery2mqtt", "peers", world.c_str(), "--speed", speed.c_str(),
            nullptr);
      _exit(127);
    }
    close(out[1]);
    from_child_ = out[0];
    if (pid_ < 0) throw std::runtime_error("cannot start the simulated hardware");
    wait_until_ready();
  }
  ~Peers() {
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
    close(from_child_);
  }
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;

 private:
  void wait_until_ready() const {
    std::string said;
    std::array<char, 256> buffer{};
    pollfd p{from_child_, POLLIN, 0};
    while (said.find("ready") == std::string::npos) {
      if (poll(&p, 1, kReadyLimit_ms) <= 0)
        throw std::runtime_error("the simulated hardware does not start");
      const ssize_t n = read(from_child_, buffer.data(), buffer.size());
      if (n <= 0) throw std::runtime_error("the simulated hardware has ended");
      said.append(buffer.data(), static_cast<std::size_t>(n));
    }
    fcntl(from_child_, F_SETFL, O_NONBLOCK);
    fcntl(from_child_, F_SETPIPE_SZ, 1 << 20);
  }

  pid_t pid_ = -1;
  int from_child_ = -1;
};

/// TCP and UDP are free there just now; as many different ones as asked for.
std::vector<int> free_ports(int count) {
  boost::asio::io_context context;
  const auto clock = make_clock(context.get_executor());
  const auto network = make_network(context.get_executor(), *clock);
  std::vector<int> ports;
  std::vector<std::unique_ptr<Listener>> taken;
  while (static_cast<int>(ports.size()) < count) {
    auto listener = network->listen(Endpoint{"0.0.0.0", 0});
    if (!listener) throw std::runtime_error(listener.error().text());
    const std::uint16_t port = (*listener)->port();
    if (network->open_datagram(Endpoint{"0.0.0.0", port})) ports.push_back(port);
    taken.push_back(std::move(*listener));
  }
  return ports;
}

using Marks = std::vector<std::pair<std::string, std::string>>;

/// The demo's files name the folder they run in as @DIR@, and free ports as @PORT1@ and so on.
Marks marks_of(const std::string& folder) {
  constexpr int kPorts = 9;
  Marks marks{{"@DIR@", folder}};
  for (const int port : free_ports(kPorts))
    marks.emplace_back(fmt::format("@PORT{}@", marks.size()), std::to_string(port));
  return marks;
}

void copy_filled(const fs::path& from, const std::string& to, const Marks& marks) {
  std::ifstream in(from);
  if (!in) throw std::runtime_error(fmt::format("cannot read {}", from.string()));
  std::string text{std::istreambuf_iterator<char>(in), {}};
  for (const auto& [mark, value] : marks)
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at))
      text.replace(at, mark.size(), value);
  std::ofstream(to) << text;
}

int refuse(const std::string& option) {
  std::cerr << fmt::format("battery2mqtt demo: {} needs a positive number\n", option);
  return kExitUsage;
}

}  // namespace

int demo_command(const Arguments& arguments) {
  const auto speed = arguments.number("--speed", 1);
  const auto seconds = arguments.number("--seconds", 0);
  if (!speed || *speed <= 0 || *speed > 1000) return refuse("--speed");
  if (!seconds || *seconds < 0 || (arguments.has("--seconds") && *seconds == 0))
    return refuse("--seconds");

  const auto files = find_shared("demo");
  if (!files) throw std::runtime_error(files.error().text());
  const TemporaryFolder folder;
  const std::string world = folder / "world.toml";
  const std::string config = folder / "battery2mqtt.toml";
  const Marks marks = marks_of(folder.path());
  copy_filled(fs::path(*files) / "world.toml", world, marks);
  copy_filled(arguments.has("-c") ? fs::path(arguments.value("-c"))
                                  : fs::path(*files) / "battery2mqtt.toml",
              config, marks);
  const Peers peers(world, fmt::format("{}", *speed));

  RunOptions options;
  options.config_file = config;
  options.broker_url = arguments.value("--broker", "mqtt://127.0.0.1:1883");
  options.state_dir = folder.path();
  options.speed = *speed;
  options.restarts_by_exec = false;
  if (arguments.has("--seconds")) options.seconds = *seconds;
  return run_gateway(options);
}

}  // namespace b2m::app
