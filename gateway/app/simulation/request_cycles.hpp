// SPDX-License-Identifier: MIT
// The drive cycles that a request names, as points.
#pragma once

#include <string>

#include "gateway/app/simulation/request_fields.hpp"

namespace b2m::app {

/// Each is read once, and all together are bounded before nodes are made of them: those have thirty
/// times the size of the text. All arguments outlive it; what is wrong goes into the refusal.
class RequestCycles {
 public:
  RequestCycles(const RequestSources& sources, const RequestLimits& limits, Refusal& refusal);

  /// The request's own `cycle` becomes its points. A step keeps the name of its cycle, whose points
  /// take_named() has.
  bool put_into(config::Node& request);
  bool read_original(config::Node& cycle);
  /// A table by name.
  config::Node take_named();

 private:
  bool put_into_steps(config::Node& node, const std::string& field);
  bool put_into_step(config::Node& cycle, const std::string& field);
  bool read(const std::string& text, const std::string& field, config::Node& cycle);
  bool count(const sim::DriveCycle& cycle, const std::string& field);

  const RequestSources& sources_;
  const RequestLimits& limits_;
  Refusal& refusal_;
  config::Node named_{config::Node::Kind::table};
  std::size_t bytes_ = 0;
};

}  // namespace b2m::app
