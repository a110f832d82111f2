// SPDX-License-Identifier: MIT
// A function of one variable, as a file of cell parameters gives it: a number, a table or a
// formula.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/result.hpp"

namespace b2m::sim {

/// Cheap to copy; safe to use from several threads at once.
class Function {
 public:
  Function() : Function(0.0) {}
  explicit Function(double constant);
  /// Linear between the points and, with the slope of the outermost ones, beyond them. `x` rises.
  static Result<Function> table(std::vector<double> x, std::vector<double> y);
  /// Of the variable x: numbers, + - * / ** ^, brackets, pi, exp log log10 sqrt tanh sinh cosh
  /// asinh sin cos abs. The error names the place in the text. Nesting and length are bounded.
  static Result<Function> parse(std::string_view formula);

  [[nodiscard]] double operator()(double x) const;
  /// y[i] = f(x[i]), slope[i] = f'(x[i]); all of one length. `slope` may be empty.
  void evaluate(std::span<const double> x, std::span<double> y, std::span<double> slope) const;
  [[nodiscard]] bool is_constant() const;
  /// As it was given: "0.25", "table of 40 points", or the formula.
  [[nodiscard]] const std::string& text() const;

 private:
  struct Body;
  explicit Function(std::shared_ptr<const Body> body) : body_(std::move(body)) {}
  std::shared_ptr<const Body> body_;
};

}  // namespace b2m::sim
