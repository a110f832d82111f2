// SPDX-License-Identifier: MIT
#include "gateway/sim/bench.hpp"

#include <algorithm>
#include <numeric>

namespace b2m::sim {
namespace {

constexpr SteadyDuration kStep = std::chrono::milliseconds(100);

}  // namespace

Bench::Bench(std::unique_ptr<PackModel> pack, Charger charger, Load load)
    : pack_(std::move(pack)), chargers_{charger}, load_(load) {}

std::size_t Bench::add_charger(Charger charger) {
  chargers_.push_back(charger);
  return chargers_.size() - 1;
}

void Bench::advance_to(SteadyTime now) {
  if (!has_started_) now_ = now;
  has_started_ = true;
  for (; now_ + kStep <= now; now_ += kStep) step();
}

void Bench::step() {
  if (!pack_->is_closed()) {
    for (Charger& charger : chargers_) charger.lose_pack();
    pack_->step(kStep, Amperes(0));
    return;
  }
  const auto& cells = state().voltages;
  Amperes current = -load_.draw(*std::min_element(cells.begin(), cells.end()));
  const Volts now = voltage();
  const Ohms resistance = pack_->resistance();
  for (Charger& charger : chargers_) current += charger.regulate(now, resistance);
  pack_->step(kStep, current);
}

Volts Bench::voltage() const {
  const auto& cells = state().voltages;
  return std::accumulate(cells.begin(), cells.end(), Volts(0));
}

}  // namespace b2m::sim
