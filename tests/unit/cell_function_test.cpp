// SPDX-License-Identifier: MIT
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "gateway/sim/cell/function.hpp"

namespace b2m::sim {
namespace {

double value(std::string_view formula, double x = 0) {
  const auto function = Function::parse(formula);
  EXPECT_TRUE(function) << formula << ": " << (function ? "" : function.error().detail);
  return function ? (*function)(x) : std::nan("");
}

std::string refusal(std::string_view formula) {
  const auto function = Function::parse(formula);
  return function ? "accepted" : function.error().detail;
}

double slope(const Function& function, double x) {
  double y = 0;
  double dy = 0;
  function.evaluate({&x, 1}, {&y, 1}, {&dy, 1});
  return dy;
}

TEST(CellFunction, FollowsThePrecedenceOfPython) {
  EXPECT_DOUBLE_EQ(value("2 + 3 * 4"), 14);
  EXPECT_DOUBLE_EQ(value("2 - 3 - 4"), -5);
  EXPECT_DOUBLE_EQ(value("8 / 4 / 2"), 1);
  EXPECT_DOUBLE_EQ(value("-x**2", 3), -9);
  EXPECT_DOUBLE_EQ(value("2**3**2"), 512);
  EXPECT_DOUBLE_EQ(value("2^-1"), 0.5);
  EXPECT_DOUBLE_EQ(value("--x", 3), 3);
  EXPECT_DOUBLE_EQ(value("x * -2", 3), -6);
}

TEST(CellFunction, ConstantsOnEitherSideOfAnOperatorGiveTheSame) {
  for (const double x : {-1.7, 0.3, 2.5}) {
    EXPECT_DOUBLE_EQ(value("5 - x", x), 5 - x);
    EXPECT_DOUBLE_EQ(value("x - 5", x), x - 5);
    EXPECT_DOUBLE_EQ(value("5 / x", x), 5 / x);
    EXPECT_DOUBLE_EQ(value("x / 5", x), x / 5);
    EXPECT_DOUBLE_EQ(value("2 ** x", x), std::pow(2, x));
    EXPECT_DOUBLE_EQ(value("(x + 1) * (x - 1) / (x + 3)", x), (x + 1) * (x - 1) / (x + 3));
  }
}

TEST(CellFunction, KnowsTheFunctionsOfParameterSets) {
  EXPECT_DOUBLE_EQ(value("tanh(x)", 0.7), std::tanh(0.7));
  EXPECT_DOUBLE_EQ(value("exp(-39.3631*x)", 0.1), std::exp(-39.3631 * 0.1));
  EXPECT_DOUBLE_EQ(value("log10(x) + log(x)", 7), std::log10(7.0) + std::log(7.0));
  EXPECT_DOUBLE_EQ(value("sinh(x) + cosh(x) + asinh(x)", 0.4),
                   std::sinh(0.4) + std::cosh(0.4) + std::asinh(0.4));
  EXPECT_DOUBLE_EQ(value("sin(pi/2) + cos(x) + abs(-x) + sqrt(x)", 4), 1 + std::cos(4.0) + 4 + 2);
  EXPECT_DOUBLE_EQ(value("1.5e-3 + .5"), 0.5015);
}

TEST(CellFunction, CarriesTheDerivativeAlong) {
  const char* const formulas[] = {"x**3 - 2.51*x**1.5 + 3.329*x",
                                  "exp(-2*x)/(1 + x)",
                                  "5 - 3/x",
                                  "tanh(4*(x - 0.3))*x",
                                  "x**x",
                                  "2**x",
                                  "x**-2.5",
                                  "x**0.37",
                                  "log(x)*log10(x)",
                                  "sqrt(x) + asinh(x)",
                                  "sinh(x)/cosh(x)",
                                  "sin(x)*cos(2*x)",
                                  "abs(-x)",
                                  "(x - 1)*(x - 2)"};
  for (const char* formula : formulas) {
    const auto function = Function::parse(formula);
    ASSERT_TRUE(function) << formula;
    constexpr double kStep = 1e-6;
    const double expected = ((*function)(0.8 + kStep) - (*function)(0.8 - kStep)) / (2 * kStep);
    EXPECT_NEAR(slope(*function, 0.8), expected, 1e-8 * (1 + std::abs(expected))) << formula;
  }
}

TEST(CellFunction, GivesManyPointsAsItGivesOne) {
  const auto function = Function::parse("tanh(15*(x - 0.31)) - 0.8*x + exp(-x)");
  ASSERT_TRUE(function);
  std::vector<double> x(147), y(147), dy(147);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i) / 146;

