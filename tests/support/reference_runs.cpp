// SPDX-License-Identifier: MIT
#include "tests/support/reference_runs.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <stdexcept>

#include "config/cell_sets.hpp"

namespace b2m::test {
namespace {

using sim::ModelKind;
constexpr double kDefaultStart = std::numeric_limits<double>::quiet_NaN();

bool has(const std::string& name, const std::string& part) {
  return name.find(part) != std::string::npos;
}
bool starts(const std::string& name, const std::string& with) { return name.rfind(with, 0) == 0; }

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream stream(line);
  for (std::string field; std::getline(stream, field, ',');) fields.push_back(field);
  return fields;
}

ReferenceTable read_table(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  const auto names = split(line);
  ReferenceTable table;
  while (std::getline(file, line)) {
    const auto fields = split(line);
    for (std::size_t i = 0; i < names.size(); ++i)
      table.columns[names[i]].push_back(std::stod(fields.at(i)));
  }
  return table;
}

std::string path_of(const std::string& name) {
  return reference_folder() + (starts(name, "original_") ? "/original/" : "/pybamm26/") + name +
         ".csv";
}

std::shared_ptr<const sim::DriveCycle> us06(double factor) {
  const auto table = read_table(reference_folder() + "/input/us06_current.csv");
  auto cycle = std::make_shared<sim::DriveCycle>();
  cycle->time_s = table.at("t_s");
  cycle->current_a = table.at("I_A");
  for (double& current : cycle->current_a) current *= factor;
  return cycle;
}

ModelKind model_of(const std::string& name) {
  if (has(name, "_SPMe_")) return ModelKind::spme;
  if (has(name, "_SPM_")) return ModelKind::spm;
  return ModelKind::dfn;
}

double current_of(const std::string& name) {
  const std::pair<const char*, double> rates[] = {
      {"_C20_", 0.25}, {"_C5_", 1}, {"_C2_", 2.5}, {"_1C_", 5}, {"_2C_", 10}};
  for (const auto& [part, current] : rates)
    if (has(name, part)) return current;
  throw std::runtime_error("no rate in " + name);
}

double soc_of(const std::string& name) {
  if (has(name, "default_init")) return kDefaultStart;
  const auto at = name.find("soc");
  return at == std::string::npos ? 1 : std::stod(name.substr(at + 3)) / 100;
}

sim::ExperimentStep constant(double current_a, double hours) {
  sim::ExperimentStep step;
  step.value = current_a;
  step.duration_s = hours * 3600;
  return step;
}

sim::ExperimentStep cycle_step(double factor) {
  sim::ExperimentStep step;
  step.kind = sim::ExperimentStep::Kind::cycle;
  step.cycle = us06(factor);
  return step;
}

/// Every row of the file but the last, which is the event.
std::vector<double> times_of(const ReferenceTable& table) {
  std::vector<double> times;
  for (double time : table.at("t_s"))
    if (times.empty() || time > times.back()) times.push_back(time);
  times.pop_back();
  return times;
}

void set_steps(sim::SimulationInput& input, const std::string& text, double row_s) {
  input.experiment = sim::parse_experiment(text, 5).value();
  input.step_s = row_s;
}

void set_original(sim::SimulationInput& input, const std::string& name) {
  input.soc = kDefaultStart;
  if (has(name, "drivecycle")) {
    input.experiment.steps = {cycle_step(1)};
    input.at_limit = sim::AtLimit::ignore;
    return;
  }
  const double current = has(name, "readme") ? 4 : has(name, "8A") ? 8 : has(name, "2A") ? 2 : 5;
  input.experiment.steps = {constant(current, has(name, "2h") ? 2 : 1)};
}

void set_mesh(sim::SimulationInput& input, const std::string& name) {
  if (has(name, "originalmesh") || has(name, "drivecycle")) input.mesh = {30, 30, 30, 10, 10};
  if (!starts(name, "fine_")) return;
  input.mesh = input.model == ModelKind::dfn ? sim::Mesh{60, 40, 60, 160, 160}
                                             : sim::Mesh{100, 60, 100, 400, 400};
}

void set_experiment(sim::SimulationInput& input, const std::string& name) {
  if (starts(name, "cccv_") && has(name, "from_soc0"))
    return set_steps(input, "Charge at C/2 until 4.2 V; Hold at 4.2 V until 0.25 A", 30);
  if (starts(name, "cccv_"))
    return set_steps(input, "Charge at C/3 until 4.2 V; Hold at 4.2 V until 50 mA", 30);
  if (starts(name, "cycle_"))
    return set_steps(input,
                     "Discharge at C/2 until 2.5 V; Rest for 1 hour; Charge at C/2 until 4.2 V; "
                     "Hold at 4.2 V until 0.25 A; Rest for 1 hour",
                     60);
  if (starts(name, "pulse_"))
    return set_steps(input,
                     "Rest for 60 s; Discharge at 1C for 30 s; Rest for 10 minutes; Charge at 1C "
                     "for 30 s; Rest for 10 minutes",
                     5);
  if (starts(name, "original_")) return set_original(input, name);
  if (starts(name, "us06")) {
    input.experiment.steps = {cycle_step(starts(name, "us06x2") ? 2 : 1)};
    if (has(name, "noevent")) input.upper_v = 4.5;
    return;
  }
  input.experiment.steps = {constant(current_of(name), 30)};
}

sim::SimulationInput input_of(const std::string& name, const ReferenceTable& table) {
  sim::SimulationInput input;
  input.set = chen2020();
  input.model = model_of(name);
  input.soc = soc_of(name);
  input.is_thermal = has(name, "lumped");
  set_mesh(input, name);
  set_experiment(input, name);
  if (!table.has("step")) input.row_times_s = times_of(table);
  input.columns = {"time_s",        "current_a", "voltage_v", "discharge_capacity_ah",
                   "temperature_c", "step"};
  if (table.has("OCV_bulk_V"))
    for (const char* name_of_term :
         {"ocp_positive_v", "ocp_negative_v", "ocv_v", "eta_positive_v", "eta_negative_v",
          "eta_concentration_v", "dphi_electrolyte_v", "dphi_solid_v"})
      input.columns.emplace_back(name_of_term);
  return input;
}

std::vector<double> column(const sim::SimulationTable& table, const std::string& name) {
  const auto at = std::find(table.columns.begin(), table.columns.end(), name);
  std::vector<double> values;
  const auto index = static_cast<std::size_t>(at - table.columns.begin());
  for (std::size_t row = 0; at != table.columns.end() && row < table.rows(); ++row)
    values.push_back(table.values[row * table.columns.size() + index]);
  return values;
}

/// Pairs of rows: the same time since the begin of the same step. Ends of steps are apart.
class Pairs {
 public:
  Pairs(const ReferenceTable& reference, const sim::SimulationTable& ours)
      : theirs_(times(reference.at("t_s"),
                      reference.has("step") ? reference.at("step") : ones(reference.rows()))),
        ours_(times(column(ours, "time_s"), column(ours, "step"))) {}

