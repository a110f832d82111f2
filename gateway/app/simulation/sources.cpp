// SPDX-License-Identifier: MIT
#include "gateway/app/simulation/sources.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "config/cell_sets.hpp"
#include "config/profiles.hpp"

namespace b2m::app {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMostBytes = 8'000'000;
constexpr std::string_view kEnding = ".csv";

bool is_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, fits);
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code failed;
  for (auto at = fs::directory_iterator(folder, failed); !failed && at != fs::directory_iterator();
       at.increment(failed))
    if (at->path().extension() == kEnding && is_name(at->path().stem().string()))
      names.push_back(at->path().stem().string());
  std::ranges::sort(names);
  return names;
}

Error no_cycle(std::string_view name, const std::string& folder) {
  const auto names = names_in(folder);
  const std::string there =
      folder.empty()  ? "cycle_dir is not set in [simulation]; put NAME.csv into a folder and name "
                        "it there"
      : names.empty() ? fmt::format("there are none in {}; put NAME.csv there", folder)
                      : fmt::format("there are {}", fmt::join(names, ", "));
  return {Errc::not_found, fmt::format("there is no drive cycle \"{}\": {}", name, there)};
}

Result<std::string> read_cycle(std::string_view name, const std::string& folder) {
  if (folder.empty() || !is_name(name)) return no_cycle(name, folder);
  const fs::path path = fs::path(folder) / (std::string(name) + std::string(kEnding));
  std::error_code failed;
  const std::uintmax_t size = fs::file_size(path, failed);
  if (failed) return no_cycle(name, folder);
  if (size > kMostBytes)
    return Error(Errc::out_of_range, fmt::format("{} is larger than 8 MB", path.string()));
  std::ifstream in(path, std::ios::binary);
  std::string text(size, '\0');
  if (!in.read(text.data(), static_cast<std::streamsize>(size)))
    return Error(Errc::io_error, fmt::format("{} cannot be read", path.string()));
  return text;
}

}  // namespace

RequestSources request_sources(const config::Simulation& settings, const std::string& config_file) {
  const auto sets = std::make_shared<const config::CellSets>(config::Profiles::beside(config_file),
                                                             settings.parameter_dir);
  RequestSources sources;
  sources.drive_cycle = settings.drive_cycle;
  sources.set_text = [sets](std::string_view name) { return sets->text(name); };
  sources.cycle_csv = [folder = settings.cycle_dir](std::string_view name) {
    return read_cycle(name, folder);
  };
  return sources;
}

}  // namespace b2m::app
