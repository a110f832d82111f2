// SPDX-License-Identifier: MIT
#include "gateway/app/simulation/request_build.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/core.h>

#include "config/cell_sets.hpp"
#include "gateway/app/simulation/request_experiment.hpp"
#include "gateway/app/simulation/request_inline.hpp"

namespace b2m::app {

using config::Node;

namespace {

constexpr double kZeroCelsius_k = 273.15;
constexpr double kOriginalNominal_ah = 8.6;  // where nominalCell is left out

/// From the fields of a request that names nothing to the input of a run.
class Builder {
 public:
  Builder(const Wish& wish, const RequestLimits& limits, Refusal& refusal)
      : wish_(wish),
        limits_(limits),
        refusal_(refusal),
        is_original_(!wish.simulation_type.empty()) {}

  bool build(SimulationRequest& request) {
    input_ = &request.input;
    if (!fill_request(request) || !fill_set() || !fill_numbers() || !fill_start()) return false;
    return is_original_ ? fill_original() : fill_richer();
  }

 private:
  bool fill_request(SimulationRequest& request) {
    if (wish_.time_limit_s > limits_.max_time_limit_s)
      return refusal_.because("time_limit_s",
                              fmt::format("{:.6g} s is more than {:.6g} s", wish_.time_limit_s,
                                          limits_.max_time_limit_s));
    request.id = wish_.id;
    request.id_json = wish_.id_json;
    request.simulation_type = wish_.simulation_type;
    request.priority = wish_.priority;
    request.time_limit_s = wish_.time_limit_s;
    request.callback_url = wish_.callback;
    request.format = static_cast<ResultFormat>(wish_.format);
    return true;
  }

  bool fill_set() {
    if (!wish_.parameters || !wish_.parameters->is(Node::Kind::table))
      return refusal_.because("parameters", "must be a set itself here");
    Node tree = *wish_.parameters;
    if (wish_.overrides && !apply_overrides(tree)) return false;
    config::CellSetRead read = config::read_cell_set(tree, "parameters", false);
    if (!read.set) return refusal_.because("parameters", first_of(read.mistakes));
    input_->set = std::move(*read.set);
    return scale();
  }

  bool apply_overrides(Node& tree) {
    if (!wish_.overrides->is(Node::Kind::table))
      return refusal_.because("overrides", "must be an object, {\"negative.porosity\": 0.3}");
    for (const Node& entry : wish_.overrides->items) {
      double value = 0;
      const std::string field = "overrides." + entry.key.substr(0, 64);
      if (!refusal_.number(entry, field, -1e300, 1e300, "", value)) return false;
      if (const auto done = config::override_number(tree, entry.key, value); !done)
        return refusal_.because(field, done.error().detail);
    }
    return true;
  }

  /// nominalCell is without effect in the original's form, unless the caller says otherwise.
  bool scale() {
    if (is_original_ && !wish_.scales_nominal) return true;
    if (!is_original_ && !wish_.nominal_ah) return true;
    const double nominal = wish_.nominal_ah.value_or(kOriginalNominal_ah);
    if (nominal < 1e-6)
      return refusal_.because(is_original_ ? "nominalCell" : "nominal_ah",
                              fmt::format("{} Ah is not possible; it must be above 0", nominal));
    input_->set = input_->set.scaled_to(nominal);
    return true;
  }

  bool fill_numbers() {
    input_->model = static_cast<sim::ModelKind>(wish_.model);
    input_->preset = static_cast<sim::Preset>(wish_.preset);
    input_->at_limit = static_cast<sim::AtLimit>(wish_.at_limit);
    input_->is_thermal = wish_.is_thermal;
    input_->cycles = wish_.cycles;
    input_->columns = wish_.outputs;
    input_->max_rows = limits_.max_rows;
    input_->max_time_s = limits_.max_time_s;
    input_->lower_v = wish_.lower_v.value_or(input_->set.cutoff_lower_v);
    input_->upper_v = wish_.upper_v.value_or(input_->set.cutoff_upper_v);
    if (wish_.mesh) input_->mesh = *wish_.mesh;
    if (input_->is_thermal && !(input_->set.thermal.heat_capacity_j_per_k > 0))
      return refusal_.because("thermal",
                              "the parameter set has no heat capacity; only false works");
    return check_mesh();
  }

  bool check_mesh() {
    const sim::Mesh& mesh = input_->mesh;
    if (std::max({mesh.negative, mesh.separator, mesh.positive}) > limits_.max_nodes)
      return refusal_.because("mesh", fmt::format("more than {} nodes", limits_.max_nodes));
    if (std::max(mesh.shells_negative, mesh.shells_positive) > limits_.max_shells)
      return refusal_.because("mesh", fmt::format("more than {} shells", limits_.max_shells));
    return true;
  }

  bool fill_start() {
    const double ambient_k = input_->set.thermal.ambient_k;
    input_->temperature_k =
        wish_.temperature_c ? *wish_.temperature_c + kZeroCelsius_k : sim::kReferenceTemperature_k;
    input_->ambient_k = wish_.ambient_c       ? *wish_.ambient_c + kZeroCelsius_k
                        : wish_.temperature_c ? input_->temperature_k
                                              : ambient_k;
    if (wish_.soc && wish_.start_voltage_v)
      return refusal_.because("start_voltage_v", "does not go with soc; leave one of them out");
    input_->soc = wish_.soc.value_or(is_original_ ? std::nan("") : 1.0);
    if (!wish_.start_voltage_v) return true;
    const auto limits = sim::find_limits(input_->set);
    if (!limits) return refusal_.because("parameters", limits.error().detail);
    const auto soc = sim::soc_at(input_->set, *limits, *wish_.start_voltage_v);
    if (!soc) return refusal_.because("start_voltage_v", soc.error().detail);
    input_->soc = *soc;
    return true;
  }