  struct Row {
    double step = 0, begin_s = 0, time_s = 0;
    bool is_end = false;
  };

  template <class Do>
  void each(Do&& compare_rows) const {
    std::size_t j = 0;
    for (std::size_t i = 0; i < theirs_.size(); ++i) {
      while (j + 1 < ours_.size() && comes_before(ours_[j], theirs_[i])) ++j;
      compare_rows(i, j, theirs_[i], ours_[j]);
    }
  }

 private:
  static std::vector<double> ones(std::size_t count) { return std::vector<double>(count, 1.0); }
  static std::vector<Row> times(const std::vector<double>& time_s,
                                const std::vector<double>& step) {
    std::vector<Row> rows;
    for (std::size_t i = 0; i < time_s.size(); ++i) {
      const bool is_begin = i == 0 || step[i] != step[i - 1];
      const double begin = is_begin ? time_s[i] : rows.back().begin_s;
      rows.push_back({step[i], begin, time_s[i], i + 1 == time_s.size() || step[i + 1] != step[i]});
    }
    return rows;
  }
  static bool comes_before(const Row& ours, const Row& theirs) {
    if (ours.step != theirs.step) return ours.step < theirs.step;
    if (theirs.is_end) return !ours.is_end;
    return !ours.is_end && ours.time_s - ours.begin_s < theirs.time_s - theirs.begin_s - 1e-5;
  }

