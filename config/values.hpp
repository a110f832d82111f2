// SPDX-License-Identifier: MIT
// Between nodes and the types that settings are made of.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
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

/// The words of an enum in a file, in order of its values: `static constexpr` kWords, a list of
/// string views. Specialised where the enum becomes part of the configuration.
template <class Enum>
struct WordsOf;

template <class Enum>
Rule words_of() {
  return one_of(
      std::vector<std::string>(std::begin(WordsOf<Enum>::kWords), std::end(WordsOf<Enum>::kWords)));
}

template <class Enum>
requires std::is_enum_v<Enum>
bool read_value(const Node& n, const std::string& key, const Rule& rule, Enum& out,
                Problem& problem) {
  std::string word;
  if (!read_value(n, key, rule, word, problem)) return false;
  const auto at = std::ranges::find(WordsOf<Enum>::kWords, word);
  if (at == std::end(WordsOf<Enum>::kWords)) {  // the key's rule, words_of(), says it better
    problem.what = key + " has a word that is not known";
    return false;
  }
  out = static_cast<Enum>(at - std::begin(WordsOf<Enum>::kWords));
  return true;
}

inline Node show_value(bool v) { return node(v); }
inline Node show_value(int v) { return node(static_cast<std::int64_t>(v)); }
inline Node show_value(std::uint32_t v) { return node(static_cast<std::int64_t>(v)); }
inline Node show_value(double v) { return node(v); }
inline Node show_value(const std::string& v) { return node(v); }
Node show_value(const Secret& v);  // "set" or none
template <class Enum>
requires std::is_enum_v<Enum> Node show_value(Enum v) {
  return node(std::string(WordsOf<Enum>::kWords[static_cast<std::size_t>(v)]));
}
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
template <class Enum>
requires std::is_enum_v<Enum> std::string_view type_name(Enum) { return "text"; }
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
