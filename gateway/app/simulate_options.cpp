// SPDX-License-Identifier: MIT
#include "gateway/app/simulate_options.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "config/cell_sets.hpp"

namespace b2m::app {
namespace {

constexpr std::size_t kMostRuns = 24;  // more curves cannot be told apart
constexpr double kKelvin = 273.15;
constexpr double kDefaultHours = 1;  // of a cell at rest
constexpr double kSpareTime = 2;     // a discharge may take twice the nominal time

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) {
    const auto first = part.find_first_not_of(' ');
    if (first == std::string::npos) continue;
    parts.push_back(part.substr(first, part.find_last_not_of(' ') - first + 1));
  }
  return parts;
}

Error wrong(std::string_view option, std::string_view value, std::string_view expected) {
  return {Errc::malformed, fmt::format("{} \"{}\": expected {}", option, value, expected)};
}

std::optional<double> number(const std::string& text) {
  double value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

template <class T, std::size_t N>
Result<T> word(const Arguments& a, std::string_view option, const char* const (&words)[N],
               T otherwise) {
  if (!a.has(option)) return otherwise;
  const std::string text = a.value(option);
  const auto at = std::ranges::find(words, text);
  if (at != std::end(words)) return static_cast<T>(at - std::begin(words));
  std::string all;
  for (const char* w : words) all += (all.empty() ? "" : ", ") + std::string(w);
  return wrong(option, text, "one of " + all);
}

Result<std::string> read_file(std::string_view option, const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in)
    return Error(Errc::not_found, fmt::format("{}: the file {} cannot be read", option, path));
  return text;
}

/// One option that takes several values: the input with each of them, and what it is called.
class Variants {
 public:
  explicit Variants(const Arguments& arguments) : arguments_(arguments) {}

  /// `apply` puts one value in; `show` is its name in a legend.
  template <class Apply, class Show>
  Result<> add(std::string_view option, Apply apply, Show show) {
    if (!arguments_.has(option)) return {};
    const std::vector<std::string> values = split(arguments_.value(option));
    if (values.empty()) return wrong(option, arguments_.value(option), "a value");
    std::vector<SimulateRun> all;
    for (const SimulateRun& run : runs_) {
      for (const std::string& value : values) {
        SimulateRun next = run;
        if (const Result<> applied = apply(value, next.input); !applied) return applied.error();
        if (values.size() > 1) next.name += (next.name.empty() ? "" : ", ") + show(value);
        all.push_back(std::move(next));
      }
    }
    runs_ = std::move(all);
    if (runs_.size() <= kMostRuns) return {};
    return Error(Errc::out_of_range,
                 fmt::format("{} runs; at most {} can be compared", runs_.size(), kMostRuns));
  }
  std::vector<SimulateRun> runs_{1};

 private:
  const Arguments& arguments_;
};

Result<> set_model(const std::string& text, sim::SimulationInput& input) {
  const std::string name = text == "ecm" ? "ecm_2rc" : text;
  const auto at = std::ranges::find(sim::kModelNames, name);
  if (at == sim::kModelNames.end())
    return wrong("--model", text, "spm, spme, dfn, spm_rc, ecm, ecm_1rc or ecm_2rc");
  input.model = static_cast<sim::ModelKind>(at - sim::kModelNames.begin());
  return {};
}

bool is_path(const std::string& name) {
  return name.find('/') != std::string::npos || name.ends_with(".toml") || name.ends_with(".json");
}

Result<sim::CellSet> load_file(const std::string& path) {
  config::CellSetRead read = config::load_cell_set(path);
  if (read.set) {
    for (const std::string& note : read.notes) std::cerr << path << ": note: " << note << "\n";
    return std::move(*read.set);
  }
  std::string text;
  for (const config::Mistake& mistake : read.mistakes) text += "\n" + mistake.text();
  return Error(Errc::malformed, text);
}

Result<> set_parameters(const std::string& name, sim::SimulationInput& input) {
  const config::CellSets sets(config::Profiles::beside(std::string(kDefaultConfig)), "");
  auto set = is_path(name) ? load_file(name) : sets.load(name);
  if (!set) return Error(set.error().code, "--parameters: " + set.error().text());
  input.set = std::move(*set);
  return {};
}

