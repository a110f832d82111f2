// SPDX-License-Identifier: MIT
// The models that are known by name (docs/protocols/kasa.md, 5). For settings and lists only: what
// a device can do is what it says itself.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "adapters/kasa/discovery.hpp"

namespace b2m::kasa {

struct Model {
  std::string_view name;      // "KP115"
  std::string_view hardware;  // how its version begins, "2.6"; empty: all that have no row before
  Family family = Family::iot;
  int sockets = 1;
  std::optional<bool> has_meter;
  std::string_view note;  // for the user; may be empty
};

/// Rows of one name stand together, those of one hardware version first.
std::span<const Model> models();
/// By "KP115", "KP115(EU)", "kp115 "; nullptr for a model that is not in the table. Without a
/// hardware version the general row of that name counts unless the rows differ in family: then
/// there is no telling, and it is nullptr too.
const Model* find_model(std::string_view name, std::string_view hardware = {});

}  // namespace b2m::kasa
