// SPDX-License-Identifier: MIT
// The nodes through a cell, of equal width in each domain, and the order of the DFN's unknowns.
#pragma once

#include <cstddef>
#include <vector>

#include "gateway/sim/cell/solver.hpp"

namespace b2m::sim {

/// Nodes count from the negative collector. Face f lies left of node f; face 0 and face nodes() are
/// the collectors. Unknowns: the salt of every node, the electrolyte's current through every face
/// that has electrode on both sides. In the order of x no equation reaches further than two.
struct DfnGrid {
  DfnGrid(const CellSet& set, const Mesh& mesh);

  [[nodiscard]] std::size_t nodes() const { return negative + separator + positive; }
  [[nodiscard]] std::size_t first_positive() const { return negative + separator; }
  [[nodiscard]] std::size_t rows() const { return nodes() + negative + positive - 2; }
  /// Has electrode on both sides.
  [[nodiscard]] bool is_inner(std::size_t face) const {
    return face > 0 && face < nodes() && (face < negative || face > first_positive());
  }

  std::size_t negative, separator, positive;
  double width_negative, width_separator, width_positive;  // of a node, m
  std::vector<double> storage;                             // porosity times width, of a node
  std::vector<double> efficiency;                          // of transport in the electrolyte, node
  std::vector<double> distance;                            // between the nodes beside a face, m
  std::vector<std::size_t> row_of_node;
  std::vector<std::size_t> row_of_face;  // of inner ones
  std::vector<double> left_part;         // of that distance, left of the face
};

}  // namespace b2m::sim
