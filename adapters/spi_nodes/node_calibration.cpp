// SPDX-License-Identifier: MIT
// Whether a kept calibration is this node's.
#include <fmt/format.h>

#include "adapters/spi_nodes/node.hpp"

namespace b2m::spi_nodes {

/// What stands on a cell is clear once it has said who it is.
bool Node::is_owner_clear() const {
  if (protocol_ == Protocol::unknown) return false;
  return !can(v2_capability::kSerial) || !serial_.empty();
}

std::string Node::why_not_calibrated() const {
  if (!calibration_refused.empty()) return calibration_refused;
  if (calibration.is_empty() || !is_owner_clear()) return "";
  const Calibration::Owner& was = calibration.owner();
  const auto name = [](const std::string& serial) {
    return serial.empty() ? std::string("a node without serial number") : "node " + serial;
  };
  if (was.serial != serial_)
    return fmt::format("the one that is kept was made for {}, and here is {}: calibrate it again",
                       name(was.serial), name(serial_));
  if (was.scale != plan_.scale)
    return fmt::format(
        "the one that is kept was made with another divider (factor {:.4g} instead "
        "of {:.4g}): calibrate it again",
        was.scale, plan_.scale);
  return "";
}

const Calibration& Node::calibration_in_force() const {
  static const Calibration kNone;
  return why_not_calibrated().empty() ? calibration : kNone;
}

std::string Node::calibration_text() const {
  if (const std::string why = why_not_calibrated(); !why.empty()) return "none; " + why;
  const bool is_legacy = protocol_ == Protocol::legacy && !calibration.is_empty();
  return calibration.text() + (is_legacy ? ", of this cell: reset it with another node" : "");
}

}  // namespace b2m::spi_nodes
