// SPDX-License-Identifier: MIT
#include "gateway/app/peers_command.hpp"

#include <array>
#include <csignal>
#include <iostream>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "config/profiles.hpp"
#include "gateway/app/world.hpp"
#include "gateway/io/nothrow.hpp"

namespace b2m::app {
namespace {

constexpr std::size_t kLongestLine = 4096;

/// Lines of standard input; returns at its end.
Awaitable<> obey_lines(boost::asio::posix::stream_descriptor& input, World& world) {
  std::string buffer;
  for (;;) {
    const auto [error, n] = co_await boost::asio::async_read_until(
        input, boost::asio::dynamic_buffer(buffer, kLongestLine), '\n', nothrow);
    if (error) co_return;
    const std::string line = buffer.substr(0, n - 1);
    buffer.erase(0, n);
    if (line.empty()) continue;
    if (line == "clear") {
      world.clear_faults();
      continue;
    }
    const Result<WorldFault> fault = parse_fault_line(line);
    if (fault)
      world.inject(*fault);
    else
      std::cerr << fmt::format("peers: {}: {}\n", line, fault.error().text());
  }
}

/// Runs the world and everything around it in one thread.
class Runner {
 public:
  Runner(double speed, bool ends_with_input)
      : ends_with_input_(ends_with_input), clock_(make_clock(context_.get_executor(), speed)) {}

  int run(const WorldFile& file, const std::string& path) {
    const config::Profiles profiles = config::Profiles::beside(path);
    const Result<> built =
        world_.build(file, [profiles](std::string_view area, std::string_view name) {
          return profiles.find(area, name);
        });
    if (!built) {
      std::cerr << fmt::format("{}: error: {}\n", path, built.error().text());
      return kExitConfiguration;
    }
    signals_.async_wait([this](const boost::system::error_code& error, int) {
      if (!error) context_.stop();
    });
    boost::asio::co_spawn(
        context_, world_.run(), [this](const std::exception_ptr& thrown, const Result<>& ended) {
          if (thrown) std::rethrow_exception(thrown);
          std::cerr << "battery2mqtt peers: " << (ended ? "ended" : ended.error().text()) << '\n';
          status_ = kExitFailed;
          context_.stop();
        });
    read_input();
    context_.run();
    return status_;
  }

 private:
  void read_input() {
    boost::system::error_code error;
    input_.assign(::dup(STDIN_FILENO), error);  // fails for a file: then there are no lines
    if (error) return;
    boost::asio::co_spawn(context_, obey_lines(input_, world_),
                          [this](const std::exception_ptr& thrown) {
                            if (thrown) std::rethrow_exception(thrown);
                            if (ends_with_input_) context_.stop();
                          });
  }

  boost::asio::io_context context_{1};
  bool ends_with_input_;
  std::unique_ptr<Clock> clock_;
  boost::asio::signal_set signals_{context_, SIGTERM, SIGINT};
  boost::asio::posix::stream_descriptor input_{context_};
  World world_{context_.get_executor(), *clock_,
               [](const std::string& line) { std::cout << line << std::endl; }};
  int status_ = kExitOk;
};

}  // namespace

int peers_command(const Arguments& arguments) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);  // a child of a demo or a test must not outlive it
  std::signal(SIGPIPE, SIG_IGN);
  const std::string& path = arguments.words.front();
  const auto read = config::read_file(world_schema(), path);
  for (const config::Mistake& mistake : read.mistakes) std::cerr << mistake.text() << '\n';
  if (!read.value) return kExitConfiguration;
  const auto speed = arguments.number("--speed", read.value->site.speed);
  if (!speed || *speed <= 0) {
    std::cerr << "battery2mqtt peers: --speed needs a positive number\n";
    return kExitUsage;
  }
  return Runner(*speed, arguments.has("--until-eof")).run(*read.value, path);
}

}  // namespace b2m::app