Result<> set_number(std::string_view option, const std::string& text, double& out) {
  const auto value = number(text);
  if (!value) return wrong(option, text, "a number");
  out = *value;
  return {};
}

Result<> add_variants(Variants& variants) {
  const auto plain = [](const std::string& value) { return value; };
  if (const auto r = variants.add("--parameters", set_parameters, plain); !r) return r;
  if (const auto r = variants.add("--model", set_model, plain); !r) return r;
  const auto set_current = [&](const std::string& text, sim::SimulationInput& input) -> Result<> {
    sim::ExperimentStep step;
    if (const auto r = set_number("--current", text, step.value); !r) return r;
    step.text = fmt::format("{:g} A", step.value);
    input.experiment.steps = {std::move(step)};
    return {};
  };
  const auto amperes = [](const std::string& value) { return value + " A"; };
  if (const auto r = variants.add("--current", set_current, amperes); !r) return r;
  const auto set_soc = [](const std::string& text, sim::SimulationInput& input) {
    return set_number("--soc", text, input.soc);
  };
  const auto soc = [](const std::string& value) { return "SoC " + value; };
  if (const auto r = variants.add("--soc", set_soc, soc); !r) return r;
  const auto set_temperature = [](const std::string& text,
                                  sim::SimulationInput& input) -> Result<> {
    if (const auto r = set_number("--temperature-c", text, input.temperature_k); !r) return r;
    input.ambient_k = input.temperature_k += kKelvin;
    return {};
  };
  const auto celsius = [](const std::string& value) { return value + " °C"; };
  return variants.add("--temperature-c", set_temperature, celsius);
}

/// --current, --experiment and --cycle exclude each other; none of them is 1C.
Result<> check_kind(const Arguments& a) {
  const int given = a.has("--current") + a.has("--experiment") + a.has("--cycle");
  if (given > 1)
    return Error(Errc::malformed, "only one of --current, --experiment and --cycle can be done");
  if (a.has("--hours") && (a.has("--experiment") || a.has("--cycle")))
    return Error(Errc::malformed,
                 "--hours belongs to --current; an experiment says \"for 2 hours\" itself");
  if (a.has("--charge-positive") && !a.has("--cycle"))
    return Error(Errc::malformed, "--charge-positive belongs to --cycle");
  return {};
}

Result<> set_cycle(const Arguments& a, SimulateRun& run) {
  const auto text = read_file("--cycle", a.value("--cycle"));
  if (!text) return text.error();
  auto cycle = sim::parse_cycle(*text, a.has("--charge-positive"));
  if (!cycle)
    return Error(cycle.error().code,
                 fmt::format("--cycle: {}: {}", a.value("--cycle"), cycle.error().text()));
  sim::ExperimentStep step;
  step.kind = sim::ExperimentStep::Kind::cycle;
  step.cycle = std::make_shared<const sim::DriveCycle>(std::move(*cycle));
  step.duration_s = step.cycle->time_s.back();
  step.text = "drive cycle";
  run.input.experiment.steps = {std::move(step)};
  return {};
}

/// A constant current lasts for --hours, or until a limit ends it.
Result<> set_hours(const Arguments& a, SimulateRun& run) {
  sim::ExperimentStep& step = run.input.experiment.steps.front();
  const double nominal = run.input.set.nominal_capacity_ah;
  double hours = step.value == 0 ? kDefaultHours : kSpareTime * nominal / std::abs(step.value);
  if (a.has("--hours")) {
    if (const auto r = set_number("--hours", a.value("--hours"), hours); !r) return r;
    if (hours <= 0) return wrong("--hours", a.value("--hours"), "a number above 0");
  }
  step.duration_s = hours * 3600;
  return {};
}

