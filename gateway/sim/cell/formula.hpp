// SPDX-License-Identifier: MIT
// Formulas of one variable, compiled to a small program for a stack of arrays: each instruction
// works on many points at once and carries the derivative along.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "gateway/result.hpp"

namespace b2m::sim {

struct Formula {
  // With one number behind it: those whose second operand is a constant.
  enum class Op : std::uint8_t {
    number,
    variable,
    add,
    subtract,
    multiply,
    divide,
    power,
    add_number,
    multiply_number,
    subtract_from_number,
    divide_number,
    power_number,  // any exponent
    power_half,    // an exponent that is a small multiple of 1/2
    negate,
    exp,
    log,
    log10,
    sqrt,
    tanh,
    sinh,
    cosh,
    asinh,
    sin,
    cos,
    abs
  };
  struct Instruction {
    Op op;
    double number = 0;
  };

  static constexpr std::size_t kLongest = 10'000;  // characters
  static constexpr int kDeepest = 64;              // brackets
  static constexpr std::size_t kStack = 24;        // operands waiting at a time

  std::vector<Instruction> program;
};

Result<Formula> parse_formula(std::string_view text);

/// y[i] = f(x[i]), slope[i] = f'(x[i]); all of one length. `slope` may be empty.
void run_formula(const Formula& formula, std::span<const double> x, std::span<double> y,
                 std::span<double> slope);

}  // namespace b2m::sim
