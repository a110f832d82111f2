// SPDX-License-Identifier: MIT
// What the adapter says of its nodes.
#include <limits>

#include <fmt/format.h>

#include "adapters/spi_nodes/adapter.hpp"
#include "adapters/spi_nodes/estimate.hpp"

namespace b2m::spi_nodes {
namespace {

constexpr RowId kNode = core_row("cell_{}_node");
constexpr RowId kState = core_row("cell_{}_node_state");
constexpr RowId kErrors = core_row("cell_{}_read_errors");
constexpr RowId kVoltageError = core_row("cell_{}_voltage_error");
constexpr RowId kLowestSeen = core_row("cell_{}_voltage_lowest_seen");
constexpr RowId kHighestSeen = core_row("cell_{}_voltage_highest_seen");
constexpr RowId kDuty = core_row("cell_{}_bleed_duty");
constexpr RowId kCalibration = core_row("cell_{}_calibration");
static_assert(kNode != kNoRow && kState != kNoRow && kErrors != kNoRow && kVoltageError != kNoRow);
static_assert(kLowestSeen != kNoRow && kHighestSeen != kNoRow && kDuty != kNoRow);
static_assert(kCalibration != kNoRow);

constexpr double kFullDuty = 255;
constexpr int kTellAfter = 3;  // failed cycles in a row
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

int index_of(const Node& node) { return node.plan().cell - 1; }

}  // namespace

std::string SpiNodesAdapter::key_of(const Cell& cell, std::string_view what) const {
  return fmt::format("cell_{:02}_{}", cell.node->plan().cell, what);
}

std::optional<TapReading> SpiNodesAdapter::reading_of(const Cell& cell) const {
  const Node& node = *cell.node;
  if (!node.measured().is_fresh) return std::nullopt;
  if (!node.calibration.is_empty() && !node.is_owner_clear()) return std::nullopt;
  const Calibration& calibration = node.calibration_in_force();
  const double read_v = node.measured().volts.value;
  const Volts error = resolution(node.protocol() == Protocol::legacy, node.plan().scale) +
                      Volts(calibration.error(read_v, settings_.tolerance_percent / 100));
  return TapReading{Volts(calibration.apply(read_v)), error, node.measured().is_suspect};
}

void SpiNodesAdapter::post_cells() {
  if (!target_) return;
  std::vector<std::optional<TapReading>> readings;
  for (const Cell& cell : cells_) readings.push_back(reading_of(cell));
  const auto estimates = cells_of(readings, settings_.arrangement);
  Report report(*target_);
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const Node& node = *cells_[i].node;
    const int index = index_of(node);
    if (estimates[i].volts) {
      const Quality quality = estimates[i].is_suspect ? Quality::suspect : Quality::good;
      report.add(point::cell_voltage.row, estimates[i].volts->value, index, quality);
      report.add(kVoltageError, estimates[i].error->value, index, quality);
    }
    add_node_values(cells_[i], report);
    add_texts(cells_[i], report);
  }
  if (report.samples.empty() && report.texts.empty()) return;
  inbox_->post(report);
}

void SpiNodesAdapter::add_node_values(const Cell& cell, Report& report) const {
  const Node& node = *cell.node;
  const int index = index_of(node);
  const bool has_sensor = node.can(v2_capability::kTemperature);
  const bool is_offered = !has_only(ProtocolChoice::legacy);
  if (is_offered && node.protocol() != Protocol::unknown && !has_sensor)
    report.add(point::cell_temperature.row, kUnknown, index, Quality::absent);
  if (node.protocol() != Protocol::v2 || !node.measured().is_fresh) return;
  if (has_sensor && node.measured().temperature)
    report.add(point::cell_temperature.row, node.measured().temperature->value, index,
               node.measured().is_suspect ? Quality::suspect : Quality::good);
  else if (has_sensor)
    report.add(point::cell_temperature.row, kUnknown, index, Quality::missing);
  if (may_bleed() && node.can(v2_capability::kBleed) && !node.bleed_until) add_bleed(node, report);
  if (!node.seen()) return;
  report.add(kLowestSeen, node.seen()->lowest.value, index);
  report.add(kHighestSeen, node.seen()->highest.value, index);
}

