// SPDX-License-Identifier: MIT
#include "gateway/app/simulation/request_experiment.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include <fmt/core.h>

namespace b2m::app {

using config::Node;
using sim::ExperimentStep;

namespace {

constexpr double kMost = 1e15;

struct StepKey {
  const char* name;
  ExperimentStep::Kind kind;
  const char* unit;
};
constexpr StepKey kStepKeys[] = {{"current_a", ExperimentStep::Kind::current, "A"},
                                 {"c_rate", ExperimentStep::Kind::current, "C"},
                                 {"voltage_v", ExperimentStep::Kind::voltage, "V"},
                                 {"power_w", ExperimentStep::Kind::power, "W"},
                                 {"resistance_ohm", ExperimentStep::Kind::resistance, "Ohm"}};

class Steps {
 public:
  Steps(const StepRules& rules, std::vector<ExperimentStep>& out, Refusal& refusal)
      : rules_(rules), out_(out), refusal_(refusal) {}

  // As deep as JSON may nest.
  bool read(const Node& node, const std::string& field) {
    if (node.is(Node::Kind::text)) return read_text(node.text, field);
    if (node.is(Node::Kind::list)) return read_list(node, field);
    if (!node.is(Node::Kind::table))
      return refusal_.because(field, "must be a text, a list of steps or an object");
    return node.find("steps") ? read_group(node, field) : read_object(node, field);
  }

 private:
  bool read_text(const std::string& text, const std::string& field) {
    auto steps = sim::parse_experiment(text, rules_.nominal_ah);
    if (!steps) return refusal_.because(field, steps.error().detail);
    return std::all_of(steps->steps.begin(), steps->steps.end(),
                       [&](ExperimentStep& step) { return add(std::move(step), field); });
  }

  bool read_list(const Node& list, const std::string& field) {
    if (list.items.empty()) return refusal_.because(field, "is an empty list");
    for (std::size_t i = 0; i < list.items.size(); ++i)
      if (!read(list.items[i], fmt::format("{}[{}]", field, i))) return false;
    return true;
  }

