// SPDX-License-Identifier: MIT
// A step is read word by word; a value is a number with its unit, together or apart ("4.2V",
// "4.2 V"), or a C-rate ("C/5", "2C").
#include "gateway/sim/cell/experiment.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "gateway/sim/cell/text.hpp"

namespace b2m::sim {
namespace {

constexpr double kLargest = 1e12;
constexpr std::size_t kMaxText = 100'000;
constexpr std::size_t kMaxSteps = 10'000;
constexpr std::size_t kMaxStepText = 300;
constexpr const char* kExamples =
    "correct are for example \"Discharge at 1C until 2.5 V\", \"Charge at 0.5 A for 30 minutes or "
    "until 4.2 V\", \"Hold at 4.2 V until 50 mA\", \"Rest for 1 hour\"";

enum class Quantity { current, voltage, power, resistance, c_rate, time };

struct Unit {
  std::string_view name;  // lower case
  Quantity quantity;
  double factor;
};
constexpr Unit kUnits[] = {{"a", Quantity::current, 1},
                           {"ma", Quantity::current, 1e-3},
                           {"v", Quantity::voltage, 1},
                           {"mv", Quantity::voltage, 1e-3},
                           {"w", Quantity::power, 1},
                           {"mw", Quantity::power, 1e-3},
                           {"ohm", Quantity::resistance, 1},
                           {"ohms", Quantity::resistance, 1},
                           {"mohm", Quantity::resistance, 1e-3},
                           {"c", Quantity::c_rate, 1},
                           {"s", Quantity::time, 1},
                           {"sec", Quantity::time, 1},
                           {"second", Quantity::time, 1},
                           {"seconds", Quantity::time, 1},
                           {"min", Quantity::time, 60},
                           {"minute", Quantity::time, 60},
                           {"minutes", Quantity::time, 60},
                           {"h", Quantity::time, 3600},
                           {"hour", Quantity::time, 3600},
                           {"hours", Quantity::time, 3600},
                           {"day", Quantity::time, 86400},
                           {"days", Quantity::time, 86400}};

struct Value {
  Quantity quantity = Quantity::current;
  double number = 0;
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool equals(std::string_view word, std::string_view lower_case) {
  return std::equal(word.begin(), word.end(), lower_case.begin(), lower_case.end(),
                    [](char a, char b) { return lower(a) == b; });
}

const Unit* find_unit(std::string_view word) {
  for (const auto& unit : kUnits) {
    if (!equals(word, unit.name)) continue;
    // Nobody who writes MW means milliwatts.
    const bool is_mega = word.front() == 'M' && unit.factor == 1e-3;
    return is_mega ? nullptr : &unit;
  }
  return nullptr;
}

class StepParser {
 public:
  StepParser(std::string_view text, double nominal_ah)
      : text_(text), rest_(text), nominal_ah_(nominal_ah) {
    step_.text = std::string(text);
  }

  Result<ExperimentStep> parse() {
    if (auto done = parse_action(); !done) return done.error();
    bool is_first = true;
    while (!peek().empty()) {
      if (!is_first && equals(peek(), "or")) word();
      if (auto done = parse_end(); !done) return done.error();
      is_first = false;
    }
    if (is_first)
      return wrong("nothing ends it; add for example \"for 1 hour\"" +
                   std::string(step_.kind == Kind::voltage ? " or \"until 50 mA\""
                               : step_.value > 0           ? " or \"until 2.5 V\""
                               : step_.value < 0           ? " or \"until 4.2 V\""
                                                           : ""));
    return step_;
  }

 private:
  using Kind = ExperimentStep::Kind;

  [[nodiscard]] std::string_view peek() const {
    const std::string_view left = trimmed(rest_);
    return left.substr(0, static_cast<std::size_t>(
                              std::find_if(left.begin(), left.end(), is_blank) - left.begin()));
  }
  std::string_view word() {
    const std::string_view next = peek();
    rest_ = trimmed(rest_).substr(next.size());
    return next;
  }

  [[nodiscard]] Error wrong(const std::string& what) const {
    return {Errc::malformed, quoted(text_) + ": " + what + "; " + kExamples};
  }
  [[nodiscard]] Error unexpected(std::string_view found, const std::string& expected) const {
    if (found.empty()) return wrong("it ends where " + expected + " is missing");
    return wrong(quoted(found) + " is not " + expected);
  }