void SpiNodesAdapter::add_bleed(const Node& node, Report& report) const {
  report.add(point::cell_bleed, node.is_bleeding(), index_of(node));
  report.add(kDuty, node.duty() * 100 / kFullDuty, index_of(node));
}

void SpiNodesAdapter::post_bleed(const Cell& cell) {
  if (!target_ || !may_bleed()) return;
  Report report(*target_);
  add_bleed(*cell.node, report);
  inbox_->post(report);
}

void SpiNodesAdapter::post_missing(const Cell& cell) {
  if (!target_) return;
  Report report(*target_);
  const Node& node = *cell.node;
  std::vector<RowId> rows{point::cell_voltage.row, kVoltageError};
  if (node.can(v2_capability::kTemperature)) rows.push_back(point::cell_temperature.row);
  if (may_bleed() && node.can(v2_capability::kBleed))
    rows.insert(rows.end(), {point::cell_bleed.row, kDuty});
  for (const RowId row : rows) report.add(row, kUnknown, index_of(node), Quality::missing);
  inbox_->post(report);
}

void SpiNodesAdapter::add_texts(Cell& cell, Report& report) const {
  const Node& node = *cell.node;
  const auto say = [&](RowId row, std::string& said, std::string now) {
    if (said == now) return;
    said = now;
    report.add_text(row, std::move(now), index_of(node));
  };
  say(kNode, cell.said_text, node.text());
  say(kState, cell.said_state, node.state());
  say(kCalibration, cell.said_calibration, node.calibration_text());
  // The errors of a node that was never found are in the counters: here they would be data of it.
  if (node.protocol() == Protocol::unknown || cell.said_errors == node.errors()) return;
  cell.said_errors = node.errors();
  report.add(kErrors, static_cast<double>(node.errors()), index_of(node));
}

void SpiNodesAdapter::post_note(const Cell& cell, std::string type, Severity severity,
                                std::string message) {
  if (!target_) return;
  Report report(*target_);
  report.notes.push_back(
      {std::move(type), severity, key_of(cell, "node_state"), std::move(message)});
  inbox_->post(report);
}

void SpiNodesAdapter::tell_troubles() {
  for (Cell& cell : cells_) tell_trouble(cell);
}

/// Once when it begins, once when it is over.
void SpiNodesAdapter::tell_trouble(Cell& cell) {
  Node& node = *cell.node;
  const std::string who = fmt::format("the node of cell {}", node.plan().cell);
  const std::string why = node.why_not_calibrated();
  if (!why.empty() && why != cell.said_not_calibrated)
    post_note(cell, "module_warning", Severity::warning, who + " has no calibration; " + why);
  cell.said_not_calibrated = why;
  if (node.take_restart())
    post_note(cell, "module_restarted", Severity::warning,
              who + " has restarted: it was without power for a moment, or its watchdog struck");
  if (node.measured().is_fresh) {
    if (cell.is_lost) post_note(cell, "device_found", Severity::info, who + " answers again");
    cell.is_lost = cell.is_warned = false;
    return;
  }
  if (node.failures() < kTellAfter || cell.is_lost || cell.is_warned) return;
  (is_silence(node.trouble().kind) ? cell.is_lost : cell.is_warned) = true;
  post_note(cell, cell.is_lost ? "device_lost" : "module_warning",
            cell.is_lost ? Severity::error : Severity::warning, who + ": " + node.state());
}

std::vector<Counter> SpiNodesAdapter::counters() const {
  std::vector<Counter> list{{"cycles", cycles_}, {"late_cycles", late_cycles_}};
  std::uint64_t exchanges = 0;
  for (const auto& line : lines_) exchanges += line->exchanges();
  list.push_back({"exchanges", exchanges});
  for (std::size_t kind = 1; kind < kTroubleKinds; ++kind) {
    std::uint64_t count = 0;
    for (const Cell& cell : cells_) count += cell.node->counts()[kind];
    list.push_back({std::string(counter_name(static_cast<TroubleKind>(kind))), count});
  }
  return list;
}

std::vector<Detail> SpiNodesAdapter::details() const {
  std::vector<Detail> list;
  for (const Cell& cell : cells_) {
    const Node& node = *cell.node;
    list.push_back({key_of(cell, "node"),
                    fmt::format("{}: {}; {}", node.line().device(), node.text(), node.state())});
  }
  return list;
}

}  // namespace b2m::spi_nodes
