// SPDX-License-Identifier: MIT
// Orders: queued for the conversation, carried out between two exchanges.
#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "adapters/spi_nodes/job.hpp"

namespace b2m::spi_nodes {
namespace {

constexpr RowId kCalibrate = core_row("cell_{}_calibrate");
constexpr RowId kCalibrationReset = core_row("cell_{}_calibration_reset");
constexpr RowId kLocate = core_row("cell_{}_locate");
constexpr std::uint8_t kLocateS = 5;
constexpr double kBigStep_v = 0.1 + 1e-9;
constexpr SteadyDuration kConfirm = std::chrono::seconds(60);
constexpr SteadyDuration kNoRepetition = std::chrono::seconds(1);  // a message delivered twice
constexpr SteadyDuration kRescan = std::chrono::seconds(30);

Error not_talking(const std::string& id) {
  return {Errc::disconnected, fmt::format("the nodes of {} are not being talked to", id)};
}

}  // namespace

Awaitable<Result<>> SpiNodesAdapter::execute(Order order) {
  struct Waiting {  // also when we are cancelled
    std::shared_ptr<Job> job;
    ~Waiting() { job->is_abandoned = true; }
  };
  if (!is_running_) co_return not_talking(settings_.id);
  const SteadyTime deadline = order.deadline;
  const int index = order.index;
  const Waiting waiting{
      std::make_shared<Job>(executor_, [this, order, arrived = clock_.now()]() mutable {
        order.guard_s -= to_seconds(clock_.now() - arrived);  // it counts from the order on
        return carry_out(order);
      })};
  enqueue(order, waiting.job);
  while (!waiting.job->result) {
    const auto rung = co_await waiting.job->done.wait(clock_, deadline);
    if (!rung && rung.error().code == Errc::timeout)
      co_return Error(Errc::timeout,
                      fmt::format("the node of cell {} did not answer in time", index + 1));
    if (!rung) co_return rung;
  }
  co_return *waiting.job->result;
}

/// An off takes the wish back at once, so that nothing renews the bleed until its turn has come.
void SpiNodesAdapter::enqueue(const Order& order, const std::shared_ptr<Job>& job) {
  const bool is_known = order.index >= 0 && static_cast<std::size_t>(order.index) < cells_.size();
  if (is_known && order.row == point::cell_bleed.row && order.value == 0) {
    cells_[static_cast<std::size_t>(order.index)].node->end_bleed();
    job->off_cell = order.index;
    std::erase_if(jobs_,
                  [&](const auto& j) { return j->is_abandoned && j->off_cell == order.index; });
  }
  jobs_.push_back(job);
  work_.ring();
}

Awaitable<Result<>> SpiNodesAdapter::carry_out(Order order) {
  if (order.index < 0 || static_cast<std::size_t>(order.index) >= cells_.size())
    co_return Errc::unknown_device;
  Cell& cell = cells_[static_cast<std::size_t>(order.index)];
  const bool is_bleed = order.row == point::cell_bleed.row;
  if (is_bleed && order.value == 0) co_return co_await end_bleed(cell);
  if (is_bleed) co_return co_await bleed(cell, order.guard_s);
  if (order.row == kLocate) co_return co_await locate(cell);
  if (order.row == kCalibrate) co_return calibrate(cell, order.value);
  if (order.row == kCalibrationReset) co_return change_calibration(cell, Calibration());
  co_return Errc::not_supported;
}

Awaitable<Result<>> SpiNodesAdapter::locate(Cell& cell) {
  Node& node = *cell.node;
  if (node.protocol() != Protocol::v2)
    co_return Error(Errc::not_supported, fmt::format("the node of cell {} cannot blink ({})",
                                                     node.plan().cell, node.text()));
  const auto told = co_await node.ask(locate_request(kLocateS));
  if (!told) co_return told.error();
  if (told->trouble) co_return Error(Errc::timeout, told->trouble.text);
  if (told->reply.status != V2Status::ok)
    co_return Error(Errc::refused, to_string(told->reply.status));
  co_return Result<>();
}

Result<> SpiNodesAdapter::calibrate(Cell& cell, double true_v) {
  Node& node = *cell.node;
  const std::string who = fmt::format("cell {}", node.plan().cell);
  if (node.failures() > 0 || node.measured().volts.value <= 0)
    return Error(Errc::refused,
                 fmt::format("{} has no reading to compare with: {}", who, node.state()));
  if (node.measured().is_suspect)
    return Error(Errc::refused, who + ": the node says that its reference is suspect");
  if (node.bleed_until)
    return Error(Errc::refused, fmt::format("{} is being bled: end that first", who));
  if (!node.is_owner_clear())
    return Error(Errc::refused, who + ": its serial number is not known yet; try again");
  const double read_v = node.measured().volts.value;
  const Calibration& now = node.calibration_in_force();
  auto next = now.with({read_v, true_v}, settings_.tolerance_percent / 100);
  if (!next) {
    const bool is_tap = settings_.arrangement == Arrangement::taps && node.plan().cell > 1;
    return Error(Errc::refused, fmt::format("{}: {}{}", who, next.error().detail,
                                            is_tap ? "; a tap is measured from pack minus" : ""));
  }
  if (const auto sure = doubt(cell, true_v, now.apply(read_v), next->apply(read_v)); !sure)
    return sure;
  next->belong_to(node.owner());
  return change_calibration(cell, std::move(*next));
}

/// A slip of the pen would hide an overcharged cell: a big step must be asked for twice.
Result<> SpiNodesAdapter::doubt(Cell& cell, double true_v, double now_v, double then_v) {
  if (std::abs(then_v - now_v) <= kBigStep_v) return {};
  const SteadyDuration age = clock_.now() - cell.doubted_at;
  const bool is_same = cell.doubted_v == true_v && age <= kConfirm;
  if (is_same && age >= kNoRepetition) {
    cell.doubted_v.reset();
    return {};
  }
  if (!is_same) cell.doubted_at = clock_.now();
  cell.doubted_v = true_v;
  return Error(Errc::refused,
               fmt::format("cell {} is shown as {:.3f} V, and {:.3f} V would change that by "
                           "{:+.3f} V: check the meter; if it is right, send the same value once "
                           "more within a minute",
                           cell.node->plan().cell, now_v, true_v, then_v - now_v));
}

Result<> SpiNodesAdapter::change_calibration(Cell& cell, Calibration next) {
  Node& node = *cell.node;
  const std::string before = node.calibration_text();
  const double read_v = node.measured().volts.value;
  const double shown_v = node.calibration_in_force().apply(read_v);
  node.calibration = std::move(next);
  node.calibration_refused.clear();
  if (memory_)
    memory_->keep(settings_.id + "/" + key_of(cell, "calibration"), node.calibration.kept());
  post_note(cell, "calibrated", Severity::info,
            fmt::format("the node of cell {} reads {:.3f} V: shown as {:.3f} V before ({}), {:.3f} "
                        "V now ({})",
                        node.plan().cell, read_v, shown_v, before, node.calibration.apply(read_v),
                        node.calibration.text()));
  return {};
}

Awaitable<Result<std::string>> SpiNodesAdapter::rescan() {
  if (!is_running_) co_return not_talking(settings_.id);
  const auto job = std::make_shared<Job>(executor_, [this] { return find_all(); });
  jobs_.push_back(job);
  work_.ring();
  while (!job->result) {
    const auto rung = co_await job->done.wait(clock_, clock_.now() + kRescan);
    if (!rung) co_return rung.error();
  }
  if (!*job->result) co_return job->result->error();
  std::string found;
  for (const Cell& cell : cells_)
    found += fmt::format("{}cell {}: {}", found.empty() ? "" : "; ", cell.node->plan().cell,
                         cell.node->text());
  co_return found;
}

Awaitable<Result<>> SpiNodesAdapter::find_all() {
  for (Cell& cell : cells_) {
    cell.node->forget();
    if (const auto probed = co_await probe(cell); !probed) co_return probed;
  }
  co_return Result<>();
}

}  // namespace b2m::spi_nodes