  Result<> parse_action() {
    const std::string_view verb = word();
    if (equals(verb, "rest")) return {};
    const bool is_discharge = equals(verb, "discharge"), is_hold = equals(verb, "hold");
    if (!is_discharge && !is_hold && !equals(verb, "charge"))
      return unexpected(verb, "one of Discharge, Charge, Hold and Rest, with which steps begin");
    if (const auto at = word(); !equals(at, "at")) return unexpected(at, "\"at\"");
    auto value = parse_value();
    if (!value) return value.error();
    return is_hold ? set_hold(*value) : set_flow(*value, is_discharge);
  }

  Result<> set_hold(const Value& value) {
    if (value.quantity != Quantity::voltage) return wrong("what is held is a voltage");
    step_.kind = Kind::voltage;
    step_.value = value.number;
    return {};
  }

  Result<> set_flow(const Value& value, bool is_discharge) {
    const double sign = is_discharge ? 1 : -1;
    step_.value = sign * value.number;
    switch (value.quantity) {
      case Quantity::current:
        return {};
      case Quantity::c_rate:
        step_.value *= nominal_ah_;
        return {};
      case Quantity::power:
        step_.kind = Kind::power;
        return {};
      case Quantity::resistance:
        step_.kind = Kind::resistance;
        if (!is_discharge) return wrong("a resistance can only discharge");
        return {};
      case Quantity::voltage:
      case Quantity::time:
        break;
    }
    return wrong(
        "a current, a power or a C-rate is expected after \"at\"; a voltage is held with "
        "\"Hold at\"");
  }

  Result<> parse_end() {
    const std::string_view how = word();
    const bool is_for = equals(how, "for");
    if (!is_for && !equals(how, "until"))
      return unexpected(how, "one of \"for\", \"until\" and \"or\"");
    auto value = parse_value();
    if (!value) return value.error();
    return is_for ? set_duration(*value) : set_until(*value);
  }

  Result<> set_duration(const Value& value) {
    if (value.quantity != Quantity::time) return wrong("a time is expected after \"for\"");
    return set(step_.duration_s, value.number);
  }

  Result<> set_until(const Value& value) {
    if (value.quantity == Quantity::voltage) return set(step_.until_v, value.number);
    if (value.quantity == Quantity::current) return set(step_.until_a, value.number);
    if (value.quantity == Quantity::c_rate) return set(step_.until_a, value.number * nominal_ah_);
    return wrong("a voltage or a current is expected after \"until\"; times come after \"for\"");
  }

  Result<> set(std::optional<double>& end, double value) {
    if (end) return wrong("it has two ends of one kind");
    end = value;
    return {};
  }

  Result<Value> parse_value() {
    const std::string_view first = word();
    const bool is_per = first.size() > 2 && lower(first[0]) == 'c' && first[1] == '/';
    const std::string_view digits = is_per ? first.substr(2) : first;
    if (!digits.empty() && digits.front() == '-')
      return wrong(quoted(first) +
                   " is negative; the direction is said by Discharge or Charge, and times and "
                   "voltages are not below 0");
    double number = std::numeric_limits<double>::infinity();  // stays where it is too large
    const char* end = digits.data();
    if (!digits.empty() && (is_digit(digits.front()) || digits.front() == '.'))
      end = std::from_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    if (end == digits.data()) return unexpected(first, "a number with its unit");
    if (!std::isfinite(number) || number > kLargest) return wrong(quoted(first) + " is too large");
    const std::string_view attached = digits.substr(static_cast<std::size_t>(end - digits.data()));
    if (is_per) {
      if (!attached.empty() || !(number > 0)) return unexpected(first, "a C-rate such as C/5");
      return Value{Quantity::c_rate, 1 / number};
    }
    const std::string_view name = attached.empty() ? word() : attached;
    const Unit* unit = find_unit(name);
    if (!unit)
      return unexpected(name, "a unit (A mA V mV W mW Ohm C; s minutes hours) for " +
                                  std::string(digits.substr(0, 20)));
    return Value{unit->quantity, number * unit->factor};
  }

