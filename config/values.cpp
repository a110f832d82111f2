// SPDX-License-Identifier: MIT
#include "config/values.hpp"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include <fmt/core.h>
#include <sys/stat.h>

#include "config/source.hpp"
#include "config/suggest.hpp"

namespace b2m::config {

namespace {

using Kind = Node::Kind;

bool wrong_type(const Node& n, const std::string& key, std::string_view wanted,
                std::string_view example, Problem& problem) {
  problem.what = fmt::format("{} must be {}, this is {}", key, wanted, describe(n.kind));
  problem.hint = fmt::format("for example {} = {}", key, example);
  return false;
}

/// A number that the rule allows, to show how one is written.
std::string example_number(const Rule& rule) {
  if (rule.low && rule.hex) return fmt::format("0x{:X}", static_cast<std::uint64_t>(*rule.low));
  const double shown = rule.low.value_or(rule.high.value_or(1));
  return fmt::format("{}", shown);
}

bool out_of_range(const std::string& key, const std::string& value, const Rule& rule,
                  Problem& problem) {
  problem.what = fmt::format("{} = {} is out of range", key, value);
  problem.hint = "allowed: " + describe(rule, unit_of(key));
  return false;
}

/// Whole numbers: the rule's range, else the type's.
bool read_integer(const Node& n, const std::string& key, Rule rule, std::int64_t low,
                  std::int64_t high, Problem& problem) {
  if (!n.is(Kind::integer))
    return wrong_type(n, key, "a whole number", example_number(rule), problem);
  if (!rule.low) rule.low = static_cast<double>(low);
  if (!rule.high) rule.high = static_cast<double>(high);
  if (n.integer >= low && n.integer <= high && allows(rule, static_cast<double>(n.integer)))
    return true;
  const std::string shown =
      rule.hex && n.integer >= 0 ? fmt::format("0x{:X}", n.integer) : fmt::format("{}", n.integer);
  return out_of_range(key, shown, rule, problem);
}

template <class T>
bool read_list(const Node& n, const std::string& key, const Rule& rule, std::vector<T>& out,
               Problem& problem) {
  std::vector<T> values;
  const auto read_item = [&](const Node& item) {
    T value{};
    if (!read_value(item, key, rule, value, problem)) {
      problem.place = item.place;
      return false;
    }
    values.push_back(std::move(value));
    return true;
  };
  if (n.is(Kind::list)) {
    for (const Node& item : n.items) {
      if (!read_item(item)) return false;
    }
  } else if (!read_item(n)) {
    return false;
  }
  out = std::move(values);
  return true;
}

std::string without_newline(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

bool is_world_readable(const std::string& file) {
  struct stat status {};
  return stat(file.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

/// Paths count from the configuration's folder.
std::string beside(const Place& place, const std::string& file) {
  return (std::filesystem::path(place.file).parent_path() / file).string();
}

bool secret_from_file(const Node& name, const std::string& key, Secret& out, Problem& problem) {
  const std::string file = beside(name.place, name.text);
  std::string why_not;
  std::optional<std::string> text = read_small_file(file, why_not);
  if (!text) {
    const std::size_t end = why_not.find('\n');
    problem.what =
        fmt::format("the file of {} cannot be read: {}: {}", key, file, why_not.substr(0, end));
    problem.hint = "put the secret there, readable for the user that runs battery2mqtt";
    return false;
  }
  out = Secret(without_newline(std::move(*text)));
  if (out.empty()) {
    problem.what = fmt::format("the file of {} is empty: {}", key, file);
    problem.hint = "write the secret into its first line";
    return false;
  }
  if (!is_world_readable(file)) return true;
  problem.level = Level::warning;
  problem.what = fmt::format("everybody on this machine can read the file of {}: {}", key, file);
  problem.hint = "chmod o= " + file;
  return true;
}

bool secret_from_environment(const Node& name, const std::string& key, Secret& out,
                             Problem& problem) {
  const char* text = std::getenv(name.text.c_str());  // NOLINT(concurrency-mt-unsafe)
  if (text && *text) {
    out = Secret(text);
    return true;
  }
  problem.what = fmt::format("the environment variable {} of {} is not set", name.text, key);
  problem.hint = "set it where battery2mqtt is started, or use { file = \"...\" }";
  return false;
}

}  // namespace

Mistake mistake(const Problem& problem, const Node& value, bool secret) {
  Mistake made;
  made.place = problem.place.line > 0 ? problem.place : value.place;
  made.what = problem.what;
  made.hint = problem.hint;
  made.level = problem.level;
  made.hides_line = secret;
  return made;
}

bool read_value(const Node& n, const std::string& key, const Rule&, bool& out, Problem& problem) {
  if (!n.is(Kind::boolean)) return wrong_type(n, key, "true or false", "true", problem);
  out = n.boolean;
  return true;
}

bool read_value(const Node& n, const std::string& key, const Rule& rule, int& out,
                Problem& problem) {
  using Limits = std::numeric_limits<int>;
  if (!read_integer(n, key, rule, Limits::min(), Limits::max(), problem)) return false;
  out = static_cast<int>(n.integer);
  return true;
}

bool read_value(const Node& n, const std::string& key, const Rule& rule, std::uint32_t& out,
                Problem& problem) {
  if (!read_integer(n, key, rule, 0, std::numeric_limits<std::uint32_t>::max(), problem))
    return false;
  out = static_cast<std::uint32_t>(n.integer);
  return true;
}

bool read_value(const Node& n, const std::string& key, const Rule& rule, double& out,
                Problem& problem) {
  if (!n.is(Kind::integer) && !n.is(Kind::number))
    return wrong_type(n, key, "a number", example_number(rule), problem);
  const double value = n.is(Kind::integer) ? static_cast<double>(n.integer) : n.number;
  if (!std::isfinite(value)) {
    problem.what = key + " must be a number, neither infinite nor nan";
    problem.hint = fmt::format("for example {} = {}", key, example_number(rule));
    return false;
  }
  if (!allows(rule, value)) return out_of_range(key, fmt::format("{}", value), rule, problem);
  out = value;
  return true;
}

bool read_value(const Node& n, const std::string& key, const Rule& rule, std::string& out,
                Problem& problem) {
  const std::string example = rule.choices.empty() ? "text" : rule.choices.front();
  if (!n.is(Kind::text)) return wrong_type(n, key, "text", "\"" + example + "\"", problem);
  if (n.text.find('\0') != std::string::npos) {
    problem.what = key + " holds a zero character";
    problem.hint = "remove the \\u0000";
    return false;
  }
  if (allows(rule, n.text)) {
    out = n.text;
    return true;
  }
  if (rule.choices.empty()) {
    problem.what = fmt::format("{} = \"{}\" is not allowed", key, n.text);
    problem.hint = "it must be " + rule.shape;
    return false;
  }
  const std::string near = nearest(n.text, rule.choices);
  problem.what = fmt::format("{} = \"{}\" is none of the choices", key, n.text);
  problem.hint =
      (near.empty() ? "" : "did you mean \"" + near + "\"? ") + "allowed: " + join(rule.choices);
  return false;
}

bool read_value(const Node& n, const std::string& key, const Rule&, Secret& out, Problem& problem) {
  constexpr std::string_view kForms = "{ file = \"...\" }, { env = \"NAME\" } or text in quotes";
  if (n.is(Kind::text)) {
    out = Secret(n.text);
    return true;
  }
  const Node* file = n.find("file");
  const Node* env = n.find("env");
  const Node* source = file ? file : env;
  if (n.is(Kind::table) && n.items.size() == 1 && source && source->is(Kind::text)) {
    problem.place = source->place;
    return file ? secret_from_file(*file, key, out, problem)
                : secret_from_environment(*env, key, out, problem);
  }
  problem.what = fmt::format("{} cannot be read as a secret", key);
  problem.hint = fmt::format("write {}", kForms);
  return false;
}

bool read_value(const Node& n, const std::string& key, const Rule& rule,
                std::vector<std::string>& out, Problem& problem) {
  return read_list(n, key, rule, out, problem);
}

bool read_value(const Node& n, const std::string& key, const Rule& rule, std::vector<double>& out,
                Problem& problem) {
  return read_list(n, key, rule, out, problem);
}

bool read_value(const Node& n, const std::string& key, const Rule& rule, std::vector<int>& out,
                Problem& problem) {
  return read_list(n, key, rule, out, problem);
}

Node show_value(const Secret& v) { return v.empty() ? Node() : node(std::string("(set)")); }

}  // namespace b2m::config