  [[nodiscard]] StepRules rules() const {
    const double nominal = input_->set.nominal_capacity_ah;
    const double most_a = limits_.max_c_rate * nominal;
    return {nominal, most_a, most_a * input_->upper_v, limits_.max_steps, wish_.is_charge_positive};
  }

  bool add_current(double amperes, const char* field, const char* hours_field) {
    sim::ExperimentStep step;
    step.value = amperes;
    if (!check_step(step, field, rules(), refusal_)) return false;
    if (wish_.hours) {
      step.duration_s = *wish_.hours * 3600;
      if (!(*step.duration_s > 0 && *step.duration_s <= limits_.max_time_s))
        return refusal_.because(hours_field,
                                fmt::format("{:.6g} h is not possible; above 0 to {:.6g} h is",
                                            *wish_.hours, limits_.max_time_s / 3600));
    }
    input_->experiment.steps.push_back(std::move(step));
    return true;
  }

  bool add_cycle(const char* field) {
    sim::ExperimentStep step;
    if (!read_cycle_step(*wish_.cycle, field, rules(), step, refusal_)) return false;
    if (!check_step(step, field, rules(), refusal_)) return false;
    input_->experiment.steps.push_back(std::move(step));
    return true;
  }

  bool add_experiment() {
    StepRules with_cycles = rules();
    if (wish_.cycles_by_name) {
      for (const Node& cycle : wish_.cycles_by_name->items) {
        sim::ExperimentStep step;
        if (!read_cycle_step(cycle, "experiment", with_cycles, step, refusal_)) return false;
        with_cycles.cycles[cycle.key] = std::move(step.cycle);
      }
    }
    return read_experiment(*wish_.experiment, with_cycles, input_->experiment, refusal_);
  }

  bool fill_original() {
    if (wish_.simulation_type == "driveCycle") return fill_original_cycle();
    Wish with_default = wish_;
    with_default.hours = wish_.hours.value_or(1);
    Builder cell(with_default, limits_, refusal_);
    cell.input_ = input_;
    if (!cell.add_current(wish_.current_a.value_or(5), "controlCurrent", "time")) return false;
    constexpr int kRows = 100;
    const double span_s = *input_->experiment.steps.front().duration_s;
    for (int i = 0; i < kRows; ++i) input_->row_times_s.push_back(span_s * i / (kRows - 1));
    return true;
  }

  bool fill_original_cycle() {
    if (!wish_.cycle) return refusal_.because("simulationType", "the drive cycle is missing");
    if (!add_cycle("simulationType")) return false;
    input_->mesh = {30, 30, 30, 10, 10};
    input_->at_limit = sim::AtLimit::ignore;
    input_->row_times_s = input_->experiment.steps.front().cycle->time_s;
    return true;
  }

  bool fill_richer() {
    const int given =
        (wish_.experiment ? 1 : 0) + (wish_.current_a ? 1 : 0) + (wish_.cycle ? 1 : 0);
    if (given != 1)
      return refusal_.because(
          "experiment", given == 0 ? "is missing: give experiment, current_a or cycle"
                                   : "only one of experiment, current_a and cycle can be given");
    if (wish_.hours && !wish_.current_a)
      return refusal_.because("hours", "only goes with current_a");
    if (wish_.step_s && !wish_.times_s.empty())
      return refusal_.because("step_s", "does not go with times_s; leave one of them out");
    if (wish_.current_a && !add_current(*wish_.current_a, "current_a", "hours")) return false;
    if (wish_.cycle && !add_cycle("cycle")) return false;
    if (wish_.experiment && !add_experiment()) return false;
    input_->step_s = wish_.step_s.value_or(10);
    input_->row_times_s = wish_.times_s;
    if (wish_.cycle && wish_.cycles == 1 && !wish_.step_s && wish_.times_s.empty())
      input_->row_times_s = input_->experiment.steps.front().cycle->time_s;
    return true;
  }

  const Wish& wish_;
  const RequestLimits& limits_;
  Refusal& refusal_;
  bool is_original_;
  sim::SimulationInput* input_ = nullptr;
};

/// Where the original's form cannot be mended by another value of its own.
std::string remark(std::string_view name, const Wish& wish) {
  const bool is_start = name == "upper_v" || name == "lower_v";
  if (wish.simulation_type.empty() || !is_start) return {};
  return "; this form starts at 98.96 % charge, as the original did; the form without "
         "simulationType takes soc";
}

}  // namespace

bool build_request(const Wish& wish, const RequestLimits& limits, SimulationRequest& request,
                   Refusal& refusal) {
  return Builder(wish, limits, refusal).build(request);
}

bool check_physics(const Wish& wish, const sim::SimulationInput& input, Refusal& refusal) {
  const Result<> good = sim::check(input);
  if (good) return true;
  static constexpr std::array<std::string_view, 14> kFields = {
      "lower_v",    "upper_v",  "soc",         "temperature_k", "ambient_k", "mesh",  "step_s",
      "max_time_s", "max_rows", "row_times_s", "columns",       "cycles",    "model", "experiment"};
  const std::string& text = good.error().detail;
  const std::size_t colon = text.find(": ");
  const std::string_view name = std::string_view(text).substr(0, colon);
  const bool is_field = std::find(kFields.begin(), kFields.end(), name) != kFields.end();
  if (colon == std::string::npos || !is_field) return refusal.because("parameters", text);
  return refusal.because(callers_name(name, wish), text.substr(colon + 2) + remark(name, wish));
}

}  // namespace b2m::app
