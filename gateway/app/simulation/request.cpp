// SPDX-License-Identifier: MIT
#include "gateway/app/simulation/request.hpp"

#include <utility>

#include <fmt/core.h>

#include "config/json_reader.hpp"
#include "config/source.hpp"
#include "gateway/app/simulation/request_build.hpp"
#include "gateway/app/simulation/request_fields.hpp"
#include "gateway/app/simulation/request_inline.hpp"

namespace b2m::app {

using config::Node;

namespace {

bool read_tree(std::string_view json, const RequestLimits& limits, Node& tree, Refusal& refusal) {
  if (json.size() > limits.max_bytes)
    return refusal.because({}, fmt::format("the request has {} bytes; at most {} are taken",
                                           json.size(), limits.max_bytes));
  if (config::first_bad_utf8(json) != std::string_view::npos)
    return refusal.because({}, "the request is not UTF-8");
  config::Mistakes mistakes;
  auto read = config::read_json(json, "request", mistakes);
  if (!read) return refusal.because({}, first_of(mistakes));
  if (!read->is(Node::Kind::table))
    return refusal.because({}, "the request must be a JSON object, {\"current_a\": 5}");
  tree = std::move(*read);
  return true;
}

/// `is_new`: nobody has looked yet whether the cell can do it.
bool build(const Node& tree, const RequestLimits& limits, bool is_new, ParsedRequest& parsed,
           Refusal& refusal) {
  Wish wish;
  SimulationRequest request;
  if (!read_fields(tree, true, wish, refusal)) return false;
  if (!build_request(wish, limits, request, refusal)) return false;
  if (is_new && !check_physics(wish, request.input, refusal)) return false;
  parsed.request = std::move(request);
  return true;
}

}  // namespace

ParsedRequest parse_request(std::string_view json, const RequestSources& sources,
                            const RequestLimits& limits) {
  ParsedRequest parsed;
  Refusal refusal;
  Node tree;
  Wish wish;
  if (read_tree(json, limits, tree, refusal)) {
    const bool is_read = read_fields(tree, false, wish, refusal);
    std::erase_if(tree.items, [](const Node& entry) { return entry.key == "transaction"; });
    parsed.id_json = wish.id_json;
    if (is_read && inline_names(tree, sources, parsed.notes, refusal) &&
        build(tree, limits, true, parsed, refusal))
      parsed.request->self_contained = config::to_json(tree);
  }
  parsed.error = refusal.error();
  return parsed;
}

ParsedRequest parse_self_contained(std::string_view json, const RequestLimits& limits) {
  ParsedRequest parsed;
  Refusal refusal;
  Node tree;
  RequestLimits whole = limits;
  whole.max_bytes += 1'000'000;  // the sets and cycles that were put in
  if (read_tree(json, whole, tree, refusal) && build(tree, whole, false, parsed, refusal)) {
    parsed.request->self_contained = json;
    parsed.id_json = parsed.request->id_json;
  }
  parsed.error = refusal.error();
  return parsed;
}

}  // namespace b2m::app
