// SPDX-License-Identifier: MIT
// From named quantities to the set that the models use.
#include <cmath>

#include <fmt/core.h>

#include "config/cell_quantities.hpp"
#include "config/cell_sets.hpp"

namespace b2m::config {

namespace {

class Builder {
 public:
  Builder(const Quantities& quantities, Mistakes& mistakes) : q_(quantities), mistakes_(mistakes) {}

  sim::CellSet build() {
    sim::CellSet set;
    set.negative = electrode("negative");
    set.positive = electrode("positive");
    set.separator = {q_.number("separator.thickness"), q_.number("separator.porosity"),
                     efficiency("separator")};
    set.electrolyte = electrolyte();
    read_cell(set);
    if (q_.has_table("thermal")) set.thermal = thermal();
    set.ecm_1rc = fit("ecm_1rc");
    set.ecm_2rc = fit("ecm_2rc");
    set.spm_rc = fit("spm_rc");
    return set;
  }

 private:
  sim::ElectrodeSet electrode(const std::string& side) {
    const auto number = [&](const char* key) { return q_.number(side + "." + key); };
    sim::ElectrodeSet e;
    e.thickness_m = number("thickness");
    e.porosity = number("porosity");
    e.active_fraction = number("active_fraction");
    e.particle_radius_m = number("particle_radius");
    e.transport_efficiency = efficiency(side);
    e.conductivity_s_per_m =
        number("conductivity") * std::pow(e.active_fraction, number("bruggeman_solid"));
    e.concentration_max = number("concentration_max");
    e.concentration_start = number("concentration_start");
    e.diffusivity = q_.function(side + ".diffusivity");
    e.diffusivity_activation = {number("diffusivity_activation")};
    e.exchange_current = number("exchange_current");
    e.exchange_current_activation = {number("exchange_current_activation")};
    e.potential = q_.function(side + ".potential");
    e.entropic_change = q_.function(side + ".entropic_change");
    return e;
  }

  sim::ElectrolyteSet electrolyte() {
    sim::ElectrolyteSet e;
    e.concentration_start = q_.number("electrolyte.concentration_start");
    e.transference_number = q_.number("electrolyte.transference_number");
    e.thermodynamic_factor = q_.number("electrolyte.thermodynamic_factor", 1);
    e.diffusivity = q_.function("electrolyte.diffusivity");
    e.conductivity = q_.function("electrolyte.conductivity");
    e.diffusivity_activation = {q_.number("electrolyte.diffusivity_activation")};
    e.conductivity_activation = {q_.number("electrolyte.conductivity_activation")};
    return e;
  }

  void read_cell(sim::CellSet& set) {
    set.nominal_capacity_ah = q_.number("cell.nominal_capacity");
    set.cutoff_lower_v = q_.number("cell.cutoff_lower");
    set.cutoff_upper_v = q_.number("cell.cutoff_upper");
    set.ocv_empty_v = q_.number("cell.ocv_empty", set.cutoff_lower_v);
    set.ocv_full_v = q_.number("cell.ocv_full", set.cutoff_upper_v);
    if (!either("cell.area", {"cell.electrode_height", "cell.electrode_width"})) return;
    set.area_m2 = q_.has("cell.area")
                      ? q_.number("cell.area")
                      : q_.number("cell.electrode_height") * q_.number("cell.electrode_width") *
                            q_.number("cell.electrode_pairs", 1);
  }

  double efficiency(const std::string& layer) {
    const std::string direct = layer + ".transport_efficiency";
    if (!either(direct, {layer + ".bruggeman"})) return 0;
    if (q_.has(direct)) return q_.number(direct);
    return std::pow(q_.number(layer + ".porosity"), q_.number(layer + ".bruggeman"));
  }

  sim::ThermalSet thermal() {
    sim::ThermalSet t;
    if (either("thermal.heat_capacity", {"thermal.volume"}))
      t.heat_capacity_j_per_k = q_.has("thermal.heat_capacity")
                                    ? q_.number("thermal.heat_capacity")
                                    : layers_heat_per_m3() * q_.number("thermal.volume");
    if (either("thermal.cooling", {"thermal.cooled_surface", "thermal.heat_transfer"}))
      t.cooling_w_per_k = q_.has("thermal.cooling") ? q_.number("thermal.cooling")
                                                    : q_.number("thermal.cooled_surface") *
                                                          q_.number("thermal.heat_transfer");
    t.ambient_k = q_.number("thermal.ambient", sim::kReferenceTemperature_k);
    return t;
  }

