// SPDX-License-Identifier: MIT
#include "gateway/sim/virtual_pack.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <random>

namespace b2m::sim {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
// What faults do where nothing is said.
constexpr double kWeakCapacity = 0.6;
constexpr double kLeak_per_h = 0.1;    // of the capacity
constexpr double kShort_per_h = 3;     // in one cell
constexpr double kExternal_per_h = 5;  // across the pack
constexpr double kCold_c = -15;
/// No short draws more, whatever its resistance: a fuse, or the cell's own inside.
constexpr double kMostCurrent_per_h = 10;
constexpr double kLeastOhm = 1e-6;
/// A cell that hot has vented; what comes then is not simulated.
constexpr double kHottest_c = 200;

class Scatter {
 public:
  explicit Scatter(std::uint64_t seed) : engine_(seed) {}
  /// Evenly within +-1. By hand: the library's distributions differ between libraries.
  double next() { return 2 * static_cast<double>(engine_() >> 11) / 9007199254740992.0 - 1; }

 private:
  std::mt19937_64 engine_;
};

std::unique_ptr<PackCells> make_cells(const PackParameters& p,
                                      std::span<const CellSpread> spreads) {
  if (!p.make) return std::make_unique<EcmCells>(p.cell, spreads);
  const SpmCellSettings settings{p.make, p.cell.capacity, p.series_ohm, p.rc_ohm};
  return std::make_unique<SpmCells>(settings, spreads);
}

}  // namespace

VirtualPack::VirtualPack(const PackParameters& p)
    : usual_ambient_(p.ambient),
      ambient_c_(p.ambient.value),
      neighbour_w_per_k_(p.neighbour_w_per_k),
      heater_w_(p.heater.value),
      sensors_(p.sensors),
      random_(p.seed) {
  Scatter scatter(p.seed);
  std::vector<CellSpread> spreads;
  for (int i = 0; i < p.cells; ++i) {
    CellSpread& cell = spreads.emplace_back();
    cell.capacity = 1 + p.scatter.capacity * scatter.next();
    cell.resistance = 1 + p.scatter.resistance * scatter.next();
    cell.soc = p.soc + p.soc_scatter * scatter.next();
    temperatures_.push_back(ambient_c_ + p.scatter.temperature_k * scatter.next());
    heats_.push_back({p.cell.heat_capacity_j_per_k,
                      p.cell.cooling_w_per_k * (1 + p.scatter.cooling * scatter.next())});
    offsets_v_.push_back(p.sensors.offset_v * scatter.next());
  }
  cells_ = make_cells(p, spreads);
  currents_.resize(spreads.size());
  bleeds_.resize(spreads.size());
  drained_a_.resize(spreads.size());
  apply_faults();
  measure();
}

const PackState& VirtualPack::step(SteadyDuration dt, Amperes current) {
  const double dt_s = to_seconds(dt);
  elapsed_s_ += dt_s;
  drop_old_faults();
  pack_a_ = string_current(current.value);
  divide_current();
  cells_->step(dt_s, currents_, temperatures_);
  warm(dt_s);
  measure();
  return state_;
}

bool VirtualPack::is_closed() const { return is_closed_ && !has_dropped_out_; }

/// A short circuit outside adds to what charger and load want, as the voltage will let it.
double VirtualPack::string_current(double wanted_a) const {
  if (!is_closed()) return 0;
  if (external_ohm_ <= 0) return wanted_a;
  const auto volts = cells_->volts();
  const double now_v = std::accumulate(volts.begin(), volts.end(), 0.0);
  const double slope = resistance().value;
  const double open_v = now_v + slope * (wanted_a - pack_a_);
  const double most_a = kMostCurrent_per_h * cells_->capacity_ah(0);
  return wanted_a - std::clamp(open_v / (external_ohm_ + slope), -most_a, most_a);
}

/// What flows through each cell: the string's current less what its resistors draw. They draw by
/// the voltage at the end of the step, so that a small resistor does not make the voltage swing.
void VirtualPack::divide_current() {
  const auto volts = cells_->volts();
  const auto slopes = cells_->slopes_ohm();
  const double pack_v = std::accumulate(volts.begin(), volts.end(), 0.0);
  const double heater_a = is_heating_ && pack_v > 0 ? heater_w_ / pack_v : 0;
  for (std::size_t i = 0; i < currents_.size(); ++i) {
    const double through_a = pack_a_ - heater_a;
    const double siemens = drains_[i] + (bleeds_[i] > 0 ? 1 / bleeds_[i] : 0);
    const double then_v =
        (volts[i] + slopes[i] * (through_a - currents_[i])) / (1 + slopes[i] * siemens);
    const double most_a = kMostCurrent_per_h * cells_->capacity_ah(i);
    const double drawn_a = std::clamp(siemens * then_v, -most_a, most_a);
    drained_a_[i] = siemens > 0 ? drawn_a * drains_[i] / siemens : 0;
    currents_[i] = through_a - drawn_a;
  }
}

/// Exact for heat and neighbours that stand still during the step.
void VirtualPack::warm(double dt_s) {
  old_temperatures_ = temperatures_;
  const auto heats = cells_->heats_w();
  const auto volts = cells_->volts();
  const std::size_t n = heats_.size();
  const double heater_w = is_heating_ ? heater_w_ / static_cast<double>(n) : 0;
  for (std::size_t i = 0; i < n; ++i) {
    double watts = heats[i] + std::max(0.0, drained_a_[i] * volts[i]) + heater_w;
    double to_others = heats_[i].cooling_w_per_k;
    watts += to_others * ambient_c_;
    for (const std::size_t other : {i - 1, i + 1}) {
      if (other >= n) continue;  // i - 1 of the first wraps around
      to_others += neighbour_w_per_k_;
      watts += neighbour_w_per_k_ * old_temperatures_[other];
    }
    double& temperature = temperatures_[i];
    const double per_s = to_others / heats_[i].capacity_j_per_k;
    const double change = watts - to_others * temperature;
    const double seconds = per_s > 0 ? -std::expm1(-per_s * dt_s) / per_s : dt_s;
    temperature = std::min(temperature + change / heats_[i].capacity_j_per_k * seconds, kHottest_c);
  }
}

