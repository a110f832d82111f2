// SPDX-License-Identifier: MIT
// Estimates for display: level of the battery and time left. Nothing is decided by them.
#pragma once

#include <optional>

#include "gateway/rules/charge_open_session.hpp"

namespace b2m::rules {

struct EstimateInput {
  const OpenSession& session;
  const PowerSignals& signals;
  const ChargingProfile& profile;
  const Learned& learned;
  const PackReadings& pack;
  ChargeState state = ChargeState::off;
};

/// Empty: unknown.
std::optional<double> level_percent(const EstimateInput& in);
std::optional<double> time_left_min(const EstimateInput& in);

}  // namespace b2m::rules
