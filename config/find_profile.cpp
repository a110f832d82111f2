// SPDX-License-Identifier: MIT
#include "config/find_profile.hpp"

#include <fmt/core.h>

#include "config/profiles.hpp"
#include "config/suggest.hpp"

namespace b2m::config {

std::optional<std::string> find_profile(const Node& name, std::string_view area,
                                        std::string_view noun, const std::string& config_file,
                                        Reading& reading, const std::vector<std::string>& own) {
  const Profiles profiles = Profiles::beside(config_file);
  const Result<std::string> path = profiles.find(area, name.text);
  if (path) return *path;
  std::vector<std::string> known = profiles.names(area);
  known.insert(known.end(), own.begin(), own.end());
  const std::string near = nearest(name.text, known);
  std::string hint = path.error().text();
  if (name.text.find('/') == std::string::npos)
    hint = (near.empty() ? "" : "did you mean \"" + near + "\"? ") +
           (known.empty() ? "none found" : "known: " + join(known, "and")) + "; looked in " +
           join(profiles.folders(), "and");
  reading.mistakes.push_back({.place = name.place,
                              .what = fmt::format("there is no {} \"{}\"", noun, name.text),
                              .hint = std::move(hint)});
  return std::nullopt;
}

std::string hint_for(std::string_view wrong, std::string_view things,
                     const std::vector<std::string>& known, std::string_view otherwise) {
  if (known.empty()) return std::string(otherwise);
  const std::string near = nearest(wrong, known);
  if (!near.empty()) return fmt::format("did you mean \"{}\"?", near);
  return fmt::format("{} in this file: {}", things, join(known, "and"));
}

}  // namespace b2m::config
