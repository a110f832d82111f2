// SPDX-License-Identifier: MIT
#include "adapters/spi_nodes/adapter.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "adapters/spi_nodes/job.hpp"

namespace b2m::spi_nodes {
namespace {

constexpr double kPollsToMiss = 3;  // older than so many polls is stale
constexpr double kLeastAgeS = 5;
constexpr double kSlowRowsS = 300;  // of what is asked once a minute
constexpr double kClocksPerByte = 9;

double max_age_s(const SpiNodesSettings& s) {
  const double wire_s = static_cast<double>(s.nodes.size() * kV2Bytes) *
                        (kClocksPerByte / s.clock_hz + s.byte_gap_us * 1e-6);
  return std::max(kLeastAgeS, kPollsToMiss * std::max(s.poll_interval_s, wire_s));
}

}  // namespace

SpiNodesAdapter::SpiNodesAdapter(SpiNodesSettings settings, Resources& resources)
    : settings_(std::move(settings)),
      executor_(resources.executor),
      clock_(resources.clock),
      open_spi_(resources.open_spi),
      work_(resources.executor) {
  std::ranges::sort(settings_.nodes, {}, &NodeSettings::cell);
  for (const NodeSettings& node : settings_.nodes) add_node(node);
}

SpiNodesAdapter::~SpiNodesAdapter() = default;

void SpiNodesAdapter::add_node(const NodeSettings& settings) {
  Node::Plan plan;
  plan.cell = settings.cell;
  plan.address = settings.address;
  plan.choice = settings_.protocol_of(settings);
  plan.is_shared = settings_.is_shared(settings_.device_of(settings));
  plan.scale = settings.scale();
  Line& line = line_for(settings_.device_of(settings));
  cells_.emplace_back(std::make_unique<Node>(std::move(plan), line));
}

Line& SpiNodesAdapter::line_for(const std::string& device) {
  const auto known =
      std::ranges::find(lines_, device, [](const auto& line) { return line->device(); });
  if (known != lines_.end()) return **known;
  SpiOpening how;
  how.device = device;
  how.clock_hz = settings_.clock_hz;
  how.byte_gap_us = settings_.byte_gap_us;
  const Line::Polarity polarity{settings_.invert_mosi, settings_.invert_miso};
  return *lines_.emplace_back(std::make_unique<Line>(open_spi_, clock_, std::move(how), polarity));
}

bool SpiNodesAdapter::has_only(ProtocolChoice choice) const {
  return std::ranges::all_of(settings_.nodes, [&](const NodeSettings& node) {
    return settings_.protocol_of(node) == choice;
  });
}

/// A node in front of a chain of dividers has no cell to bleed.
bool SpiNodesAdapter::may_bleed() const {
  return settings_.arrangement == Arrangement::cells && !has_only(ProtocolChoice::legacy);
}

std::vector<Offer> SpiNodesAdapter::offers() const {
  std::vector<Offer> list;
  const auto add = [&](RowId row, double age_s = -1) -> Offer& {
    Offer& offer = list.emplace_back();
    offer.part = kPart;
    offer.row = row;
    offer.count = static_cast<int>(cells_.size());
    offer.max_age_s = age_s;
    return offer;
  };
  const auto add_command = [&](std::string_view key) { add(core_row(key)).commandable = true; };
  const double age_s = max_age_s(settings_);
  add(point::cell_voltage.row, age_s).decimals = has_only(ProtocolChoice::legacy) ? 2 : 3;
  add(core_row("cell_{}_voltage_error"), age_s);
  for (const auto key :
       {"cell_{}_node", "cell_{}_node_state", "cell_{}_read_errors", "cell_{}_calibration"})
    add(core_row(key));
  add_command("cell_{}_calibrate");
  add_command("cell_{}_calibration_reset");
  if (has_only(ProtocolChoice::legacy)) return list;
  add(point::cell_temperature.row, age_s);
  add(core_row("cell_{}_voltage_lowest_seen"), kSlowRowsS);
  add(core_row("cell_{}_voltage_highest_seen"), kSlowRowsS);
  add_command("cell_{}_locate");
  if (!may_bleed()) return list;
  Offer& bleed = add(point::cell_bleed.row, age_s);
  bleed.commandable = true;
  bleed.confirms = true;
  add(core_row("cell_{}_bleed_duty"), age_s);
  return list;
}

void SpiNodesAdapter::bind(const Site& site, AdapterIndex self) {
  target_ = site.target(self, kPart);
  const auto is_allowed = [&](RowId row) {
    const Slot slot = target_ ? site.slot(target_->device, row) : kNoSlot;
    return slot != kNoSlot && site.entity(slot).writable;
  };
  choose_limits(is_allowed(core_row("cell_{}_calibrate")), is_allowed(point::cell_bleed.row));
}

void SpiNodesAdapter::attach(Memory& memory) {
  memory_ = &memory;
  for (Cell& cell : cells_) {
    const auto kept = memory.recall(settings_.id + "/" + key_of(cell, "calibration"));
    if (!kept) continue;
    if (auto known = Calibration::read(*kept, settings_.tolerance_percent / 100))
      cell.node->calibration = std::move(*known);
    else
      cell.node->calibration_refused = "what is kept is refused: " + known.error().detail;
  }
}

Awaitable<Result<>> SpiNodesAdapter::run(Inbox& inbox) {
  struct Running {
    explicit Running(SpiNodesAdapter& a) : adapter(a) { adapter.is_running_ = true; }
    ~Running() {  // also when we are cancelled
      adapter.is_running_ = false;
      for (const auto& line : adapter.lines_) line->close();
      for (const auto& job : std::exchange(adapter.jobs_, {}))
        job->finish(Error(Errc::disconnected, "the nodes are not being talked to"));
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    SpiNodesAdapter& adapter;
  };
  inbox_ = &inbox;
  const Running running(*this);
  if (const auto begun = co_await begin(); !begun) co_return begun;
  co_return co_await serve();
}

/// Nothing that an earlier run has left shall go on.
Awaitable<Result<>> SpiNodesAdapter::begin() {
  for (Cell& cell : cells_) {
    cell.node->forget();
    cell.node->bleed_until.reset();
    cell.next_probe = {};
  }
  for (const auto& line : lines_)
    if (const auto off = co_await line->all_off(); !off) co_return off;
  co_return all_unreachable();
}

/// One device that is missing is that node's trouble; all of them are ours.
Result<> SpiNodesAdapter::all_unreachable() const {
  const bool is_any = std::ranges::any_of(lines_, [](const auto& l) { return !l->is_broken(); });
  if (is_any) return {};
  return lines_.front()->last_error();
}

Awaitable<Result<>> SpiNodesAdapter::serve() {
  const SteadyDuration interval = from_seconds(settings_.poll_interval_s);
  SteadyTime next = clock_.now();
  for (;;) {
    if (const auto polled = co_await cycle(); !polled) co_return polled;
    if (const auto reachable = all_unreachable(); !reachable) co_return reachable;
    next += interval;
    if (clock_.now() > next) {  // no hurry to catch up
      ++late_cycles_;
      next = clock_.now();
    }
    for (;;) {
      if (const auto done = co_await run_jobs(); !done) co_return done;
      if (clock_.now() >= next) break;
      const auto woken = co_await work_.wait(clock_, next);
      if (!woken && woken.error().code != Errc::timeout) co_return woken;
    }
  }
}

Awaitable<Result<>> SpiNodesAdapter::run_jobs() {
  while (!jobs_.empty()) {
    const auto off =
        std::ranges::find_if(jobs_, [](const auto& j) { return j->off_cell.has_value(); });
    const auto first = off == jobs_.end() ? jobs_.begin() : off;
    const std::shared_ptr<Job> job = *first;
    jobs_.erase(first);
    if (!job->is_wanted()) continue;
    Result<> done = co_await job->work();
    const bool is_cancelled = !done && done.error().code == Errc::cancelled;
    job->finish(done);
    if (is_cancelled) co_return done;
  }
  co_return Result<>();
}

}  // namespace b2m::spi_nodes
