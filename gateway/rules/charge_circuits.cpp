// SPDX-License-Identifier: MIT
#include "gateway/rules/charge_circuits.hpp"

#include <algorithm>
#include <iterator>
#include <vector>

#include <fmt/format.h>

namespace b2m::rules {
namespace {

constexpr double kTolerance = 1.02;

std::string names(std::span<const CircuitLoad> loads) {
  std::vector<std::string> list;
  std::ranges::transform(loads, std::back_inserter(list), &CircuitLoad::name);
  return fmt::format("{}", fmt::join(list, ", "));
}

}  // namespace

double total_w(std::span<const CircuitLoad> loads) {
  double sum = 0;
  for (const CircuitLoad& load : loads) sum += load.power_w;
  return sum;
}

std::string circuit_objection(const Circuit& circuit, std::span<const CircuitLoad> loads,
                              double peak_w) {
  if (circuit.max_chargers > 0 && std::ssize(loads) >= circuit.max_chargers)
    return fmt::format("waits for {}: the circuit {} takes {} at once", names(loads), circuit.id,
                       circuit.max_chargers == 1
                           ? std::string("one charger")
                           : fmt::format("{} chargers", circuit.max_chargers));
  if (circuit.max_power_w <= 0) return {};
  if (peak_w > circuit.max_power_w)
    return fmt::format("draws {:.0f} W, more than the {:.0f} W of the circuit {}", peak_w,
                       circuit.max_power_w, circuit.id);
  if (loads.empty()) return {};
  // What is not known might be all that there is.
  const bool is_unknown =
      peak_w <= 0 || std::ranges::any_of(loads, [](const auto& l) { return l.power_w <= 0; });
  if (is_unknown)
    return fmt::format("waits for {}: it is not known how much the circuit {} would have to carry",
                       names(loads), circuit.id);
  if (total_w(loads) + peak_w <= circuit.max_power_w) return {};
  return fmt::format(
      "waits for {}: {:.0f} W and {:.0f} W more than fill the {:.0f} W of the circuit {}",
      names(loads), total_w(loads), peak_w, circuit.max_power_w, circuit.id);
}

bool is_overloaded(const Circuit& circuit, std::span<const CircuitLoad> loads) {
  return circuit.max_power_w > 0 && loads.size() > 1 &&
         total_w(loads) > circuit.max_power_w * kTolerance;
}

}  // namespace b2m::rules
