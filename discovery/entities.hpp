// SPDX-License-Identifier: MIT
// The reference of all entities (discovery/entities.md), written from the point table.
#pragma once

#include <string>

#include "gateway/model/point.hpp"

namespace b2m::discovery {

std::string entities_markdown(const PointTable& points = PointTable());

}  // namespace b2m::discovery
