// SPDX-License-Identifier: MIT
// The stack program of a formula. Every instruction is one loop over a chunk of points, which the
// compiler can turn into vector instructions; nothing is allocated.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "gateway/sim/cell/formula.hpp"

namespace b2m::sim {

namespace {

using Op = Formula::Op;

constexpr std::size_t kChunk = 64;

/// Values and derivatives of one operand.
struct Operand {
  std::array<double, kChunk> value;
  std::array<double, kChunk> slope;
};

struct Pair {
  double value, slope;
};

template <class Rule>
void each(Operand& a, std::size_t n, Rule rule) {
  for (std::size_t i = 0; i < n; ++i) {
    const Pair result = rule(a.value[i]);
    a.value[i] = result.value;
    a.slope[i] *= result.slope;
  }
}

template <class Rule>
void both(Operand& a, const Operand& b, std::size_t n, Rule rule) {
  for (std::size_t i = 0; i < n; ++i) {
    const Pair result = rule(Pair{a.value[i], a.slope[i]}, Pair{b.value[i], b.slope[i]});
    a.value[i] = result.value;
    a.slope[i] = result.slope;
  }
}

/// x to the power of `exponent`, a small multiple of 1/2; much faster than std::pow.
double half_power(double x, double exponent) {
  const double size = std::abs(exponent);
  auto whole = static_cast<int>(size);
  double result = size != whole ? std::sqrt(x) : 1.0;
  for (double square = x; whole > 0; whole >>= 1, square *= square)
    if (whole & 1) result *= square;
  return exponent < 0 ? 1 / result : result;
}

Pair power(Pair a, Pair b) {
  const double value = std::pow(a.value, b.value);
  const double of_base = a.slope == 0 ? 0 : b.value * std::pow(a.value, b.value - 1) * a.slope;
  const double of_exponent = b.slope == 0 ? 0 : value * std::log(a.value) * b.slope;
  return {value, of_base + of_exponent};
}

void combine(Op op, Operand& a, const Operand& b, std::size_t n) {
  if (op == Op::add)
    both(a, b, n, [](Pair p, Pair q) { return Pair{p.value + q.value, p.slope + q.slope}; });
  if (op == Op::subtract)
    both(a, b, n, [](Pair p, Pair q) { return Pair{p.value - q.value, p.slope - q.slope}; });
  if (op == Op::multiply)
    both(a, b, n, [](Pair p, Pair q) {
      return Pair{p.value * q.value, p.slope * q.value + p.value * q.slope};
    });
  if (op == Op::divide)
    both(a, b, n, [](Pair p, Pair q) {
      const double value = p.value / q.value;
      return Pair{value, (p.slope - value * q.slope) / q.value};
    });
  if (op == Op::power) both(a, b, n, power);
}

/// The second operand is the number `k`.
void with_number(Op op, double k, Operand& a, std::size_t n) {
  if (op == Op::add_number) each(a, n, [k](double x) { return Pair{x + k, 1}; });
  if (op == Op::multiply_number) each(a, n, [k](double x) { return Pair{x * k, k}; });
  if (op == Op::subtract_from_number) each(a, n, [k](double x) { return Pair{k - x, -1}; });
  if (op == Op::divide_number) each(a, n, [k](double x) { return Pair{k / x, -k / (x * x)}; });
  if (op == Op::power_number)
    each(a, n, [k](double x) { return Pair{std::pow(x, k), k * std::pow(x, k - 1)}; });
  if (op == Op::power_half)
    each(a, n, [k](double x) {
      return Pair{half_power(x, k), k == 0 ? 0 : k * half_power(x, k - 1)};
    });
}

double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }

void apply(Op op, Operand& a, std::size_t n) {
  switch (op) {
    case Op::negate:
      return each(a, n, [](double x) { return Pair{-x, -1}; });
    case Op::exp:
      return each(a, n, [](double x) {
        const double value = std::exp(x);
        return Pair{value, value};
      });
    case Op::tanh:
      return each(a, n, [](double x) {
        const double value = std::tanh(x);
        return Pair{value, 1 - value * value};
      });
    case Op::sqrt:
      return each(a, n, [](double x) {
        const double value = std::sqrt(x);
        return Pair{value, 0.5 / value};
      });
    case Op::log:
      return each(a, n, [](double x) { return Pair{std::log(x), 1 / x}; });
    case Op::log10:
      return each(a, n, [](double x) { return Pair{std::log10(x), std::numbers::log10e / x}; });
    case Op::sinh:
      return each(a, n, [](double x) { return Pair{std::sinh(x), std::cosh(x)}; });
    case Op::cosh:
      return each(a, n, [](double x) { return Pair{std::cosh(x), std::sinh(x)}; });
    case Op::asinh:
      return each(a, n, [](double x) { return Pair{std::asinh(x), 1 / std::hypot(x, 1.0)}; });
    case Op::sin:
      return each(a, n, [](double x) { return Pair{std::sin(x), std::cos(x)}; });
    case Op::cos:
      return each(a, n, [](double x) { return Pair{std::cos(x), -std::sin(x)}; });
    case Op::abs:
      return each(a, n, [](double x) { return Pair{std::abs(x), sign(x)}; });
    default:
      return;
  }
}

/// `x` holds n <= kChunk points; the result is the first operand's.
void run_chunk(const Formula& formula, const double* x, std::size_t n,
               std::array<Operand, Formula::kStack>& stack) {
  std::size_t used = 0;
  for (const auto& [op, number] : formula.program) {
    if (op == Op::number || op == Op::variable) {
      Operand& top = stack[used++];
      std::fill_n(top.slope.begin(), n, op == Op::variable ? 1.0 : 0.0);
      if (op == Op::variable)
        std::copy_n(x, n, top.value.begin());
      else
        std::fill_n(top.value.begin(), n, number);
    } else if (op <= Op::power) {
      --used;
      combine(op, stack[used - 1], stack[used], n);
    } else if (op <= Op::power_half) {
      with_number(op, number, stack[used - 1], n);
    } else {
      apply(op, stack[used - 1], n);
    }
  }
}

}  // namespace

void run_formula(const Formula& formula, std::span<const double> x, std::span<double> y,
                 std::span<double> slope) {
  // 24 KiB on the hot path that are not cleared: each operand is written before it is read.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init)
  std::array<Operand, Formula::kStack> stack;
  for (std::size_t at = 0; at < x.size(); at += kChunk) {
    const std::size_t n = std::min(kChunk, x.size() - at);
    run_chunk(formula, x.data() + at, n, stack);
    std::copy_n(stack[0].value.begin(), n, y.begin() + static_cast<std::ptrdiff_t>(at));
    if (!slope.empty())
      std::copy_n(stack[0].slope.begin(), n, slope.begin() + static_cast<std::ptrdiff_t>(at));
  }
}

}  // namespace b2m::sim
