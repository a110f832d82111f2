// SPDX-License-Identifier: MIT
// Curves as a drawing (SVG) and as a small one in the terminal.
#pragma once

#include <string>
#include <vector>

namespace b2m::app {

struct Curve {
  std::string name;
  std::vector<double> x, y;  // of one length; what is not finite is a gap
};

struct Panel {
  std::string label;  // of the upright axis, with unit: "Voltage (V)"
  std::vector<Curve> curves;
};

struct Figure {
  std::string title;
  std::string x_label;        // "Time (h)"
  std::vector<Panel> panels;  // one below the other; their curves have the same names and colours
};

/// A whole SVG file. Long curves are thinned to what can be seen; no peak is lost.
std::string to_svg(const Figure& figure);

struct TerminalSize {
  int columns = 80;
  int rows = 16;
};
/// The first panel, in dots of Braille patterns or, where the terminal has none, in letters.
std::string to_terminal(const Figure& figure, TerminalSize size, bool has_unicode);

}  // namespace b2m::app
