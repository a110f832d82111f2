// SPDX-License-Identifier: MIT
#include "gateway/sim/pack_model.hpp"

#include <random>

namespace b2m::sim {
namespace {

// How far cells of one batch lie apart, as the widest deviation to either side.
constexpr double kCapacityScatter = 0.02;
constexpr double kResistanceScatter = 0.15;
constexpr double kTemperatureScatterK = 0.6;

class Scatter {
 public:
  explicit Scatter(std::uint64_t seed) : engine_(seed) {}
  /// Evenly within +-1. By hand: the library's distributions differ between libraries.
  double next() { return 2 * static_cast<double>(engine_() >> 11) / 9007199254740992.0 - 1; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace

CircuitPack::CircuitPack(const PackParameters& parameters) : ambient_(parameters.ambient) {
  Scatter scatter(parameters.seed);
  for (int i = 0; i < parameters.cells; ++i) {
    CellParameters cell = parameters.cell;
    cell.capacity = cell.capacity * (1 + kCapacityScatter * scatter.next());
    cell.series = cell.series * (1 + kResistanceScatter * scatter.next());
    cell.polarisation = cell.polarisation * (1 + kResistanceScatter * scatter.next());
    const double soc = parameters.soc + parameters.soc_scatter * scatter.next();
    const Celsius temperature = ambient_ + Celsius(kTemperatureScatterK * scatter.next());
    cells_.emplace_back(std::move(cell), soc, temperature);
  }
  bleeds_.resize(cells_.size());
  measure();
}

const PackState& CircuitPack::step(SteadyDuration dt, Amperes current) {
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const Amperes bled = bleeds_[i].value > 0 ? cells_[i].voltage() / bleeds_[i] : Amperes();
    cells_[i].step(dt, current - bled, ambient_);
  }
  measure();
  return state_;
}

Ohms CircuitPack::resistance() const {
  Ohms sum;
  for (const CellModel& cell : cells_) sum += cell.parameters().series;
  return sum;
}

void CircuitPack::measure() {
  state_.voltages.clear();
  state_.temperatures.clear();
  for (const CellModel& cell : cells_) {
    state_.voltages.push_back(cell.voltage());
    state_.temperatures.push_back(cell.temperature());
  }
}

}  // namespace b2m::sim
