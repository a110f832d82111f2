// SPDX-License-Identifier: MIT
#include "gateway/app/loading.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "config/load.hpp"
#include "config/profiles.hpp"

namespace b2m::app {

std::optional<config::Config> load_or_explain(const std::string& file) {
  config::Loaded loaded = config::load(file, adapter_kinds());
  for (const config::Mistake& m : loaded.mistakes)
    std::cerr << m.text() << (m.excerpt.empty() ? "" : "\n" + m.excerpt) << "\n";
  return std::move(loaded.config);
}

log::Level log_level_of(const std::string& word) {
  const auto at = std::ranges::find(log::kLevels, word);
  return at == std::end(log::kLevels) ? log::Level::info
                                      : static_cast<log::Level>(at - std::begin(log::kLevels));
}

Resources make_resources(Executor executor, Clock& clock, PointTable& points, Network& network,
                         const config::Config& config) {
  const auto profiles = std::make_shared<config::Profiles>(config::Profiles::beside(config.file));
  return {executor,
          clock,
          points,
          make_can_opener(executor, clock),
          network,
          [profiles](std::string_view area, std::string_view name) {
            return profiles->find(area, name);
          },
          [executor, &clock](const std::string& path, int baud) {
            return open_serial(executor, clock, path, baud);
          },
          make_spi_opener(executor, clock)};
}

Result<std::string> find_shared(const std::string& name) {
  namespace fs = std::filesystem;
  std::error_code none;
  const fs::path program = fs::read_symlink("/proc/self/exe", none).parent_path();
  const fs::path places[] = {program / "../share/battery2mqtt" / name,
                             program / "../../config" / name};
  for (const fs::path& place : places)
    if (fs::is_directory(place, none)) return fs::weakly_canonical(place, none).string();
  return Error(Errc::not_found, fmt::format("the folder \"{}\" is neither at {} nor at {}", name,
                                            places[0].string(), places[1].string()));
}

}  // namespace b2m::app
