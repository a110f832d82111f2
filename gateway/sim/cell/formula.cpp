// SPDX-License-Identifier: MIT
// Text to program. Grammar, loosest first: + -, * /, sign, ** (to the right; binds tighter than a
// sign before it, as in Python), then numbers, x, pi, functions and brackets.
#include "gateway/sim/cell/formula.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>
#include <optional>
#include <string>

#include <fmt/core.h>

namespace b2m::sim {

namespace {

using Op = Formula::Op;

struct Word {
  std::string_view name;
  Op op;
};
constexpr Word kFunctions[] = {{"exp", Op::exp},     {"log", Op::log},   {"log10", Op::log10},
                               {"sqrt", Op::sqrt},   {"tanh", Op::tanh}, {"sinh", Op::sinh},
                               {"cosh", Op::cosh},   {"sin", Op::sin},   {"cos", Op::cos},
                               {"asinh", Op::asinh}, {"abs", Op::abs},   {"arcsinh", Op::asinh}};
constexpr const char* kKnown =
    "known are x, pi, exp, log, log10, sqrt, tanh, sinh, cosh, asinh, sin, cos and abs";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// "x": the piece of text that an error quotes.
std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 24;
  std::string shown;
  for (char c : text.substr(0, kShown)) shown += c >= ' ' && c <= '~' ? c : '?';
  return fmt::format("\"{}{}\"", shown, text.size() > kShown ? "..." : "");
}

bool is_half_power(double exponent) {
  return std::abs(exponent) <= 8 && exponent * 2 == std::floor(exponent * 2);
}

/// The instruction that does `op` with a constant on the right or, where `from_left`, on the left;
/// nothing where there is none.
std::optional<Formula::Instruction> with_number(Op op, double number, bool from_left) {
  switch (op) {
    case Op::add:
      return Formula::Instruction{Op::add_number, number};
    case Op::subtract:
      return from_left ? Formula::Instruction{Op::subtract_from_number, number}
                       : Formula::Instruction{Op::add_number, -number};
    case Op::multiply:
      return Formula::Instruction{Op::multiply_number, number};
    case Op::divide:
      return from_left ? Formula::Instruction{Op::divide_number, number}
                       : Formula::Instruction{Op::multiply_number, 1 / number};
    case Op::power:
      if (from_left) return std::nullopt;
      return Formula::Instruction{is_half_power(number) ? Op::power_half : Op::power_number,
                                  number};
    default:
      return std::nullopt;
  }
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Formula> parse() {
    if (text_.size() > Formula::kLongest)
      return Error(Errc::out_of_range,
                   fmt::format("the formula is longer than {} characters", Formula::kLongest));
    sum();
    if (error_.empty() && peek() != '\0') fail("an operator is missing before {}", rest());
    if (!error_.empty()) return Error(Errc::malformed, error_);
    return std::move(formula_);
  }

 private:
  // Bounded by kDeepest.
  void sum() {
    const std::size_t left = formula_.program.size();
    product();
    while (error_.empty() && (peek() == '+' || peek() == '-')) {
      const Op op = text_[at_++] == '+' ? Op::add : Op::subtract;
      binary(op, left, &Parser::product);
    }
  }

  void product() {
    const std::size_t left = formula_.program.size();
    signed_power();
    while (error_.empty() && (peek() == '/' || (peek() == '*' && !is_power()))) {
      const Op op = text_[at_++] == '*' ? Op::multiply : Op::divide;
      binary(op, left, &Parser::signed_power);
    }
  }

  void signed_power() {
    if (!enter()) return;
    const char sign = peek();
    if (sign == '+' || sign == '-') ++at_;
    const std::size_t start = formula_.program.size();
    if (sign == '+' || sign == '-')
      signed_power();
    else
      power();
    if (sign == '-' && error_.empty()) unary(Op::negate, start);
    --nested_;
  }

  void power() {
    const std::size_t left = formula_.program.size();
    primary();
    if (!error_.empty() || !is_power()) return;
    at_ += text_[at_] == '^' ? 1 : 2;
    binary(Op::power, left, &Parser::signed_power);
  }

  void primary() {
    const char c = peek();
    if (is_digit(c) || c == '.') return number();
    if (is_letter(c)) return word();
    if (c == '(') return bracket();
    if (c == '\0') return fail("the formula ends where a value should follow", {});
    fail("a value should stand instead of {}", rest());
  }

  void bracket() {
    const std::size_t open = at_++;
    if (!enter()) return;
    sum();
    --nested_;
    if (!error_.empty()) return;
    if (peek() == ')') {
      ++at_;
      return;
    }
    if (at_ < text_.size()) return fail("an operator or ) is missing before {}", rest());
    at_ = open;
    fail("the bracket is never closed: {}", rest());
  }

  void number() {
    double value = 0;
    const char* const begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc() || !std::isfinite(value))
      return fail("{} is no number that can be used", rest());
    at_ += static_cast<std::size_t>(end - begin);
    push({Op::number, value});
  }

