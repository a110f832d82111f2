// SPDX-License-Identifier: MIT
#include "config/profiles.hpp"

#include <cstdlib>
#include <filesystem>
#include <set>

#include <fmt/core.h>

#include "config/suggest.hpp"

namespace b2m::config {

namespace fs = std::filesystem;

namespace {

bool is_there(const fs::path& path) {
  std::error_code ignored;  // what cannot be looked at is not there for us
  return fs::exists(path, ignored);
}

std::string known_names(const std::vector<std::string>& names) {
  return names.empty() ? "none is installed" : "known: " + join(names, "and");
}

}  // namespace

Profiles Profiles::beside(const std::string& config_file) {
  const std::string own = fs::path(config_file).parent_path().string();
  std::vector<std::string> folders;
  const char* first = std::getenv("BATTERY2MQTT_PROFILES");  // NOLINT(concurrency-mt-unsafe)
  if (first && *first) folders.emplace_back(first);
  folders.push_back((fs::path(own) / "profiles").string());
  folders.emplace_back("/etc/battery2mqtt/profiles");
  std::error_code ignored;  // without /proc: no folders beside the program
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  if (!program.empty()) {
    folders.push_back((program / "../share/battery2mqtt/profiles").lexically_normal().string());
    folders.push_back((program / "../../config/profiles").lexically_normal().string());
  }
  return {own, std::move(folders)};
}

Result<std::string> Profiles::find(std::string_view area, std::string_view name) const {
  if (name.find('/') != std::string_view::npos) {
    const fs::path path = (fs::path(own_folder_) / name).lexically_normal();
    if (is_there(path)) return path.string();
    return Error(Errc::not_found, fmt::format("there is no {} profile {}", area, path.string()));
  }
  std::string looked;
  for (const std::string& folder : folders_) {
    const fs::path plain = fs::path(folder) / area / name;
    const fs::path file = plain.string() + ".toml";
    const bool is_name = !name.empty() && name.front() != '.';
    if (is_name && is_there(file)) return file.string();
    if (is_name && is_there(plain)) return plain.string();
    looked += (looked.empty() ? "" : ", ") + (fs::path(folder) / area).string();
  }
  const std::vector<std::string> known = names(area);
  const std::string near = nearest(name, known);
  return Error(
      Errc::not_found,
      fmt::format("there is no {} profile \"{}\"; {}{}; looked in {}", area, name,
                  near.empty() ? "" : "did you mean " + near + "? ", known_names(known), looked));
}

std::vector<std::string> Profiles::names(std::string_view area) const {
  std::set<std::string> found;
  for (const std::string& folder : folders_) {
    std::error_code error;
    for (fs::directory_iterator entry(fs::path(folder) / area, error), end; !error && entry != end;
         entry.increment(error)) {
      const fs::path& path = entry->path();
      if (path.extension() == ".toml") found.insert(path.stem().string());
      if (path.extension().empty()) found.insert(path.filename().string());
    }
  }
  return {found.begin(), found.end()};
}

}  // namespace b2m::config
