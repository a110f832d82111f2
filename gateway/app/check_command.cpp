// SPDX-License-Identifier: MIT
#include "gateway/app/check_command.hpp"

#include <algorithm>
#include <iostream>

#include <boost/asio/io_context.hpp>
#include <fmt/core.h>

#include "config/load.hpp"
#include "config/reference.hpp"
#include "gateway/app/command_line.hpp"
#include "gateway/app/loading.hpp"
#include "gateway/app/wiring.hpp"

namespace b2m::app {

namespace {

void print(const config::Mistake& mistake) {
  std::cerr << mistake.text() << '\n';
  if (!mistake.excerpt.empty()) std::cerr << mistake.excerpt << '\n';
}

std::string counted(std::ptrdiff_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

int refuse(const std::string& file, std::ptrdiff_t mistakes) {
  std::cerr << fmt::format("{}: refused, {}\n", file, counted(mistakes, "mistake", "mistakes"));
  return kExitConfiguration;
}

void print_plan(const config::Config& config) {
  std::cout << fmt::format("{}: fine. This would run:\n", config.file);
  std::cout << fmt::format("gateway {} on {}\n", config.gateway.id, config.mqtt.url);
  for (const config::AdapterTable& adapter : config.adapters)
    std::cout << fmt::format("adapter {} ({})\n", adapter.id, adapter.kind->name);
  for (const config::Pack& pack : config.packs) {
    std::string sources;
    for (const std::string& source : pack.source) sources += (sources.empty() ? "" : ", ") + source;
    std::cout << fmt::format("pack {} ({}) from {}\n", pack.id, pack.chemistry, sources);
  }
  for (const config::Charger& charger : config.chargers)
    std::cout << fmt::format("charger {} ({}) on {}\n", charger.id, charger.profile_id,
                             charger.plug);
}

}  // namespace

int check_command(const std::string& file) {
  const config::Loaded loaded = config::load(file, adapter_kinds());
  std::for_each(loaded.mistakes.begin(), loaded.mistakes.end(), print);
  if (!loaded.config) {
    const auto is_error = [](const config::Mistake& m) { return m.level == config::Level::error; };
    return refuse(file, std::count_if(loaded.mistakes.begin(), loaded.mistakes.end(), is_error));
  }
  boost::asio::io_context io(1);
  const auto clock = make_clock(io.get_executor());
  PointTable points;
  const auto network = make_network(io.get_executor(), *clock);
  Resources resources = make_resources(io.get_executor(), *clock, points, *network, *loaded.config);
  // Built and thrown away: the adapters check their profiles, the site that packs and offers fit.
  const Result<Wired> wired = wire(*loaded.config, resources);
  if (!wired) {
    const std::string text = wired.error().text();
    std::cerr << text << '\n';
    return refuse(file, 1 + std::count(text.begin(), text.end(), '\n'));
  }
  print_plan(*loaded.config);
  return kExitOk;
}

int reference_command() {
  std::cout << config::reference(adapter_kinds());
  return kExitOk;
}

}  // namespace b2m::app