  void word() {
    const std::size_t start = at_;
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) ++at_;
    const std::string_view name = text_.substr(start, at_ - start);
    if (name == "x") return push({Op::variable});
    if (name == "pi") return push({Op::number, std::numbers::pi});
    const auto* const found = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                           [name](const Word& w) { return w.name == name; });
    if (found == std::end(kFunctions)) {
      at_ = start;
      return fail(std::string("{} is not known; ") + kKnown, name);
    }
    if (peek() != '(') return fail("a ( should follow {}", name);
    const std::size_t argument = formula_.program.size();
    bracket();
    if (error_.empty()) unary(found->op, argument);
  }

  using Rule = void (Parser::*)();
  /// The operand on the left has been written from `left` on; the one on the right follows.
  void binary(Op op, std::size_t left, Rule right_rule) {
    const std::size_t right = formula_.program.size();
    (this->*right_rule)();
    if (!error_.empty()) return;
    auto& program = formula_.program;
    const bool left_is_number = right == left + 1 && program[left].op == Op::number;
    const bool right_is_number = program.size() == right + 1 && program[right].op == Op::number;
    const double number = right_is_number ? program[right].number : program[left].number;
    const auto instruction = left_is_number || right_is_number
                                 ? with_number(op, number, !right_is_number)
                                 : std::nullopt;
    if (!instruction) return pop_two(op);
    program.erase(program.begin() + static_cast<std::ptrdiff_t>(right_is_number ? right : left));
    --depth_;
    program.push_back(*instruction);
    if (left_is_number && right_is_number) fold(left);
  }

  void unary(Op op, std::size_t operand) {
    formula_.program.push_back({op, 0});
    if (formula_.program.size() == operand + 2 && formula_.program[operand].op == Op::number)
      fold(operand);
  }

  /// What has been written from `start` on is a constant.
  void fold(std::size_t start) {
    const Formula constant{
        {formula_.program.begin() + static_cast<std::ptrdiff_t>(start), formula_.program.end()}};
    const double x = 0;
    double value = 0;
    run_formula(constant, {&x, 1}, {&value, 1}, {});
    if (!std::isfinite(value)) return fail("a constant is not finite before {}", rest());
    formula_.program.resize(start);
    formula_.program.push_back({Op::number, value});
  }

  void push(Formula::Instruction instruction) {
    formula_.program.push_back(instruction);
    if (++depth_ > Formula::kStack) fail("too many values wait for their operator at {}", rest());
  }
  void pop_two(Op op) {
    formula_.program.push_back({op, 0});
    --depth_;
  }

  bool enter() {
    if (++nested_ <= Formula::kDeepest) return true;
    fail("brackets and signs nest too deep at {}", rest());
    return false;
  }

  char peek() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool is_power() {
    const char c = peek();
    return c == '^' || (c == '*' && at_ + 1 < text_.size() && text_[at_ + 1] == '*');
  }
  [[nodiscard]] std::string_view rest() const { return text_.substr(std::min(at_, text_.size())); }

  void fail(std::string_view what, std::string_view where) {
    if (!error_.empty()) return;
    error_ = fmt::format("at character {}: ", std::min(at_, text_.size()) + 1) +
             fmt::format(fmt::runtime(what), where.empty() ? "the end" : quoted(where));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int nested_ = 0;
  std::size_t depth_ = 0;
  Formula formula_;
  std::string error_;
};

}  // namespace

Result<Formula> parse_formula(std::string_view text) { return Parser(text).parse(); }

}  // namespace b2m::sim