  std::string_view text_, rest_;
  double nominal_ah_;
  ExperimentStep step_;
};

/// Cuts a text into steps and groups.
class ExperimentParser {
 public:
  ExperimentParser(std::string_view text, double nominal_ah) : rest_(text), nominal_(nominal_ah) {}

  Result<Experiment> parse() {
    while (skip_separators(), !rest_.empty()) {
      auto done = rest_.front() == '(' ? parse_group() : parse_steps(cut_step());
      if (!done) return done.error();
    }
    if (experiment_.steps.empty())
      return Error(Errc::malformed, std::string("the experiment is empty; ") + kExamples);
    return std::move(experiment_);
  }

 private:
  static bool is_separator(char c) { return c == '\n' || c == ';'; }

  void skip_separators() {
    while (!rest_.empty() &&
           (is_blank(rest_.front()) || is_separator(rest_.front()) || rest_.front() == ','))
      rest_.remove_prefix(1);
    if (rest_.size() > 4 && equals(rest_.substr(0, 4), "then") && is_blank(rest_[4]))
      rest_.remove_prefix(5), skip_separators();
  }

  /// Up to a separator or ", then".
  std::string_view cut_step() {
    std::size_t end = 0;
    while (end < rest_.size() && !is_separator(rest_[end]) && rest_[end] != ',') ++end;
    const std::string_view step = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return step;
  }

  [[nodiscard]] Error in_step(const Error& error) const {
    return {error.code, fmt::format("step {}: {}", experiment_.steps.size() + 1, error.detail)};
  }

  Result<> parse_steps(std::string_view text) {
    if (experiment_.steps.size() >= kMaxSteps)
      return Error(Errc::out_of_range, fmt::format("more than {} steps", kMaxSteps));
    auto step = parse_step(text, nominal_);
    if (!step) return in_step(step.error());
    experiment_.steps.push_back(std::move(*step));
    return {};
  }

  Result<> parse_group() {
    const std::size_t close = rest_.find(')');
    const std::string_view inside =
        rest_.substr(1, close == std::string_view::npos ? 0 : close - 1);
    if (close == std::string_view::npos || inside.find('(') != std::string_view::npos)
      return in_step({Errc::malformed, "a group has one pair of brackets, none in another: " +
                                           std::string("\"(Discharge at 1C until 2.5 V; Charge at "
                                                       "C/2 until 4.2 V) x 3\"")});
    rest_.remove_prefix(close + 1);
    const auto times = parse_times(cut_step());
    if (!times) return in_step(times.error());
    ExperimentParser group(inside, nominal_);
    auto steps = group.parse();
    if (!steps) return in_step(steps.error());
    if (steps->steps.size() * *times > kMaxSteps - experiment_.steps.size())
      return Error(Errc::out_of_range, fmt::format("more than {} steps", kMaxSteps));
    for (std::size_t i = 0; i < *times; ++i)
      experiment_.steps.insert(experiment_.steps.end(), steps->steps.begin(), steps->steps.end());
    return {};
  }

  static Result<std::size_t> parse_times(std::string_view text) {
    const std::string_view all = trimmed(text);
    std::string_view number = all;
    if (!number.empty() && lower(number.front()) == 'x') number = trimmed(number.substr(1));
    std::size_t times = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), times);
    const bool is_fine = error == std::errc() && end == number.data() + number.size() &&
                         number.size() < all.size() && times >= 1 && times <= kMaxSteps;
    if (is_fine) return times;
    return Error(Errc::malformed, quoted(all) +
                                      " after the group is no number of repeats; write "
                                      "for example \") x 3\"");
  }

  std::string_view rest_;
  double nominal_;
  Experiment experiment_;
};

}  // namespace

Result<ExperimentStep> parse_step(std::string_view text, double nominal_ah) {
  const std::string_view step = trimmed(text);
  if (step.size() > kMaxStepText)
    return Error(Errc::malformed, quoted(step) + ": a step is no longer than 300 characters");
  return StepParser(step, nominal_ah).parse();
}

Result<Experiment> parse_experiment(std::string_view text, double nominal_ah) {
  if (text.size() > kMaxText)
    return Error(Errc::out_of_range,
                 fmt::format("the experiment has {} characters; at most {} are possible",
                             text.size(), kMaxText));
  return ExperimentParser(text, nominal_ah).parse();
}

}  // namespace b2m::sim