  function->evaluate(x, y, dy);

  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(y[i], (*function)(x[i]));
    EXPECT_EQ(dy[i], slope(*function, x[i]));
  }
}

TEST(CellFunction, NotANumberGoesInAndComesOut) {
  const double nan = std::nan("");
  EXPECT_TRUE(std::isnan(value("x**1.5 + tanh(x)", nan)));
  EXPECT_TRUE(std::isnan((*Function::table({0, 1, 2}, {0, 1, 4}))(nan)));
  EXPECT_TRUE(std::isnan(value("sqrt(x)", -1)));
  EXPECT_DOUBLE_EQ(value("tanh(x)", std::numeric_limits<double>::infinity()), 1);
}

TEST(CellFunction, TableIsLinearAndGoesOnBeyondItsEnds) {
  const auto table = Function::table({0, 1, 3}, {1, 2, 8});
  ASSERT_TRUE(table);
  EXPECT_DOUBLE_EQ((*table)(0.5), 1.5);
  EXPECT_DOUBLE_EQ((*table)(1), 2);
  EXPECT_DOUBLE_EQ((*table)(2), 5);
  EXPECT_DOUBLE_EQ((*table)(-1), 0);
  EXPECT_DOUBLE_EQ((*table)(4), 11);
  EXPECT_DOUBLE_EQ(slope(*table, 2), 3);
  EXPECT_EQ(table->text(), "table of 3 points");
}

TEST(CellFunction, RefusesTablesThatCannotBeRead) {
  EXPECT_FALSE(Function::table({0, 1}, {1}));
  EXPECT_FALSE(Function::table({0}, {1}));
  EXPECT_FALSE(Function::table({0, 0}, {1, 2}));
  EXPECT_FALSE(Function::table({1, 0}, {1, 2}));
  EXPECT_FALSE(Function::table({0, std::nan("")}, {1, 2}));
  EXPECT_FALSE(Function::table({0, 1e-320}, {-1e300, 1e300}));
}

TEST(CellFunction, ConstantIsToldApart) {
  EXPECT_TRUE(Function(3.3e-14).is_constant());
  EXPECT_EQ(Function(3.3e-14).text(), "3.3e-14");
  EXPECT_TRUE(Function::parse("2*3.5")->is_constant());
  EXPECT_FALSE(Function::parse("2*x")->is_constant());
}

TEST(CellFunction, ErrorsNameThePlaceAndTheWords) {
  EXPECT_EQ(refusal("1 + tnah(x)").substr(0, 36), "at character 5: \"tnah\" is not known;");
  EXPECT_EQ(refusal("1 + "), "at character 5: the formula ends where a value should follow");
  EXPECT_EQ(refusal("(1 + x"), "at character 1: the bracket is never closed: \"(1 + x\"");
  EXPECT_EQ(refusal("2 x"), "at character 3: an operator is missing before \"x\"");
  EXPECT_EQ(refusal("1 + * 2"), "at character 5: a value should stand instead of \"* 2\"");
  EXPECT_EQ(refusal("exp 2"), "at character 5: a ( should follow \"exp\"");
  EXPECT_NE(refusal("1e999").find("no number"), std::string::npos);
  EXPECT_NE(refusal("1/0 + x").find("not finite"), std::string::npos);
}

TEST(CellFunction, NestingAndLengthAreBounded) {
  EXPECT_NE(refusal(std::string(5000, '(')).find("nest too deep"), std::string::npos);
  EXPECT_NE(refusal(std::string(5000, '-') + "x").find("nest too deep"), std::string::npos);
  EXPECT_NE(refusal(std::string(20'000, 'x')).find("longer than"), std::string::npos);
  std::string waiting;
  for (int i = 0; i < 40; ++i) waiting += "x+(";
  EXPECT_NE(refusal(waiting).find("wait for their operator"), std::string::npos);
}

}  // namespace
}  // namespace b2m::sim
