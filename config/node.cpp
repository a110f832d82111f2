// SPDX-License-Identifier: MIT
#include "config/node.hpp"

#include <algorithm>
#include <utility>

namespace b2m::config {

const Node* Node::find(std::string_view wanted) const {
  const auto found = std::find_if(items.begin(), items.end(),
                                  [wanted](const Node& item) { return item.key == wanted; });
  return kind == Kind::table && found != items.end() ? &*found : nullptr;
}

Node& Node::add(std::string name, Node value) {
  value.key = std::move(name);
  items.push_back(std::move(value));
  return items.back();
}

Node node(bool value) {
  Node made(Node::Kind::boolean);
  made.boolean = value;
  return made;
}

Node node(std::int64_t value) {
  Node made(Node::Kind::integer);
  made.integer = value;
  return made;
}

Node node(double value) {
  Node made(Node::Kind::number);
  made.number = value;
  return made;
}

Node node(std::string value) {
  Node made(Node::Kind::text);
  made.text = std::move(value);
  return made;
}

std::string_view describe(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::none:
      return "nothing";
    case Node::Kind::boolean:
      return "true or false";
    case Node::Kind::integer:
      return "a whole number";
    case Node::Kind::number:
      return "a number with a point";
    case Node::Kind::text:
      return "text in quotes";
    case Node::Kind::date:
      return "a date or time";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::table:
      return "a table";
  }
  return "something else";
}

}  // namespace b2m::config