  std::vector<Row> theirs_, ours_;
};

void keep_max(double& largest, double value) {
  if (!(std::abs(value) <= largest)) largest = std::abs(value);
}

}  // namespace

std::string reference_folder() {
  const std::string folder = B2M_SOURCE_DIR "/../shared/data/simulation";
  return std::filesystem::exists(folder + "/pybamm26") ? folder : std::string();
}

std::vector<std::string> reference_names(const std::string& start) {
  std::vector<std::string> names;
  for (const char* folder : {"/pybamm26", "/original"})
    for (const auto& file : std::filesystem::directory_iterator(reference_folder() + folder))
      if (file.path().extension() == ".csv" && starts(file.path().stem(), start))
        names.push_back(file.path().stem());
  std::sort(names.begin(), names.end());
  return names;
}

ReferenceRun reference_run(const std::string& name) {
  ReferenceRun run{name, {}, read_table(path_of(name))};
  run.input = input_of(name, run.table);
  return run;
}

Difference compare(const ReferenceRun& reference, const sim::SimulationOutput& ours) {
  Difference off;
  off.end = ours.end.text;
  off.solver_steps = ours.end.solver_steps;
  const ReferenceTable& theirs = reference.table;
  const auto voltage = column(ours.table, "voltage_v"), current = column(ours.table, "current_a");
  const auto charge = column(ours.table, "discharge_capacity_ah");
  const auto temperature = column(ours.table, "temperature_c");
  const std::pair<const char*, const char*> terms[] = {{"Up_surf_V", "ocp_positive_v"},
                                                       {"Un_surf_V", "ocp_negative_v"},
                                                       {"OCV_bulk_V", "ocv_v"},
                                                       {"eta_p_V", "eta_positive_v"},
                                                       {"eta_n_V", "eta_negative_v"},
                                                       {"eta_conc_V", "eta_concentration_v"},
                                                       {"dphi_e_V", "dphi_electrolyte_v"},
                                                       {"dphi_s_V", "dphi_solid_v"}};
  double squares = 0;
  Pairs(theirs, ours.table)
      .each([&](std::size_t i, std::size_t j, const auto& their_row, const auto& our_row) {
        if (their_row.is_end) keep_max(off.event_s, our_row.time_s - their_row.time_s);
        const double v = 1000 * (voltage[j] - theirs.at("V_V")[i]);
        squares += v * v;
        ++off.rows;
        keep_max(off.max_mv, v);
        keep_max(off.max_ma, 1000 * (current[j] - theirs.at("I_A")[i]));
        keep_max(off.max_uah, 1e6 * (charge[j] - theirs.at("Q_Ah")[i]));
        if (theirs.has("T_K"))
          keep_max(off.max_mk, 1000 * (temperature[j] + 273.15 - theirs.at("T_K")[i]));
        if (theirs.has("OCV_bulk_V"))
          for (const auto& term : terms)
            keep_max(off.terms_mv,
                     1000 * (column(ours.table, term.second)[j] - theirs.at(term.first)[i]));
      });
  off.rms_mv = std::sqrt(squares / static_cast<double>(off.rows));
  return off;
}

Difference run_and_compare(const std::string& name, sim::Preset preset) {
  ReferenceRun reference = reference_run(name);
  reference.input.preset = preset;
  // For the table alone: the quietest moment of several.
  const int runs = std::getenv("B2M_UPDATE_GOLDEN") ? 5 : 1;
  Difference off;
  double least_ms = std::numeric_limits<double>::infinity();
  for (int i = 0; i < runs; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const auto ours = sim::run(reference.input);
    const std::chrono::duration<double, std::milli> taken =
        std::chrono::steady_clock::now() - begin;
    if (!ours) throw std::runtime_error(name + ": " + ours.error().detail);
    least_ms = std::min(least_ms, taken.count());
    if (i == 0) off = compare(reference, *ours);
  }
  off.milliseconds = least_ms;
  return off;
}

}  // namespace b2m::test
