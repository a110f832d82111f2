// SPDX-License-Identifier: MIT
// Values of a request with their types and bounds, and what is said about wrong ones.
#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "config/suggest.hpp"
#include "gateway/app/simulation/request_fields.hpp"

namespace b2m::app {

using config::Node;

namespace {

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

/// What stands there, short enough for a message.
std::string shown(const Node& node) {
  if (node.is(Node::Kind::text)) return "\"" + node.text.substr(0, 40) + "\"";
  if (node.is(Node::Kind::none)) return "null";
  return std::string(config::describe(node.kind));
}

std::string with_unit(double value, std::string_view unit) {
  return unit.empty() ? fmt::format("{:.9g}", value) : fmt::format("{:.9g} {}", value, unit);
}

}  // namespace

bool Refusal::because(std::string field, std::string text) {
  if (!is_set()) error_ = {std::move(field), std::move(text)};
  return false;
}

bool Refusal::number(const Node& node, const std::string& field, double low, double high,
                     std::string_view unit, double& out) {
  if (node.is(Node::Kind::integer))
    out = static_cast<double>(node.integer);
  else if (node.is(Node::Kind::number))
    out = node.number;
  else
    return because(field,
                   fmt::format("must be a number, this is {}{}", shown(node),
                               node.is(Node::Kind::text) ? "; write it without quotes" : ""));
  if (out >= low && out <= high) return true;
  return because(field, fmt::format("{} is not possible; {} to {} is", with_unit(out, unit),
                                    fmt::format("{:.9g}", low), with_unit(high, unit)));
}

bool Refusal::whole(const Node& node, const std::string& field, int low, int high, int& out) {
  double value = 0;
  if (!number(node, field, low, high, "", value)) return false;
  if (value != std::floor(value))
    return because(field, fmt::format("must be a whole number, this is {:.9g}", value));
  out = static_cast<int>(value);
  return true;
}

bool Refusal::flag(const Node& node, const std::string& field, bool& out) {
  if (!node.is(Node::Kind::boolean))
    return because(field, fmt::format("must be true or false, this is {}", shown(node)));
  out = node.boolean;
  return true;
}

bool Refusal::text(const Node& node, const std::string& field, std::string& out) {
  if (!node.is(Node::Kind::text))
    return because(field, fmt::format("must be a text, this is {}", shown(node)));
  out = node.text;
  return true;
}

bool Refusal::word(const Node& node, const std::string& field,
                   const std::vector<std::string>& words, int& out) {
  std::string given;
  if (!text(node, field, given)) return false;
  const auto found = std::find(words.begin(), words.end(), lower(given));
  if (found == words.end()) {
    const std::string near = config::nearest(lower(given), words);
    return because(field, fmt::format("{} is not known; {}", shown(node),
                                      near.empty() ? "there are " + config::join(words, "and")
                                                   : "did you mean \"" + near + "\"?"));
  }
  out = static_cast<int>(found - words.begin());
  return true;
}

bool Refusal::numbers(const Node& node, const std::string& field, std::vector<double>& out) {
  if (!node.is(Node::Kind::list))
    return because(field, fmt::format("must be a list of numbers, this is {}", shown(node)));
  out.reserve(node.items.size());
  for (const Node& item : node.items) {
    if (item.is(Node::Kind::integer))
      out.push_back(static_cast<double>(item.integer));
    else if (item.is(Node::Kind::number) && std::isfinite(item.number))
      out.push_back(item.number);
    else
      return because(fmt::format("{}[{}]", field, out.size()),
                     fmt::format("must be a number, this is {}", shown(item)));
  }
  return true;
}

bool Refusal::texts(const Node& node, const std::string& field, std::vector<std::string>& out) {
  if (!node.is(Node::Kind::list))
    return because(field, fmt::format("must be a list of texts, this is {}", shown(node)));
  for (const Node& item : node.items) {
    std::string one;
    if (!text(item, fmt::format("{}[{}]", field, out.size()), one)) return false;
    out.push_back(std::move(one));
  }
  return true;
}

bool Refusal::keys(const Node& table, const std::string& field,
                   const std::vector<std::string>& known) {
  if (!table.is(Node::Kind::table))
    return because(field, fmt::format("must be an object, this is {}", shown(table)));
  for (const Node& entry : table.items) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    const std::string near = config::nearest(entry.key, known);
    return because(field + "." + entry.key.substr(0, 64),
                   near.empty() ? "is not known; there are " + config::join(known, "and")
                                : "is not known; did you mean " + near + "?");
  }
  return true;
}

}  // namespace b2m::app
