// SPDX-License-Identifier: MIT
#include "gateway/app/simulation/request_cycles.hpp"

#include <utility>

#include <fmt/format.h>

namespace b2m::app {

using config::Node;

namespace {

bool has_rows(const std::string& text) { return text.find_first_of("\n,;\t") != std::string::npos; }

Node as_node(const std::vector<double>& values) {
  Node list(Node::Kind::list);
  list.items.reserve(values.size());
  for (const double value : values) list.items.push_back(config::node(value));
  return list;
}

std::size_t json_bytes(const std::vector<double>& values) {
  std::size_t bytes = 0;
  for (const double value : values) bytes += fmt::formatted_size("{}", value) + 1;
  return bytes;
}

}  // namespace

RequestCycles::RequestCycles(const RequestSources& sources, const RequestLimits& limits,
                             Refusal& refusal)
    : sources_(sources), limits_(limits), refusal_(refusal) {}

Node RequestCycles::take_named() { return std::move(named_); }

bool RequestCycles::count(const sim::DriveCycle& cycle, const std::string& field) {
  bytes_ += json_bytes(cycle.time_s) + json_bytes(cycle.current_a);
  if (bytes_ <= limits_.max_whole_bytes) return true;
  return refusal_.because(field, fmt::format("the cycles have more than {} bytes together; leave "
                                             "out points that lie on a line",
                                             limits_.max_whole_bytes));
}

/// The name of a cycle, or its rows.
bool RequestCycles::read(const std::string& text, const std::string& field, Node& cycle) {
  Result<std::string> csv = text;
  if (!has_rows(text)) {
    if (!sources_.cycle_csv)
      return refusal_.because(field, "cycles by name are not to be had here; give its rows");
    csv = sources_.cycle_csv(text);
  }
  if (!csv) return refusal_.because(field, csv.error().detail);
  const Result<sim::DriveCycle> rows = sim::parse_cycle(*csv);
  if (!rows) return refusal_.because(field, rows.error().detail);
  if (!count(*rows, field)) return false;
  cycle = Node(Node::Kind::table);
  cycle.add("time_s", as_node(rows->time_s));
  cycle.add("current_a", as_node(rows->current_a));
  return true;
}

bool RequestCycles::read_original(Node& cycle) {
  return read(sources_.drive_cycle, "simulationType", cycle);
}

bool RequestCycles::put_into(Node& request) {
  for (Node& item : request.items) {
    if (item.key == "cycle" && item.is(Node::Kind::text)) {
      Node cycle;
      if (!read(item.text, item.key, cycle)) return false;
      cycle.key = item.key;
      item = std::move(cycle);
    } else if (item.key == "experiment" && !put_into_steps(item, item.key)) {
      return false;
    }
  }
  return true;
}

/// They nest at most as deep as JSON may.
bool RequestCycles::put_into_steps(Node& node, const std::string& field) {
  for (Node& item : node.items) {
    if (item.key == "cycle" && item.is(Node::Kind::text)) {
      if (!put_into_step(item, field)) return false;
    } else if (item.key != "cycle" && !put_into_steps(item, field)) {
      return false;
    }
  }
  return true;
}

bool RequestCycles::put_into_step(Node& cycle, const std::string& field) {
  if (named_.find(cycle.text)) return true;
  Node read_now;
  if (!read(cycle.text, field, read_now)) return false;
  if (!has_rows(cycle.text)) {
    named_.add(cycle.text, std::move(read_now));
    return true;
  }
  read_now.key = cycle.key;
  cycle = std::move(read_now);
  return true;
}

}  // namespace b2m::app
