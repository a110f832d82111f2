// SPDX-License-Identifier: MIT
// Any bytes as a configuration: refused or read, never a crash, hang or exhausted stack.
#include <cstddef>
#include <cstdint>
#include <string>

#include "config/root.hpp"
#include "config/toml_reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace b2m;
  constexpr std::size_t kLargest = 64 * 1024;  // larger ones only cost time
  if (size > kLargest) return 0;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): libFuzzer hands out bytes
  const config::Source source("fuzz", std::string(reinterpret_cast<const char*>(data), size));
  if (config::first_bad_utf8(source.text()) != std::string::npos) return 0;
  config::Reading reading;
  const auto tree = config::read_toml(source, reading.mistakes);
  static const std::vector<AdapterKind> kKinds = adapter_kinds();
  static const config::RootSchema kSchema(kKinds);
  reading.tables = {&kSchema};
  if (tree && config::to_json(kSchema.dump(kSchema.parse(*tree, reading))).empty())
    __builtin_trap();
  for (const config::Mistake& mistake : reading.mistakes) {
    const std::string shown = mistake.text() + source.excerpt(mistake.place);
    if (shown.empty()) __builtin_trap();
  }
  return 0;
}
