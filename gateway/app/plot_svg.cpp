// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "gateway/app/plot.hpp"
#include "gateway/app/plot_axis.hpp"

namespace b2m::app {
namespace {

constexpr double kWidth = 900, kPanelHeight = 300, kLeft = 80, kRight = 20, kTop = 50, kGap = 24;
constexpr double kLegendLine = 18, kBelow = 56;
constexpr int kColumns = 800;
constexpr double kRoom = 0.02;  // of a panel's height, above and below
// Can be told apart by colour-blind people, too (Okabe and Ito).
constexpr const char* kColours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                    "#e69f00", "#56b4e9", "#000000"};

const char* colour(std::size_t curve) { return kColours[curve % std::size(kColours)]; }

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
  }
  return out;
}

std::string text_at(double x, double y, const std::string& text, const char* rest) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" {}>{}</text>\n", x, y, rest, escaped(text));
}

std::string line(double x1, double y1, double x2, double y2, const char* stroke) {
  return fmt::format(
      "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\"/>\n", x1, y1, x2,
      y2, stroke);
}

/// Where the values of one panel lie on the sheet.
struct Frame {
  double top;
  Axis x, y;
  [[nodiscard]] double across(double value) const {
    return kLeft + x.range.part(value) * (kWidth - kLeft - kRight);
  }
  [[nodiscard]] double down(double value) const {
    return top + (1 - y.range.part(value)) * kPanelHeight;
  }
};

std::string draw_axes(const Frame& frame, const Panel& panel, bool is_last) {
  std::string out;
  const double bottom = frame.top + kPanelHeight;
  for (const double tick : frame.y.ticks) {
    out += line(kLeft, frame.down(tick), kWidth - kRight, frame.down(tick), "#dddddd");
    out += text_at(kLeft - 8, frame.down(tick) + 4, frame.y.text(tick), "text-anchor=\"end\"");
  }
  for (const double tick : frame.x.ticks) {
    out += line(frame.across(tick), frame.top, frame.across(tick), bottom, "#dddddd");
    if (is_last)
      out += text_at(frame.across(tick), bottom + 18, frame.x.text(tick), "text-anchor=\"middle\"");
  }
  out += fmt::format(
      "<rect x=\"{}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#444444\"/>\n",
      kLeft, frame.top, kWidth - kLeft - kRight, kPanelHeight);
  const double middle = frame.top + kPanelHeight / 2;
  const std::string turned =
      fmt::format("text-anchor=\"middle\" transform=\"rotate(-90 20 {:.1f})\"", middle);
  return out + text_at(20, middle, panel.label, turned.c_str());
}

std::string draw_curve(const Frame& frame, const Curve& whole, const char* stroke) {
  const Curve curve = thinned(whole, frame.x.range, kColumns);
  std::string path;
  bool is_drawing = false;
  for (std::size_t i = 0; i < curve.x.size(); ++i) {
    if (!std::isfinite(curve.x[i]) || !std::isfinite(curve.y[i])) {
      is_drawing = false;
      continue;
    }
    path += fmt::format("{}{:.2f} {:.2f}", is_drawing ? "L" : "M", frame.across(curve.x[i]),
                        frame.down(curve.y[i]));
    is_drawing = true;
  }
  return fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.8\"/>\n", path,
                     stroke);
}

std::string draw_legend(const std::vector<Curve>& curves, double top) {
  std::string out;
  for (std::size_t i = 0; i < curves.size(); ++i) {
    const double y = top + static_cast<double>(i) * kLegendLine;
    out += fmt::format(
        "<line x1=\"{0}\" y1=\"{1:.1f}\" x2=\"{2}\" y2=\"{1:.1f}\" stroke=\"{3}\" "
        "stroke-width=\"3\"/>\n",
        kLeft, y - 4, kLeft + 24, colour(i));
    out += text_at(kLeft + 32, y, curves[i].name, "");
  }
  return out;
}

/// No curve lies on the frame.
Range with_room(Range range) {
  const double room = kRoom * (range.high - range.low);
  return {range.low - room, range.high + room};
}

std::string draw_panel(const Panel& panel, const Axis& x, double top, bool is_last) {
  const Axis y = make_axis(with_room(range_of(panel.curves, &Curve::y)), 6, true);
  const Frame frame{top, x, y};
  std::string out = draw_axes(frame, panel, is_last);
  for (std::size_t i = 0; i < panel.curves.size(); ++i)
    out += draw_curve(frame, panel.curves[i], colour(i));
  return out;
}

}  // namespace

std::string to_svg(const Figure& figure) {
  std::vector<Curve> all;
  for (const Panel& panel : figure.panels)
    all.insert(all.end(), panel.curves.begin(), panel.curves.end());
  const Axis x = make_axis(range_of(all, &Curve::x), 9, false);
  std::string body;
  double top = kTop;
  for (const Panel& panel : figure.panels) {
    body += draw_panel(panel, x, top, &panel == &figure.panels.back());
    top += kPanelHeight + kGap;
  }
  const double legend = top - kGap + kBelow;
  std::size_t names = 0;
  if (!figure.panels.empty()) {
    names = figure.panels.front().curves.size();
    body += draw_legend(figure.panels.front().curves, legend + 6);
  }
  body += text_at(kWidth / 2, legend - 18, figure.x_label, "text-anchor=\"middle\"");
  body += text_at(kWidth / 2, 28, figure.title, "text-anchor=\"middle\" font-size=\"17\"");
  const double height = legend + 6 + static_cast<double>(names) * kLegendLine;
  return fmt::format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1:.0f}\" width=\"{0}\" "
             "height=\"{1:.0f}\" font-family=\"sans-serif\" font-size=\"13\" fill=\"#222222\">\n"
             "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
             kWidth, height) +
         body + "</svg>\n";
}

}  // namespace b2m::app
