// SPDX-License-Identifier: MIT
#include "tests/support/simulation_requests.hpp"

#include "config/cell_sets.hpp"

namespace b2m::testing {

const app::RequestSources& request_sources() {
  static const config::CellSets kSets(config::Profiles("", {B2M_SOURCE_DIR "/config/profiles"}),
                                      "");
  static const app::RequestSources kSources{
      [](std::string_view name) { return kSets.text(name); },
      [](std::string_view name) -> Result<std::string> {
        if (name == "us06") return std::string("time,current\n0,0.5\n1,3\n2,-1\n3,0.5\n");
        return Error(Errc::not_found, "there is no drive cycle \"" + std::string(name) + "\"");
      }};
  return kSources;
}

app::ParsedRequest parse(std::string_view json) {
  return app::parse_request(json, request_sources(), {});
}

}  // namespace b2m::testing
