// SPDX-License-Identifier: MIT
// Linear equations with two diagonals on either side of the main one, solved for two right-hand
// sides at once, without pivoting.
#pragma once

#include <cstddef>
#include <span>

namespace b2m::sim {

struct BandRow {
  double left2 = 0, left1 = 0, middle = 0, right1 = 0, right2 = 0;
  double first = 0, second = 0;  // right-hand sides; afterwards the solutions
};

/// Destroys the matrix. Solutions that are not finite say that it was singular.
inline void solve_band(std::span<BandRow> rows) {
  BandRow zero;
  BandRow* before2 = &zero;
  BandRow* before1 = &zero;
  for (BandRow& row : rows) {  // `middle` becomes its inverse, what is right of it is scaled
    const double left1 = row.left1 - row.left2 * before2->right1;
    const double middle = row.middle - row.left2 * before2->right2 - left1 * before1->right1;
    row.middle = 1 / middle;
    row.right1 = (row.right1 - left1 * before1->right2) * row.middle;
    row.right2 *= row.middle;
    row.first = (row.first - row.left2 * before2->first - left1 * before1->first) * row.middle;
    row.second = (row.second - row.left2 * before2->second - left1 * before1->second) * row.middle;
    before2 = before1;
    before1 = &row;
  }
  double first1 = 0, first2 = 0, second1 = 0, second2 = 0;
  for (std::size_t i = rows.size(); i-- > 0;) {
    BandRow& row = rows[i];
    row.first -= row.right1 * first1 + row.right2 * first2;
    row.second -= row.right1 * second1 + row.right2 * second2;
    first2 = first1;
    first1 = row.first;
    second2 = second1;
    second1 = row.second;
  }
}

}  // namespace b2m::sim
