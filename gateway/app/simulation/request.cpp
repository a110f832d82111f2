// SPDX-License-Identifier: MIT
#include "gateway/app/simulation/request.hpp"

#include <limits>
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

bool read_tree(std::string_view json, std::size_t most_bytes, Node& tree, Refusal& refusal) {
  if (json.size() > most_bytes)
    return refusal.because(
        {}, fmt::format("the request has {} bytes; at most {} are taken", json.size(), most_bytes));
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

/// The request as any machine takes it; nothing is accepted that is refused when it is to run.
bool keep_whole(const Node& tree, const RequestLimits& limits, ParsedRequest& parsed,
                Refusal& refusal) {
  std::string whole = config::to_json(tree);
  if (whole.size() > limits.max_whole_bytes) {
    parsed.request.reset();
    return refusal.because({}, fmt::format("with its parameters and cycles the request has {} "
                                           "bytes; at most {} are taken",
                                           whole.size(), limits.max_whole_bytes));
  }
  parsed.request->self_contained = std::move(whole);
  return true;
}

}  // namespace

ParsedRequest parse_request(std::string_view json, const RequestSources& sources,
                            const RequestLimits& limits) {
  ParsedRequest parsed;
  Refusal refusal;
  Node tree;
  Wish wish;
  if (read_tree(json, limits.max_bytes, tree, refusal)) {
    const bool is_read = read_fields(tree, false, wish, refusal);
    std::erase_if(tree.items, [](const Node& entry) { return entry.key == "transaction"; });
    parsed.id_json = wish.id_json;
    if (is_read && inline_names(tree, sources, limits, parsed.notes, refusal) &&
        build(tree, limits, true, parsed, refusal))
      keep_whole(tree, limits, parsed, refusal);
  }
  parsed.error = refusal.error();
  return parsed;
}

ParsedRequest parse_self_contained(std::string_view json, const RequestLimits& limits) {
  ParsedRequest parsed;
  Refusal refusal;
  Node tree;
  RequestLimits whole = limits;
  whole.max_time_limit_s = std::numeric_limits<double>::infinity();
  if (read_tree(json, limits.max_whole_bytes, tree, refusal) &&
      build(tree, whole, false, parsed, refusal)) {
    parsed.request->self_contained = json;
    parsed.id_json = parsed.request->id_json;
  }
  parsed.error = refusal.error();
  return parsed;
}

}  // namespace b2m::app
