// SPDX-License-Identifier: MIT
#include "gateway/sim/cell/function.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "gateway/sim/cell/formula.hpp"

namespace b2m::sim {

namespace {

constexpr std::size_t kMostPoints = 100'000;

}  // namespace

struct Function::Body {
  enum class Kind { constant, table, formula };
  Kind kind = Kind::constant;
  double constant = 0;
  std::vector<double> x, y, slope;  // slope[i]: from point i to the next
  Formula formula;
  std::string text;

  /// The stretch of the table that x lies in; the outermost ones reach to infinity.
  [[nodiscard]] std::size_t stretch(double at) const {
    const auto inner_end = x.end() - 1;
    return static_cast<std::size_t>(std::upper_bound(x.begin() + 1, inner_end, at) - x.begin()) - 1;
  }
};

Function::Function(double constant) {
  Body body;
  body.constant = constant;
  body.text = fmt::format("{}", constant);
  body_ = std::make_shared<const Body>(std::move(body));
}

Result<Function> Function::table(std::vector<double> x, std::vector<double> y) {
  const auto is_finite = [](double value) { return std::isfinite(value); };
  if (x.size() != y.size())
    return Error(Errc::malformed,
                 fmt::format("the table has {} values of x and {} of y", x.size(), y.size()));
  if (x.size() < 2 || x.size() > kMostPoints)
    return Error(Errc::out_of_range, fmt::format("the table has {} points; 2 to {} can be used",
                                                 x.size(), kMostPoints));
  if (!std::all_of(x.begin(), x.end(), is_finite) || !std::all_of(y.begin(), y.end(), is_finite))
    return Error(Errc::malformed, "the table has a value that is not finite");
  Body body;
  body.kind = Body::Kind::table;
  for (std::size_t i = 0; i + 1 < x.size(); ++i) {
    if (!(x[i + 1] > x[i]))
      return Error(Errc::malformed,
                   fmt::format("the table's x must rise: point {} is {}, the next {}", i + 1, x[i],
                               x[i + 1]));
    body.slope.push_back((y[i + 1] - y[i]) / (x[i + 1] - x[i]));
    if (!std::isfinite(body.slope.back()))
      return Error(Errc::malformed, fmt::format("the table is too steep behind point {}", i + 1));
  }
  body.text = fmt::format("table of {} points", x.size());
  body.x = std::move(x);
  body.y = std::move(y);
  return Function(std::make_shared<const Body>(std::move(body)));
}

Result<Function> Function::parse(std::string_view formula) {
  Result<Formula> parsed = parse_formula(formula);
  if (!parsed) return parsed.error();
  Body body;
  body.text = formula;
  const Formula::Instruction& first = parsed->program.front();
  if (parsed->program.size() == 1 && first.op == Formula::Op::number) {
    body.constant = first.number;
  } else {
    body.kind = Body::Kind::formula;
    body.formula = std::move(*parsed);
  }
  return Function(std::make_shared<const Body>(std::move(body)));
}

double Function::operator()(double x) const {
  double y = 0;
  evaluate({&x, 1}, {&y, 1}, {});
  return y;
}

void Function::evaluate(std::span<const double> x, std::span<double> y,
                        std::span<double> slope) const {
  const Body& body = *body_;
  if (body.kind == Body::Kind::formula) return run_formula(body.formula, x, y, slope);
  if (body.kind == Body::Kind::constant) {
    std::fill(y.begin(), y.end(), body.constant);
    std::fill(slope.begin(), slope.end(), 0.0);
    return;
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t at = body.stretch(x[i]);
    y[i] = body.y[at] + body.slope[at] * (x[i] - body.x[at]);
    if (!slope.empty()) slope[i] = body.slope[at];
  }
}

bool Function::is_constant() const { return body_->kind == Body::Kind::constant; }

const std::string& Function::text() const { return body_->text; }

}  // namespace b2m::sim