  bool read_group(const Node& group, const std::string& field) {
    if (!refusal_.keys(group, field, {"steps", "repeat"})) return false;
    int repeat = 1;
    const Node* given = group.find("repeat");
    if (given && !refusal_.whole(*given, field + ".repeat", 1, 100'000, repeat)) return false;
    const std::size_t start = out_.size();
    if (!read(*group.find("steps"), field + ".steps")) return false;
    const std::vector<ExperimentStep> once(out_.begin() + static_cast<std::ptrdiff_t>(start),
                                           out_.end());
    for (int i = 1; i < repeat; ++i)
      for (const ExperimentStep& step : once)
        if (!add(step, field + ".repeat")) return false;
    return true;
  }

  bool read_object(const Node& node, const std::string& field) {
    std::vector<std::string> known = {"cycle",   "rest",  "duration_s", "until_v",
                                      "until_a", "steps", "repeat"};
    for (const StepKey& key : kStepKeys) known.emplace_back(key.name);
    if (!refusal_.keys(node, field, known)) return false;
    ExperimentStep step;
    if (!read_kind(node, field, step)) return false;
    if (!read_end(node, field, "duration_s", "s", step.duration_s)) return false;
    if (!read_end(node, field, "until_v", "V", step.until_v)) return false;
    if (!read_end(node, field, "until_a", "A", step.until_a)) return false;
    return add(std::move(step), field);
  }

  bool read_kind(const Node& node, const std::string& field, ExperimentStep& step) {
    int given = 0;
    for (const StepKey& key : kStepKeys) {
      const Node* value = node.find(key.name);
      if (!value) continue;
      ++given;
      step.kind = key.kind;
      if (!refusal_.number(*value, field + "." + key.name, -kMost, kMost, key.unit, step.value))
        return false;
      if (*key.unit == 'C') step.value *= rules_.nominal_ah;
    }
    bool is_rest = false;
    if (const Node* rest = node.find("rest")) {
      if (!refusal_.flag(*rest, field + ".rest", is_rest)) return false;
      given += is_rest ? 1 : 0;
    }
    const Node* cycle = node.find("cycle");
    if (given + (cycle ? 1 : 0) != 1)
      return refusal_.because(
          field,
          "needs one of current_a, c_rate, voltage_v, power_w, resistance_ohm, rest and cycle");
    return !cycle || read_cycle_step(*cycle, field + ".cycle", rules_, step, refusal_);
  }

  bool read_end(const Node& node, const std::string& field, const char* key, const char* unit,
                std::optional<double>& out) {
    const Node* value = node.find(key);
    if (!value) return true;
    double number = 0;
    if (!refusal_.number(*value, field + "." + key, 0, kMost, unit, number)) return false;
    out = number;
    return true;
  }

  bool add(ExperimentStep step, const std::string& field) {
    if (out_.size() >= static_cast<std::size_t>(rules_.most_steps))
      return refusal_.because(field, fmt::format("makes more than {} steps, repeats counted; "
                                                 "\"repeat\" of the whole experiment helps",
                                                 rules_.most_steps));
    const bool is_known = step.cycle && step.cycle == checked_;  // long ones are repeated often
    if (!is_known && !check_step(step, field, rules_, refusal_)) return false;
    checked_ = step.cycle;
    out_.push_back(std::move(step));
    return true;
  }

  const StepRules& rules_;
  std::vector<ExperimentStep>& out_;
  Refusal& refusal_;
  std::shared_ptr<const sim::DriveCycle> checked_;
};

bool find_cycle(const Node& name, const std::string& field, const StepRules& rules,
                ExperimentStep& out, Refusal& refusal) {
  const auto found = rules.cycles.find(name.text);
  if (found == rules.cycles.end())
    return refusal.because(field, "is a name whose cycle is not in the request");
  out.kind = ExperimentStep::Kind::cycle;
  out.cycle = found->second;
  return true;
}

}  // namespace

bool read_experiment(const Node& node, const StepRules& rules, sim::Experiment& out,
                     Refusal& refusal) {
  return Steps(rules, out.steps, refusal).read(node, node.key);
}

bool read_cycle_step(const Node& cycle, const std::string& field, const StepRules& rules,
                     ExperimentStep& out, Refusal& refusal) {
  if (cycle.is(Node::Kind::text)) return find_cycle(cycle, field, rules, out, refusal);
  if (!refusal.keys(cycle, field, {"time_s", "current_a"})) return false;
  const Node* times = cycle.find("time_s");
  const Node* currents = cycle.find("current_a");
  if (!times || !currents) return refusal.because(field, "needs both lists, time_s and current_a");
  sim::DriveCycle read;
  if (!refusal.numbers(*times, field + ".time_s", read.time_s)) return false;
  if (!refusal.numbers(*currents, field + ".current_a", read.current_a)) return false;
  if (read.time_s.size() != read.current_a.size())
    return refusal.because(field, fmt::format("has {} times and {} currents", read.time_s.size(),
                                              read.current_a.size()));
  const auto& times_s = read.time_s;
  if (times_s.size() < 2 || times_s.front() != 0)
    return refusal.because(field, "needs two points at least, the first at 0 s");
  const auto stuck = std::adjacent_find(times_s.begin(), times_s.end(), std::greater_equal<>());
  if (stuck != times_s.end())
    return refusal.because(fmt::format("{}.time_s[{}]", field, stuck - times_s.begin() + 1),
                           "does not come after the time before it; times must rise");
  if (rules.is_charge_positive)
    for (double& current : read.current_a) current = -current;
  out.kind = ExperimentStep::Kind::cycle;
  out.cycle = std::make_shared<const sim::DriveCycle>(std::move(read));
  return true;
}

bool check_step(const ExperimentStep& step, const std::string& field, const StepRules& rules,
                Refusal& refusal) {
  double most_a = step.kind == ExperimentStep::Kind::current ? std::abs(step.value) : 0;
  if (step.cycle)
    for (const double current : step.cycle->current_a) most_a = std::max(most_a, std::abs(current));
  if (most_a > rules.highest_a)
    return refusal.because(
        field,
        fmt::format("{:.6g} A is more than {:.6g} A, {:.3g} times the "
                    "nominal capacity of {:.4g} Ah",
                    most_a, rules.highest_a, rules.highest_a / rules.nominal_ah, rules.nominal_ah));
  if (step.kind == ExperimentStep::Kind::power && std::abs(step.value) > rules.highest_w)
    return refusal.because(field, fmt::format("{:.6g} W is more than {:.6g} W",
                                              std::abs(step.value), rules.highest_w));
  return true;
}

}  // namespace b2m::app
