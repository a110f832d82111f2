// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "gateway/app/plot.hpp"
#include "gateway/app/plot_axis.hpp"

namespace b2m::app {
namespace {

constexpr int kLabelWidth = 8;  // left of the axis

/// Dots, several to a character.
class Grid {
 public:
  Grid(int columns, int rows, bool has_unicode)
      : columns_(columns), rows_(rows), across_(has_unicode ? 2 : 1), down_(has_unicode ? 4 : 1) {
    marks_.assign(static_cast<std::size_t>(columns * rows), 0);
  }
  [[nodiscard]] int width() const { return columns_ * across_; }
  [[nodiscard]] int height() const { return rows_ * down_; }

  void set(int x, int y, char letter) {
    if (x < 0 || y < 0 || x >= width() || y >= height()) return;
    unsigned char& mark = marks_[static_cast<std::size_t>(y / down_ * columns_ + x / across_)];
    mark = across_ == 1 ? static_cast<unsigned char>(letter)
                        : static_cast<unsigned char>(mark | dot(x % 2, y % 4));
  }

  [[nodiscard]] std::string row(int row) const {
    std::string out;
    for (int column = 0; column < columns_; ++column) {
      const unsigned char mark = marks_[static_cast<std::size_t>(row * columns_ + column)];
      if (mark == 0)
        out += ' ';
      else if (across_ == 1)
        out += static_cast<char>(mark);
      else  // U+2800 and the dots
        out += {'\xE2', static_cast<char>(0xA0 | mark >> 6), static_cast<char>(0x80 | (mark & 63))};
    }
    return out;
  }

 private:
  static int dot(int x, int y) {
    constexpr int kDots[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    return kDots[y][x];
  }
  int columns_, rows_;
  int across_, down_;
  std::vector<unsigned char> marks_;
};

void draw(Grid& grid, const Curve& curve, Range x, Range y, char letter) {
  double last_x = 0;
  double last_y = 0;
  bool is_drawing = false;
  for (std::size_t i = 0; i < curve.x.size(); ++i) {
    if (!std::isfinite(curve.x[i]) || !std::isfinite(curve.y[i])) {
      is_drawing = false;
      continue;
    }
    const double at_x = x.part(curve.x[i]) * (grid.width() - 1);
    const double at_y = (1 - y.part(curve.y[i])) * (grid.height() - 1);
    const double length =
        is_drawing ? std::max(std::abs(at_x - last_x), std::abs(at_y - last_y)) : 0;
    const int steps = std::max(1, static_cast<int>(std::ceil(length)));
    for (int n = is_drawing ? 1 : steps; n <= steps; ++n) {
      const double part = static_cast<double>(n) / steps;
      const double from_x = is_drawing ? last_x : at_x;
      const double from_y = is_drawing ? last_y : at_y;
      grid.set(static_cast<int>(std::lround(from_x + part * (at_x - from_x))),
               static_cast<int>(std::lround(from_y + part * (at_y - from_y))), letter);
    }
    last_x = at_x;
    last_y = at_y;
    is_drawing = true;
  }
}

char letter_of(std::size_t curve) { return static_cast<char>('a' + curve % 26); }

}  // namespace

std::string to_terminal(const Figure& figure, TerminalSize size, bool has_unicode) {
  if (figure.panels.empty()) return {};
  const Panel& panel = figure.panels.front();
  const int columns = std::max(20, size.columns - kLabelWidth - 3);
  Grid grid(columns, std::max(4, size.rows), has_unicode);
  const Range x = range_of(panel.curves, &Curve::x);
  const Axis y = make_axis(range_of(panel.curves, &Curve::y), 5, true);
  for (std::size_t i = 0; i < panel.curves.size(); ++i)
    draw(grid, thinned(panel.curves[i], x, grid.width()), x, y.range, letter_of(i));

  std::string out = fmt::format("{}\n", panel.label);
  const int rows = std::max(4, size.rows);
  for (int row = 0; row < rows; ++row) {
    const std::string label = row == 0          ? y.text(y.range.high)
                              : row == rows - 1 ? y.text(y.range.low)
                                                : std::string();
    out += fmt::format("{:>{}} |{}\n", label, kLabelWidth, grid.row(row));
  }
  const Axis across = make_axis(x, 5, false);
  const std::string low = across.text(x.low);
  const std::string high = fmt::format("{:.4g}", x.high);
  out += fmt::format("{:>{}} +{}\n", "", kLabelWidth,
                     std::string(static_cast<std::size_t>(columns), '-'));
  out += fmt::format("{:>{}}  {}{:>{}}\n", "", kLabelWidth, low, figure.x_label + " " + high,
                     columns - static_cast<int>(low.size()));
  if (!has_unicode && panel.curves.size() > 1)
    for (std::size_t i = 0; i < panel.curves.size(); ++i)
      out += fmt::format("{:>{}}  {}: {}\n", "", kLabelWidth, letter_of(i), panel.curves[i].name);
  return out;
}

}  // namespace b2m::app
