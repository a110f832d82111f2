// SPDX-License-Identifier: MIT
// Commands and retained discovery messages: any bytes at all give a value or an error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "discovery/retraction.hpp"
#include "discovery/topics.hpp"
#include "discovery/value.hpp"
#include "tests/support/discovery_sites.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace b2m;
  static const test::DiscoverySite site;
  static const discovery::Topics topics("bat", "homeassistant", "home");
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& entity : site->entities()) (void)discovery::parse_command(entity, text);
  (void)discovery::parse_device_set(*site, *site->find("pack1"), text);
  (void)topics.parse(text);
  for (discovery::Retraction r : {discovery::Retraction(), discovery::Retraction("{}")}) {
    r.add_former(text);
    (void)r.with_ghosts();
    (void)r.with_removals();
    r.settle();
  }
  return 0;
}
