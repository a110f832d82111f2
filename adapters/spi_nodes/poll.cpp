// SPDX-License-Identifier: MIT
// One round through all nodes.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "adapters/spi_nodes/adapter.hpp"

namespace b2m::spi_nodes {
namespace {

constexpr int kLostAfter = 3;        // polls without a reading
constexpr int kForgottenAfter = 10;  // then it is found out anew what stands there
constexpr double kProbePolls = 5;
constexpr double kLongestProbeS = 10;
constexpr double kChoresS = 60;  // every node's turn comes once in so long

bool is_read(const std::optional<Asked>& asked) {
  return asked && asked->request.command == V2Command::read;
}

/// Whom to ask while `owner` answers: the next one that still needs it, in order of the line.
Node* successor(const std::vector<Node*>& line, const std::vector<Node*>& need, const Node* owner) {
  const auto needs = [&](Node* node) { return std::ranges::find(need, node) != need.end(); };
  const auto at = std::ranges::find(line, owner);
  const auto start = at == line.end() ? line.begin() : at + 1;
  for (auto it = start; it != line.end(); ++it)
    if (needs(*it)) return *it;
  for (auto it = line.begin(); it != start; ++it)
    if (*it != owner && needs(*it)) return *it;
  return line.front();  // all are asked: the first of the next round
}

}  // namespace

Awaitable<Result<>> SpiNodesAdapter::cycle() {
  ++cycles_;
  for (Cell& cell : cells_) {
    cell.node->begin_cycle();
    if (cell.node->protocol() != Protocol::unknown || clock_.now() < cell.next_probe) continue;
    if (const auto probed = co_await probe(cell); !probed) co_return probed;
  }
  if (const auto paused = co_await pause_bleeds(); !paused) co_return paused;
  if (const auto read = co_await read_all(); !read) co_return read;
  find_twins();
  if (const auto resumed = co_await resume_bleeds(); !resumed) co_return resumed;
  if (const auto done = co_await chore(); !done) co_return done;
  for (Cell& cell : cells_) cell.node->end_cycle();
  explain_strangers();
  for (Cell& cell : cells_)
    if (const auto lost = co_await lose(cell); !lost) co_return lost;
  post_cells();
  tell_troubles();
  co_return Result<>();
}

/// First those that can be read now, then those that recover from a bleed.
Awaitable<Result<>> SpiNodesAdapter::read_all() {
  SteadyTime settled{};
  for (Cell& cell : cells_) {
    cell.waits = cell.node->settled_at() > clock_.now();
    if (cell.waits) settled = std::max(settled, cell.node->settled_at());
  }
  for (const bool waits : {false, true}) {
    if (std::ranges::none_of(cells_, [&](const Cell& c) { return c.waits == waits; })) continue;
    if (waits)
      if (const auto slept = co_await clock_.sleep_until(settled); !slept) co_return slept;
    for (const auto& line : lines_) {
      if (const auto read = co_await poll_line(*line, waits); !read) co_return read;
      if (const auto done = co_await run_jobs(); !done) co_return done;
    }
  }
  co_return Result<>();
}

Awaitable<Result<>> SpiNodesAdapter::probe(Cell& cell) {
  const double pause_s = std::min(kProbePolls * settings_.poll_interval_s, kLongestProbeS);
  cell.next_probe = clock_.now() + from_seconds(pause_s);
  co_return co_await cell.node->detect();
}

Awaitable<Result<>> SpiNodesAdapter::poll_line(Line& line, bool waits) {
  std::vector<Node*> wanted;
  for (const Cell& cell : cells_) {
    Node& node = *cell.node;
    if (&node.line() != &line || cell.waits != waits) continue;
    if (node.protocol() == Protocol::legacy) {
      if (const auto read = co_await node.read_legacy(); !read) co_return read;
    } else if (node.protocol() == Protocol::v2) {
      wanted.push_back(&node);
    }
  }
  if (wanted.empty()) co_return Result<>();
  co_return co_await read_v2(line, std::move(wanted));
}

/// Every exchange asks one node and brings the answer of the one before, so that a round takes as
/// many exchanges as there are nodes.
Awaitable<Result<>> SpiNodesAdapter::read_v2(Line& line, std::vector<Node*> wanted) {
  std::vector<Node*> need = wanted;
  while (!need.empty()) {
    const Node* owner = is_read(line.pending()) ? line.pending()->node : nullptr;
    Node* const next = successor(wanted, need, owner);
    const auto answer = co_await line.exchange(next->asked(plain_request(V2Command::read)));
    if (!answer) co_return answer.error();
    deliver(*answer);
    if (!is_read(answer->asked)) continue;
    Node* const told = answer->asked->node;
    if (!told->deserves_repeat()) std::erase(need, told);
  }
  co_return Result<>();
}

/// What is not urgent: one node a round, so that the others keep their rhythm.
Awaitable<Result<>> SpiNodesAdapter::chore() {
  for (Cell& cell : cells_) {
    if (!cell.node->needs_set_up() || !cell.node->measured().is_fresh) continue;
    if (const auto set = co_await cell.node->set_up(); !set) co_return set;
  }
  if (clock_.now() < next_chore_at_) co_return Result<>();
  next_chore_at_ = clock_.now() + from_seconds(kChoresS / static_cast<double>(cells_.size()));
  Node& node = *cells_[next_chore_].node;
  next_chore_ = (next_chore_ + 1) % cells_.size();
  if (node.protocol() != Protocol::v2 || !node.measured().is_fresh) co_return Result<>();
  co_return co_await node.read_seen();
}

/// A node that is not heard any more shall not bleed, and its values are not kept.
Awaitable<Result<>> SpiNodesAdapter::lose(Cell& cell) {
  Node& node = *cell.node;
  if (node.failures() == kLostAfter && node.can(v2_capability::kBleed)) {
    node.bleed_until.reset();
    post_missing(cell);
    if (const auto off = co_await node.line().all_off(); !off) co_return off;
  }
  if (node.failures() < kForgottenAfter || node.protocol() == Protocol::unknown)
    co_return Result<>();
  post_missing(cell);
  Trouble why = node.trouble();
  node.forget();
  node.blame(std::move(why));
  cell.next_probe = clock_.now();
  co_return Result<>();
}

void SpiNodesAdapter::explain_strangers() {
  const auto cell_at = [&](int address) -> const Cell* {
    for (const Cell& cell : cells_)
      if (address != 0 && cell.node->plan().address == address) return &cell;
    return nullptr;
  };
  const std::size_t count = cells_.size();
  bool is_reversed = count > 1;
  for (std::size_t i = 0; i < count; ++i) {
    const Cell* stranger = cell_at(cells_[i].node->stranger());
    const bool is_middle = count % 2 == 1 && i == count / 2;
    if (!is_middle && stranger != &cells_[count - 1 - i]) is_reversed = false;
  }
  for (Cell& cell : cells_) {
    const Cell* stranger = cell_at(cell.node->stranger());
    if (!stranger) continue;
    cell.node->blame(
        {TroubleKind::wrong_node,
         fmt::format("the node of cell {} answers here{}", stranger->node->plan().cell,
                     is_reversed ? ": the select lines are wired in reverse order" : "")});
  }
}

/// One node on two select lines is two cells with one voltage: neither is believed.
void SpiNodesAdapter::find_twins() {
  for (const Cell& cell : cells_) {
    Node& node = *cell.node;
    if (node.serial().empty() || node.protocol() != Protocol::v2) continue;
    for (const Cell& other : cells_) {
      if (&other == &cell || other.node->serial() != node.serial()) continue;
      node.disown({TroubleKind::wrong_node,
                   fmt::format("the same node answers for cell {} and cell {} (serial {}): their "
                               "select lines are connected, or it is described twice",
                               node.plan().cell, other.node->plan().cell, node.serial())});
    }
  }
}

}  // namespace b2m::spi_nodes
