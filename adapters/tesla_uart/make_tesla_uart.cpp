// SPDX-License-Identifier: MIT
#include <utility>

#include "adapters/tesla_uart/adapter.hpp"

namespace b2m::tesla_uart {

Result<std::unique_ptr<Adapter>> make_tesla_uart(const std::any& settings, Resources& resources) {
  const auto* tesla = std::any_cast<TeslaSettings>(&settings);
  if (!tesla) return Error(Errc::malformed, "these are no settings of a Tesla ring");
  if (tesla->modules < 1 || tesla->modules > kMaxModules)
    return Error(Errc::out_of_range, "modules must be 1 to 62");
  return std::unique_ptr<Adapter>(std::make_unique<TeslaAdapter>(*tesla, resources));
}

}  // namespace b2m::tesla_uart
