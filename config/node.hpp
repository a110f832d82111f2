// SPDX-License-Identifier: MIT
// A configuration file as a plain tree, so that only toml_reader.cpp knows the TOML library.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/mistake.hpp"

namespace b2m::config {

struct Node {
  enum class Kind { none, boolean, integer, number, text, date, list, table };
  Kind kind = Kind::none;
  bool boolean = false;
  std::int64_t integer = 0;
  double number = 0;
  std::string text;
  std::vector<Node> items;  // of a list, or of a table in order of the file
  std::string key;          // when it stands in a table
  Place key_place;
  Place place;  // of the value

  Node() = default;
  explicit Node(Kind k) : kind(k) {}
  [[nodiscard]] bool is(Kind k) const { return kind == k; }
  /// Null when the table has no such key.
  [[nodiscard]] const Node* find(std::string_view key) const;
  Node& add(std::string key, Node value);  // the added value
};

Node node(bool value);
Node node(std::int64_t value);
Node node(double value);
Node node(std::string value);

/// "text", "a whole number", "a list": for messages.
std::string_view describe(Node::Kind kind);
/// As one line of JSON; `none` becomes null.
std::string to_json(const Node& node);

}  // namespace b2m::config
