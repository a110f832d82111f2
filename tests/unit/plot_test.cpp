// SPDX-License-Identifier: MIT
#include "gateway/app/plot.hpp"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "gateway/app/plot_axis.hpp"

namespace b2m::app {
namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

Curve line(std::string name, std::vector<double> y) {
  Curve curve{std::move(name), {}, std::move(y)};
  for (std::size_t i = 0; i < curve.y.size(); ++i) curve.x.push_back(static_cast<double>(i));
  return curve;
}

Figure figure(std::vector<Curve> curves) {
  return {"A cell", "Time (s)", {{"Voltage (V)", std::move(curves)}}};
}

TEST(PlotAxis, TicksAreRoundAndInsideTheRange) {
  const Axis axis = make_axis({2.512, 4.187}, 6, true);
  EXPECT_DOUBLE_EQ(axis.range.low, 2.5);
  EXPECT_DOUBLE_EQ(axis.range.high, 4.5);
  ASSERT_EQ(axis.ticks.size(), 5U);
  EXPECT_EQ(axis.text(axis.ticks[1]), "3.0");
  EXPECT_EQ(make_axis({-1, 1}, 4, true).text(-1e-17), "0.0");  // never -0.0
}

TEST(PlotAxis, AConstantAndNothingHaveARange) {
  const std::vector<Curve> flat{line("a", {3.7, 3.7})};
  const Range range = range_of(flat, &Curve::y);
  EXPECT_LT(range.low, 3.7);
  EXPECT_GT(range.high, 3.7);
  const std::vector<Curve> unknown{line("a", {NAN, INFINITY})};
  EXPECT_LT(range_of(unknown, &Curve::y).low, range_of(unknown, &Curve::y).high);
  EXPECT_LT(range_of({}, &Curve::y).low, range_of({}, &Curve::y).high);
}

TEST(PlotAxis, ThinningKeepsEveryPeak) {
  std::vector<double> y(100'000, 3.7);
  y[41'234] = 4.3;
  y[41'240] = 2.1;
  const Curve whole = line("a", y);
  const Curve thin = thinned(whole, {0, 99'999}, 100);
  EXPECT_LE(thin.x.size(), 400U);
  EXPECT_NE(std::ranges::find(thin.y, 4.3), thin.y.end());
  EXPECT_NE(std::ranges::find(thin.y, 2.1), thin.y.end());
  EXPECT_TRUE(std::ranges::is_sorted(thin.x));
}

TEST(PlotSvg, DrawsEveryCurveWithItsNameInEveryPanel) {
  Figure two = figure({line("dfn <1C> & more", {4, 3}), line("spm", {4, 3.1})});
  two.panels.push_back({"Current (A)", two.panels[0].curves});
  const std::string svg = to_svg(two);
  EXPECT_EQ(count(svg, "<path "), 4U);
  EXPECT_EQ(count(svg, "dfn &lt;1C&gt; &amp; more"), 1U);
  EXPECT_EQ(count(svg, ">spm<"), 1U);
  EXPECT_TRUE(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
}

TEST(PlotSvg, AGapIsNoLineAndNoNanIsWritten) {
  const std::string svg = to_svg(figure({line("a", {4, 3.9, NAN, 3.7, 3.6})}));
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  const auto path = svg.find("<path d=\"");
  EXPECT_EQ(count(svg.substr(path, svg.find("fill", path) - path), "M"), 2U);
}

TEST(PlotTerminal, FillsExactlyItsSpace) {
  const std::string text = to_terminal(figure({line("a", {2, 3, 4})}), {60, 10}, false);
  EXPECT_EQ(count(text, "\n"), 13U);  // label, rows, axis, its labels
  EXPECT_EQ(count(text, "|"), 10U);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    EXPECT_LE(end - at, 60U);
    at = end + 1;
  }
}

TEST(PlotTerminal, ARisingLineGoesFromBottomLeftToTopRight) {
  const std::string text = to_terminal(figure({line("a", {0, 1})}), {40, 5}, false);
  const auto row = [&](int n) {
    std::size_t at = 0;
    for (int i = 0; i < n; ++i) at = text.find('\n', at) + 1;
    const std::string whole = text.substr(at, text.find('\n', at) - at);
    return whole.substr(whole.find('|') + 1);
  };
  EXPECT_EQ(row(1).back(), 'a');
  EXPECT_EQ(row(5).front(), 'a');
  EXPECT_EQ(row(1).front(), ' ');
}

TEST(PlotTerminal, BrailleIsValidUtf8) {
  const std::string text = to_terminal(figure({line("a", {0, 5, 1, 4})}), {40, 5}, true);
  std::size_t braille = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (static_cast<unsigned char>(text[i]) < 0x80) continue;
    ASSERT_LT(i + 2, text.size());
    EXPECT_EQ(static_cast<unsigned char>(text[i]), 0xE2);
    EXPECT_EQ(static_cast<unsigned char>(text[i + 1]) & 0xFC, 0xA0);
    EXPECT_EQ(static_cast<unsigned char>(text[i + 2]) & 0xC0, 0x80);
    i += 2;
    ++braille;
  }
  EXPECT_GT(braille, 20U);
}

}  // namespace
}  // namespace b2m::app
