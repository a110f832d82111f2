// SPDX-License-Identifier: MIT
#include "gateway/app/run_command.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "config/load.hpp"
#include "gateway/app/dump_command.hpp"
#include "gateway/app/gateway.hpp"
#include "gateway/app/loading.hpp"
#include "gateway/app/service.hpp"
#include "gateway/app/simulation/remote_workers.hpp"
#include "gateway/log.hpp"

namespace b2m::app {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr SteadyDuration kTidyFirst = 3s;  // by then everything is read and announced
constexpr SteadyDuration kTidyAgain = 60s;

mqtt::LinkSettings link_settings(const config::Config& c) {
  mqtt::LinkSettings s;
  s.url = c.mqtt.url;
  s.client_id = c.mqtt.client_id.empty() ? c.gateway.id : c.mqtt.client_id;
  s.username = c.mqtt.username;
  s.password = c.mqtt.password.reveal();
  s.ca_file = c.mqtt.ca_file;
  s.cert_file = c.mqtt.cert_file;
  s.key_file = c.mqtt.key_file;
  s.protocol = c.mqtt.protocol == "5" ? 5 : c.mqtt.protocol == "3.1.1" ? 4 : 0;
  s.keep_alive_s = c.mqtt.keep_alive_s;
  s.will_topic = (c.mqtt.base_topic.empty() ? c.gateway.id : c.mqtt.base_topic) + "/bridge/state";
  return s;
}

/// The loop of one run: signals in, everything ended before it is left.
class Run {
 public:
  Run(asio::io_context& io, Gateway& gateway, std::optional<double> seconds)
      : io_(io), gateway_(gateway), signals_(io, SIGINT, SIGTERM, SIGHUP), timer_(io), tidy_(io) {
    wait_for_signal();
    tidy_after(kTidyFirst);
    if (!seconds) return;
    timer_.expires_after(from_seconds(*seconds));
    timer_.async_wait([this](const boost::system::error_code& e) {
      if (!e) gateway_.stop(Gateway::End::stopped);
    });
  }

  Gateway::End operator()() {
    gateway_.start();
    while (!gateway_.is_over()) io_.run_one();
    signals_.cancel();
    timer_.cancel();
    tidy_.cancel();
    return gateway_.end();
  }

 private:
  void wait_for_signal() {
    signals_.async_wait([this](const boost::system::error_code& e, int) {
      if (e) return;
      gateway_.stop(Gateway::End::stopped);
      wait_for_signal();
    });
  }

  void tidy_after(SteadyDuration pause) {
    tidy_.expires_after(pause);
    tidy_.async_wait([this](const boost::system::error_code& e) {
      if (e) return;
      give_back_memory();
      tidy_after(kTidyAgain);
    });
  }

  asio::io_context& io_;
  Gateway& gateway_;
  asio::signal_set signals_;
  asio::steady_timer timer_;
  asio::steady_timer tidy_;
};

/// Starts this program again, as it was started.
[[noreturn]] void start_again() {
  std::vector<std::string> words;
  std::string all;
  {
    std::ifstream in("/proc/self/cmdline", std::ios::binary);
    all.assign(std::istreambuf_iterator<char>(in), {});
  }
  for (std::size_t at = 0; at < all.size();) {
    words.emplace_back(all.c_str() + at);
    at += words.back().size() + 1;
  }
  std::vector<char*> argv;
  for (std::string& w : words) argv.push_back(w.data());
  argv.push_back(nullptr);
  execv("/proc/self/exe", argv.data());
  std::cerr << "battery2mqtt: cannot start again\n";
  std::_Exit(kExitFailed);
}

/// Exit status; `end` says whether the user asked for a restart.
int run_once(const RunOptions& options, Gateway::End& end) {
  auto config = load_or_explain(options.config_file);
  if (!config) return kExitConfiguration;
  if (!options.broker_url.empty()) config->mqtt.url = options.broker_url;
  if (!options.state_dir.empty()) config->gateway.state_dir = options.state_dir;
  log::set_level(log_level_of(config->gateway.log_level));

  asio::io_context io(1);
  const auto real_clock = make_clock(io.get_executor());
  const auto scaled = options.speed == 1 ? nullptr : make_clock(io.get_executor(), options.speed);
  Clock& clock = scaled ? *scaled : *real_clock;
  PointTable points;
  const auto network = make_network(io.get_executor(), clock);
  Resources resources = make_resources(io.get_executor(), clock, points, *network, *config);
  auto wired = wire(*config, resources);
  if (!wired) {
    std::cerr << wired.error().text() << "\n";
    return kExitConfiguration;
  }
  const mqtt::LinkSettings settings = link_settings(*config);
  if (const auto fine = mqtt::check(settings); !fine) {
    std::cerr << fmt::format("{}: error: [mqtt]: {}\n", config->file, fine.error().text());
    return kExitConfiguration;
  }
  if (auto place = make_remote_workers(*config, settings, io.get_executor(), *real_clock))
    wired->places.push_back(std::move(place));
  std::error_code failed;
  std::filesystem::create_directories(config->gateway.state_dir, failed);
  Gateway gateway(io.get_executor(), clock, *real_clock, *config, std::move(*wired),
                  mqtt::make_paho_link(io.get_executor(), *real_clock, settings));
  DumpServer dump(io.get_executor(), config->gateway.state_dir, [&] { return gateway.dump(); });
  end = Run(io, gateway, options.seconds)();
  return kExitOk;
}

}  // namespace

int run_gateway(const RunOptions& options) {
  Gateway::End end = Gateway::End::none;
  int status = run_once(options, end);
  while (end == Gateway::End::restart && !options.restarts_by_exec) {
    end = Gateway::End::none;
    status = run_once(options, end);
  }
  if (end == Gateway::End::restart) start_again();
  return status;
}

int run_command(const Arguments& arguments) {
  RunOptions options;
  options.config_file = arguments.value("-c", kDefaultConfig);
  return run_gateway(options);
}

}  // namespace b2m::app
