// SPDX-License-Identifier: MIT
#include "gateway/app/simulate_worker_command.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <optional>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "gateway/app/service.hpp"
#include "gateway/app/simulation/worker.hpp"
#include "gateway/app/version.hpp"
#include "gateway/log.hpp"

namespace b2m::app {
namespace {

namespace asio = boost::asio;

constexpr double kMostThreads = 1024;
constexpr double kKeepAlive_s = 15;
constexpr const char* kPasswordVariable = "BATTERY2MQTT_MQTT_PASSWORD";

struct Wanted {
  mqtt::LinkSettings broker;
  SimulationWorkerSettings worker;
  std::size_t threads = 1;
};

/// Two workers of one machine have different names.
std::string default_name() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) return fmt::format("worker-{}", getpid());
  std::string name = fmt::format("{}-{}", host.data(), getpid());
  std::ranges::replace_if(
      name, [](char c) { return !simulation_wire::is_name(std::string_view(&c, 1)); }, '_');
  return name;
}

Result<std::string> password(const std::string& file) {
  if (file.empty()) {
    const char* value = std::getenv(kPasswordVariable);
    return std::string(value ? value : "");
  }
  std::ifstream in(file);
  std::string line;
  if (std::getline(in, line)) return line;
  return Error(Errc::not_found, fmt::format("no password can be read from {}", file));
}

bool is_base_topic(const std::string& text) {
  return !text.empty() && text.find_first_of("+#") == std::string::npos && text.front() != '$' &&
         text.front() != '/' && text.back() != '/';
}

Result<std::size_t> threads(const Arguments& a) {
  const double all = std::max(1U, std::thread::hardware_concurrency());
  const auto wanted = a.number("--threads", all);
  if (!wanted || *wanted < 1 || *wanted > kMostThreads || *wanted != std::floor(*wanted))
    return Error(Errc::out_of_range, fmt::format("--threads \"{}\": expected 1 to {}",
                                                 a.value("--threads"), kMostThreads));
  return static_cast<std::size_t>(*wanted);
}

Result<SimulationWorkerSettings> worker_settings(const Arguments& a) {
  SimulationWorkerSettings s;
  s.base_topic = a.value("--base-topic", s.base_topic);
  s.group = a.value("--group", s.group);
  s.name = a.value("--name", default_name());
  s.version = version();
  if (!is_base_topic(s.base_topic))
    return Error(
        Errc::malformed,
        fmt::format("--base-topic \"{}\": expected a topic without + and #", s.base_topic));
  for (const auto& [option, name] : {std::pair("--group", s.group), std::pair("--name", s.name)})
    if (!simulation_wire::is_name(name))
      return Error(Errc::malformed, fmt::format("{} \"{}\": expected one word without / + # and "
                                                "quotes",
                                                option, name));
  return s;
}

Result<mqtt::LinkSettings> broker_settings(const Arguments& a) {
  mqtt::LinkSettings s;
  s.url = a.value("--broker");
  if (s.url.empty())
    return Error(Errc::malformed, "--broker is missing, such as --broker mqtt://192.168.1.10");
  s.username = a.value("--username");
  auto secret = password(a.value("--password-file"));
  if (!secret) return secret.error();
  s.password = std::move(*secret);
  s.ca_file = a.value("--ca-file");
  s.cert_file = a.value("--cert-file");
  s.key_file = a.value("--key-file");
  s.keep_alive_s = kKeepAlive_s;
  if (const auto fine = mqtt::check(s); !fine) return fine.error();
  return s;
}

Result<Wanted> wanted(const Arguments& arguments) {
  auto broker = broker_settings(arguments);
  if (!broker) return broker.error();
  auto worker = worker_settings(arguments);
  if (!worker) return worker.error();
  const auto count = threads(arguments);
  if (!count) return count.error();
  worker->limits.max_whole_bytes = simulation_wire::kMostOrderBytes;
  return Wanted{worker_link_settings(std::move(*broker), *worker, *count), *worker, *count};
}

/// Until a signal; a second one does not wait for what runs.
void work(const Wanted& how) {
  asio::io_context io(1);
  const auto clock = make_clock(io.get_executor());
  const auto link = mqtt::make_paho_link(io.get_executor(), *clock, how.broker);
  SimulationWorker worker(how.worker, io.get_executor(), *clock, *link,
                          Workers::make(io.get_executor(), how.threads));
  bool is_over = false;
  const auto over = [&](const std::exception_ptr& e) {
    if (e) std::rethrow_exception(e);
    is_over = true;
  };
  asio::signal_set signals(io, SIGINT, SIGTERM, SIGHUP);
  signals.async_wait([&](const boost::system::error_code& e, int) {
    if (e) return;
    tell_service_manager("STOPPING=1");
    asio::co_spawn(io, worker.stop(), over);
    signals.async_wait([&](const boost::system::error_code& again, int) {
      if (!again) is_over = true;
    });
  });
  worker.start();
  tell_service_manager("READY=1");
  while (!is_over) io.run_one();
}

}  // namespace

int simulate_worker_command(const Arguments& arguments) {
  const auto how = wanted(arguments);
  if (!how) {
    std::cerr << fmt::format("battery2mqtt simulate-worker: {}\n", how.error().text());
    return kExitUsage;
  }
  work(*how);
  return kExitOk;
}

}  // namespace b2m::app
