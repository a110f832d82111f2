// SPDX-License-Identifier: MIT
#include "adapters/spi_nodes/discover.hpp"

#include <utility>

namespace b2m::spi_nodes {
namespace {

Awaitable<Result<LookedAt>> look_for(Line& line, Node::Plan plan) {
  LookedAt found;
  Node node(plan, line);
  if (const auto detected = co_await node.detect(); !detected) co_return detected.error();
  if (node.protocol() == Protocol::unknown)
    found.trouble = node.state();
  else
    found.nodes.push_back({line.device(), plan.address, node.protocol(), node.text()});
  line.forget();  // the node that was asked is no more
  co_return found;
}

}  // namespace

Awaitable<Result<LookedAt>> look_at(const OpenSpi& open, Clock& clock, SpiOpening how) {
  Line line(open, clock, std::move(how), {});
  // With an address first: several nodes would answer at once to "whoever is selected".
  LookedAt all;
  for (int address = kFirstAddress; address <= kLastAddress; ++address) {
    Node::Plan plan;
    plan.address = address;
    plan.choice = ProtocolChoice::v2;
    plan.is_shared = true;
    auto found = co_await look_for(line, plan);
    if (!found) co_return found.error();
    for (FoundNode& node : found->nodes) all.nodes.push_back(std::move(node));
    if (line.is_broken()) break;
  }
  if (all.nodes.size() == 1) all.nodes.front().address = 0;
  if (!all.nodes.empty()) co_return all;
  co_return co_await look_for(line, Node::Plan());
}

}  // namespace b2m::spi_nodes