Result<> set_experiment(const Arguments& a, SimulateRun& run) {
  if (a.has("--cycle")) return set_cycle(a, run);
  if (a.has("--experiment")) {
    auto experiment =
        sim::parse_experiment(a.value("--experiment"), run.input.set.nominal_capacity_ah);
    if (!experiment)
      return Error(experiment.error().code, "--experiment: " + experiment.error().text());
    run.input.experiment = std::move(*experiment);
    return {};
  }
  if (run.input.experiment.steps.empty()) {
    sim::ExperimentStep step;
    step.value = run.input.set.nominal_capacity_ah;
    step.text = fmt::format("{:g} A", step.value);
    run.input.experiment.steps = {std::move(step)};
  }
  return set_hours(a, run);
}

Result<> set_option(const Arguments& a, std::string_view option, double& out) {
  return a.has(option) ? set_number(option, a.value(option), out) : Result<>();
}

Result<> set_rest(const Arguments& a, SimulateRun& run) {
  sim::SimulationInput& input = run.input;
  if (a.has("--nominal-ah")) {
    double nominal = 0;
    if (const auto r = set_option(a, "--nominal-ah", nominal); !r) return r;
    if (nominal <= 0) return wrong("--nominal-ah", a.value("--nominal-ah"), "a number above 0");
    input.set = input.set.scaled_to(nominal);
  }
  input.lower_v = input.set.cutoff_lower_v;
  input.upper_v = input.set.cutoff_upper_v;
  if (const auto r = set_option(a, "--lower-v", input.lower_v); !r) return r;
  if (const auto r = set_option(a, "--upper-v", input.upper_v); !r) return r;
  if (const auto r = set_option(a, "--step-s", input.step_s); !r) return r;
  if (input.step_s < 0) return wrong("--step-s", a.value("--step-s"), "0 or more");
  input.is_thermal = a.has("--thermal");
  static constexpr const char* kLimits[] = {"stop", "clamp", "ignore"};
  static constexpr const char* kPresets[] = {"fast", "exact"};
  const auto at_limit = word(a, "--at-limit", kLimits, input.at_limit);
  if (!at_limit) return at_limit.error();
  const auto preset = word(a, "--preset", kPresets, input.preset);
  if (!preset) return preset.error();
  input.at_limit = *at_limit;
  input.preset = *preset;
  if (a.has("--columns")) input.columns = split(a.value("--columns"));
  return {};
}

/// The option that has set a field of check(); empty: none has.
std::string option_of(const Arguments& a, std::string_view field) {
  static constexpr std::pair<std::string_view, const char*> kOptions[] = {
      {"soc", "--soc"},         {"temperature_k", "--temperature-c"},
      {"thermal", "--thermal"}, {"ambient_k", "--temperature-c"},
      {"lower_v", "--lower-v"}, {"upper_v", "--upper-v"},
      {"step_s", "--step-s"},   {"columns", "--columns"}};
  for (const auto& [name, option] : kOptions)
    if (name == field) return option;
  if (field != "experiment") return {};
  for (const char* option : {"--experiment", "--cycle", "--current"})
    if (a.has(option)) return option;
  return {};
}

/// Fields that no option stands for keep their own words.
std::string as_option(const Arguments& a, const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return text;
  const std::string option = option_of(a, std::string_view(text).substr(0, colon));
  return option.empty() ? text : option + text.substr(colon);
}

}  // namespace

Result<std::vector<SimulateRun>> simulate_runs(const Arguments& arguments) {
  if (const auto r = check_kind(arguments); !r) return r.error();
  Variants variants(arguments);
  if (!arguments.has("--parameters"))
    if (const auto r = set_parameters("chen2020", variants.runs_.front().input); !r)
      return r.error();
  if (const auto r = add_variants(variants); !r) return r.error();
  for (SimulateRun& run : variants.runs_) {
    if (const auto r = set_rest(arguments, run); !r) return r.error();
    if (const auto r = set_experiment(arguments, run); !r) return r.error();
    if (run.name.empty()) run.name = sim::kModelNames[static_cast<std::size_t>(run.input.model)];
    if (const auto r = sim::check(run.input); !r)
      return Error(r.error().code, as_option(arguments, r.error().text()));
  }
  return std::move(variants.runs_);
}

}  // namespace b2m::app