  /// Five layers, each by its thickness: sum of density times specific heat.
  double layers_heat_per_m3() {
    double heat = 0;
    double thickness = 0;
    for (const std::string layer :
         {"negative.collector_", "negative.", "separator.", "positive.", "positive.collector_"}) {
      for (const char* key : {"thickness", "density", "specific_heat"})
        if (!q_.has(layer + key)) {
          complain("thermal.volume",
                   fmt::format("the heat capacity of the volume needs {}{}", layer, key),
                   "or give thermal.heat_capacity");
          return 0;
        }
      heat += q_.number(layer + "thickness") * q_.number(layer + "density") *
              q_.number(layer + "specific_heat");
      thickness += q_.number(layer + "thickness");
    }
    return heat / thickness;
  }

  sim::EcmSet fit(const std::string& table) {
    sim::EcmSet fit;
    if (!q_.has_table(table)) return fit;
    fit.soc = q_.list(table + ".soc");
    fit.r0_ohm = q_.list(table + ".r0");
    fit.r1_ohm = q_.list(table + ".r1");
    fit.r2_ohm = q_.list(table + ".r2");
    fit.tau1_s = q_.number(table + ".tau1");
    fit.tau2_s = q_.number(table + ".tau2");
    check_fit(table, fit);
    return fit;
  }

  void check_fit(const std::string& table, const sim::EcmSet& fit) {
    for (std::size_t i = 0; i < fit.soc.size(); ++i) {
      const bool rises = i == 0 || fit.soc[i] > fit.soc[i - 1];
      if (!rises || fit.soc[i] < 0 || fit.soc[i] > 1)
        return complain(table + ".soc", "knots must rise from value to value, 0 to 1");
    }
    for (const char* key : {".r0", ".r1", ".r2"}) {
      if (!q_.has(table + key)) continue;
      const std::vector<double> values = q_.list(table + key);
      if (values.size() != fit.soc.size())
        return complain(table + key,
                        fmt::format("has {} values and soc {}", values.size(), fit.soc.size()));
      for (const double value : values)
        if (!(value >= 0 && value < 1e4))
          return complain(table + key, fmt::format("{} Ohm is not possible", value));
    }
    for (const char* key : {".tau1", ".tau2"})
      if (q_.has(table + key) && !(q_.number(table + key) > 0))
        return complain(table + key, "must be above 0");
  }

  /// One way of giving something or the other, whole.
  bool either(const std::string& direct, const std::vector<std::string>& parts) {
    std::size_t there = 0;
    std::string names;
    for (const std::string& part : parts) {
      there += q_.has(part) ? 1 : 0;
      names += (names.empty() ? "" : " and ") + part;
    }
    if (q_.has(direct) && there > 0)
      complain(direct, fmt::format("and {} cannot both be given", names), "keep one of the two");
    else if (!q_.has(direct) && there < parts.size() && mistakes_.empty())
      complain(direct, "is missing", fmt::format("give it, or {}", names));
    else
      return q_.has(direct) || there == parts.size();
    return false;
  }

  void complain(const std::string& name, const std::string& what, std::string hint = {}) {
    mistakes_.push_back(
        {.place = q_.place(name), .what = name + " " + what, .hint = std::move(hint)});
  }

  const Quantities& q_;
  Mistakes& mistakes_;
};

std::string text_of(const Node* node, std::string otherwise) {
  return node && node->is(Node::Kind::text) ? node->text : std::move(otherwise);
}

/// "negative" of "negative: thickness: ...": the table at fault.
std::string first_word(const std::string& text) { return text.substr(0, text.find(':')); }

}  // namespace

CellSetRead read_cell_set(const Node& tree, std::string name, bool needs_sources) {
  CellSetRead read;
  const Quantities quantities(tree, needs_sources, read.mistakes);
  sim::CellSet set = Builder(quantities, read.mistakes).build();
  set.name = text_of(tree.find("name"), std::move(name));
  set.title = text_of(tree.find("title"), set.name);
  if (!read.mistakes.empty()) return read;
  if (const Result<> good = sim::check(set); !good)
    read.mistakes.push_back(
        {.place = quantities.place(first_word(good.error().detail)), .what = good.error().detail});
  else
    read.set = std::move(set);
  return read;
}

}  // namespace b2m::config