void VirtualPack::measure() {
  const auto volts = cells_->volts();
  state_.voltages.resize(volts.size());
  state_.temperatures.resize(volts.size());
  for (std::size_t i = 0; i < volts.size(); ++i) {
    state_.voltages[i] = Volts(volts[i]);
    state_.temperatures[i] = Celsius(temperatures_[i]);
  }
  readings_.temperatures = state_.temperatures;
  readings_.voltages.resize(volts.size());
  for (std::size_t i = 0; i < volts.size(); ++i) readings_.voltages[i] = Volts(reading(i));
}

double VirtualPack::reading(std::size_t cell) {
  if (broken_sensors_[cell]) return *broken_sensors_[cell];
  double v = cells_->volts()[cell] + offsets_v_[cell];
  if (sensors_.noise_v > 0) v += sensors_.noise_v * normal();
  if (sensors_.step_v > 0) v = std::round(v / sensors_.step_v) * sensors_.step_v;
  return v;
}

/// By hand for the same reason as in Scatter; splitmix64 and Box and Muller.
double VirtualPack::normal() {
  const auto uniform = [this] {
    std::uint64_t z = (random_ += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return (static_cast<double>((z ^ (z >> 31)) >> 11) + 0.5) / 9007199254740992.0;
  };
  const double radius = std::sqrt(-2 * std::log(uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

Ohms VirtualPack::resistance() const {
  const auto slopes = cells_->slopes_ohm();
  return Ohms(std::accumulate(slopes.begin(), slopes.end(), 0.0));
}

double VirtualPack::soc() const {
  double held = 0, capacity = 0;
  for (std::size_t i = 0; i < cells_->size(); ++i) {
    held += cells_->socs()[i] * cells_->capacity_ah(i);
    capacity += cells_->capacity_ah(i);
  }
  return std::clamp(held / capacity, 0.0, 1.0);
}

void VirtualPack::inject(const PackFault& fault) {
  const double lasts_s = fault.lasts == SteadyDuration::max()
                             ? std::numeric_limits<double>::infinity()
                             : to_seconds(fault.lasts);
  faults_.push_back({fault, elapsed_s_ + lasts_s});
  apply_faults();
  measure();
}

void VirtualPack::clear_faults() {
  faults_.clear();
  apply_faults();
  measure();
}

void VirtualPack::drop_old_faults() {
  if (std::erase_if(faults_, [&](const ActiveFault& f) { return f.until_s <= elapsed_s_; }) > 0)
    apply_faults();
}

/// All faults from the beginning: later ones win.
void VirtualPack::apply_faults() {
  drains_.assign(heats_.size(), 0.0);
  broken_sensors_.assign(heats_.size(), std::nullopt);
  for (std::size_t i = 0; i < heats_.size(); ++i) cells_->weaken(i, 1, 1);
  ambient_c_ = usual_ambient_.value;
  external_ohm_ = 0;
  has_dropped_out_ = false;
  for (const ActiveFault& active : faults_) apply(active.fault);
}

template <class Change>
void VirtualPack::for_cells(const PackFault& fault, Change change) {
  for (std::size_t i = 0; i < heats_.size(); ++i)
    if (fault.cell == 0 || static_cast<std::size_t>(fault.cell) == i + 1) change(i);
}

void VirtualPack::apply(const PackFault& fault) {
  const double full_v = cells_->full_voltage().value;
  const double pack_v = full_v * static_cast<double>(heats_.size());
  const double capacity = cells_->capacity_ah(0);
  switch (fault.kind) {
    case PackFaultKind::weak_cell:
      return weaken(fault);
    case PackFaultKind::leak:
      return for_cells(fault, [&](std::size_t i) {
        drains_[i] += std::max(0.0, fault.value.value_or(kLeak_per_h * capacity)) / full_v;
      });
    case PackFaultKind::short_circuit:
      return for_cells(fault, [&](std::size_t i) {
        drains_[i] +=
            1 / std::max(fault.value.value_or(full_v / (kShort_per_h * capacity)), kLeastOhm);
      });
    case PackFaultKind::external_short:
      external_ohm_ =
          std::max(fault.value.value_or(pack_v / (kExternal_per_h * capacity)), kLeastOhm);
      return;
    case PackFaultKind::open_sensor:
      return for_cells(fault,
                       [&](std::size_t i) { broken_sensors_[i] = fault.value.value_or(kNothing); });
    case PackFaultKind::cold:
      ambient_c_ = std::clamp(fault.value.value_or(kCold_c), -60.0, 100.0);
      return;
    case PackFaultKind::contactor_open:
      has_dropped_out_ = true;
  }
}

/// A cell that has lost capacity has gained resistance.
void VirtualPack::weaken(const PackFault& fault) {
  const double left = std::clamp(fault.value.value_or(kWeakCapacity), 0.01, 1.0);
  for_cells(fault, [&](std::size_t i) { cells_->weaken(i, left, 1 / (left * left)); });
}

}  // namespace b2m::sim
