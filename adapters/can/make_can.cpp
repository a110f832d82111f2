// SPDX-License-Identifier: MIT
#include <utility>

#include "adapters/can/adapter.hpp"

namespace b2m::can {

Result<std::unique_ptr<Adapter>> make_can(const std::any& settings, Resources& resources) {
  const auto* can = std::any_cast<CanSettings>(&settings);
  if (!can) return Error(Errc::malformed, "these are no settings of a CAN bus");
  const auto folder = resources.find_profile("can", can->profile);
  if (!folder) return folder.error();
  auto profile = load_profile(*folder, *can, resources.points);
  if (!profile) return profile.error();
  return std::unique_ptr<Adapter>(
      std::make_unique<CanAdapter>(*can, std::move(*profile), resources));
}

}  // namespace b2m::can
