// SPDX-License-Identifier: MIT
#include "adapters/can/profile.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <utility>

#include <fmt/format.h>

#include "adapters/can/profile_file.hpp"
#include "adapters/can/profile_resolver.hpp"

namespace b2m::can {
namespace {

namespace fs = std::filesystem;

Error as_error(const config::Mistakes& mistakes) {
  return {Errc::malformed, config::list(mistakes)};
}

Result<Dbc> read_dbc(const fs::path& path, const config::Place& asked_at) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  std::ifstream in(path, std::ios::binary);
  if (error || !in) {
    config::Mistake mistake;
    mistake.place = asked_at;
    mistake.what = fmt::format("there is no DBC file {}", path.string());
    mistake.hint = "dbc is the name of a file in the profile's own folder";
    return as_error({std::move(mistake)});
  }
  std::string text(std::min<std::uintmax_t>(size, kMaxDbcBytes + 1), '\0');  // one more is refused
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  DbcReading reading = parse_dbc(text);
  if (reading.mistakes.empty()) return std::move(reading.dbc);
  config::Mistakes mistakes;
  for (DbcMistake& m : reading.mistakes) {
    config::Mistake& mistake = mistakes.emplace_back();
    mistake.place = {path.string(), m.line, m.column};
    mistake.what = std::move(m.what);
    mistake.hint = std::move(m.hint);
  }
  return as_error(mistakes);
}

}  // namespace

Result<Profile> load_profile(const std::string& folder, const CanSettings& settings,
                             PointTable& points) {
  auto file = config::read_file(profile_schema(), (fs::path(folder) / "profile.toml").string());
  if (!file.value) return as_error(file.mistakes);
  // Only a plain name: a profile must not reach for files elsewhere.
  auto dbc = read_dbc(fs::path(folder) / fs::path(file.value->dbc).filename(), file.value->place);
  if (!dbc) return dbc.error();
  ProfileResolver resolver(*file.value, settings, points);
  Profile profile = resolver.resolve(std::move(*dbc));
  if (!resolver.mistakes().empty()) return as_error(resolver.mistakes());
  return profile;
}

}  // namespace b2m::can
