// SPDX-License-Identifier: MIT
// Between nodes and the types that settings are made of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/node.hpp"
#include "config/rules.hpp"

namespace b2m::config {

struct Problem {
  std::string what, hint;
  Place place;  // line 0: the value's own
  Level level = Level::error;
};
Mistake mistake(const Problem& problem, const Node& value, bool secret);

// Each sets `out` and returns true, or says in `problem` what is wrong; a warning may come with a
// value.
bool read_value(const Node& n, const std::string& key, const Rule& rule, bool& out,
                Problem& problem);
bool read_value(const Node& n, const std::string& key, const Rule& rule, int& out,
                Problem& problem);
bool read_value(const Node& n, const std::string& key, const Rule& rule, std::uint32_t& out,
                Problem& problem);
bool read_value(const Node& n, const std::string& key, const Rule& rule, double& out,
                Problem& problem);
bool read_value(const Node& n, const std::string& key, const Rule& rule, std::string& out,
                Problem& problem);
bool read_value(const Node& n, const std::string& key, const Rule& rule, Secret& out,
                Problem& problem);
/// A list; a single value counts as a list of one.
bool read_value(const Node& n, const std::string& key, const Rule& rule,
                std::vector<std::string>& out, Problem& problem);
bool read_value(const Node& n, const std::string& key, const Rule& rule, std::vector<double>& out,
                Problem& problem);
bool read_value(const Node& n, const std::string& key, const Rule& rule, std::vector<int>& out,
                Problem& problem);
template <class T>
bool read_value(const Node& n, const std::string& key, const Rule& rule, std::optional<T>& out,
                Problem& problem) {
  T value{};
  const bool good = read_value(n, key, rule, value, problem);
  if (good) out = std::move(value);
  return good;
}

inline Node show_value(bool v) { return node(v); }
inline Node show_value(int v) { return node(static_cast<std::int64_t>(v)); }
inline Node show_value(std::uint32_t v) { return node(static_cast<std::int64_t>(v)); }
inline Node show_value(double v) { return node(v); }
inline Node show_value(const std::string& v) { return node(v); }
Node show_value(const Secret& v);  // "set" or none
template <class T>
Node show_value(const std::vector<T>& v) {
  Node all(Node::Kind::list);
  for (const T& item : v) all.items.push_back(show_value(item));
  return all;
}
template <class T>
Node show_value(const std::optional<T>& v) {
  return v ? show_value(*v) : Node();
}

inline std::string_view type_name(bool) { return "true or false"; }
inline std::string_view type_name(int) { return "whole number"; }
inline std::string_view type_name(std::uint32_t) { return "whole number"; }
inline std::string_view type_name(double) { return "number"; }
inline std::string_view type_name(const std::string&) { return "text"; }
inline std::string_view type_name(const Secret&) { return "secret"; }
inline std::string_view type_name(const std::vector<std::string>&) { return "list of texts"; }
inline std::string_view type_name(const std::vector<double>&) { return "list of numbers"; }
inline std::string_view type_name(const std::vector<int>&) { return "list of whole numbers"; }
template <class T>
std::string_view type_name(const std::optional<T>&) {
  return type_name(T{});
}

template <class T>
constexpr bool is_secret(const T&) {
  return false;
}
inline bool is_secret(const Secret&) { return true; }
inline bool is_secret(const std::optional<Secret>&) { return true; }

}  // namespace b2m::config
