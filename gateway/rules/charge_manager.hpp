// SPDX-License-Identifier: MIT
// All chargers: obeys their entities, keeps their settings, asks the plan, runs their sessions,
// shares circuits, and fills in their points. The only rule that wants a charger's relay on or off.
#pragma once

#include <memory>
#include <vector>

#include "gateway/rules/charge_types.hpp"
#include "gateway/rules/limits.hpp"
#include "gateway/rules/rule.hpp"

namespace b2m::rules {

class ChargeManager final : public Rule {
 public:
  ChargeManager(const Site& site, std::vector<ChargerSettings> chargers,
                std::vector<Circuit> circuits, const LimitsOf& limits, const Recall& recall);
  ~ChargeManager() override;
  void step(const Input& in, Decision& out) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace b2m::rules
