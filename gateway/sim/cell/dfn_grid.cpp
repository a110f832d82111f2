// SPDX-License-Identifier: MIT
#include "gateway/sim/cell/dfn_grid.hpp"

namespace b2m::sim {

DfnGrid::DfnGrid(const CellSet& set, const Mesh& mesh)
    : negative(static_cast<std::size_t>(mesh.negative)),
      separator(static_cast<std::size_t>(mesh.separator)),
      positive(static_cast<std::size_t>(mesh.positive)),
      width_negative(set.negative.thickness_m / mesh.negative),
      width_separator(set.separator.thickness_m / mesh.separator),
      width_positive(set.positive.thickness_m / mesh.positive) {
  std::vector<double> width;
  const auto add = [&](std::size_t count, double node, double porosity, double part) {
    width.insert(width.end(), count, node);
    storage.insert(storage.end(), count, porosity * node);
    efficiency.insert(efficiency.end(), count, part);
  };
  add(negative, width_negative, set.negative.porosity, set.negative.transport_efficiency);
  add(separator, width_separator, set.separator.porosity, set.separator.transport_efficiency);
  add(positive, width_positive, set.positive.porosity, set.positive.transport_efficiency);
  distance.assign(nodes() + 1, 0);
  left_part.assign(nodes() + 1, 0);
  for (std::size_t f = 1; f < nodes(); ++f) {
    distance[f] = (width[f - 1] + width[f]) / 2;
    left_part[f] = width[f - 1] / (width[f - 1] + width[f]);
  }
  row_of_face.assign(nodes() + 1, 0);
  std::size_t row = 0;
  for (std::size_t k = 0; k < nodes(); ++k) {
    if (is_inner(k)) row_of_face[k] = row++;
    row_of_node.push_back(row++);
  }
}

}  // namespace b2m::sim
