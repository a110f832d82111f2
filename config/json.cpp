// SPDX-License-Identifier: MIT
#include <cmath>

#include <nlohmann/json.hpp>

#include "config/node.hpp"

namespace b2m::config {

namespace {

using Json = nlohmann::ordered_json;

// As deep as the schemas, which are written in code.
Json convert(const Node& n) {  // NOLINT(misc-no-recursion)
  switch (n.kind) {
    case Node::Kind::boolean:
      return n.boolean;
    case Node::Kind::integer:
      return n.integer;
    case Node::Kind::number:
      return std::isfinite(n.number) ? Json(n.number) : Json();
    case Node::Kind::text:
      return n.text;
    case Node::Kind::none:
    case Node::Kind::date:
      return {};
    case Node::Kind::list: {
      Json all = Json::array();
      for (const Node& item : n.items) all.push_back(convert(item));
      return all;
    }
    case Node::Kind::table: {
      Json all = Json::object();
      for (const Node& item : n.items) all[item.key] = convert(item);
      return all;
    }
  }
  return {};
}

}  // namespace

std::string to_json(const Node& node) {
  return convert(node).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace b2m::config
