// SPDX-License-Identifier: MIT
#include "adapters/tesla_uart/module.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "gateway/log.hpp"

namespace b2m::tesla_uart {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr int kBelieveAfter = 3;
constexpr std::uint8_t kCellBits = 0x3F;
// Settings of the chip are read when it is set up; they hold until they are written.
constexpr double kHoldsUntilWritten = 0;

template <std::size_t N>
std::array<RowId, N> rows_of(const Flag (&flags)[N]) {
  std::array<RowId, N> rows{};
  for (std::size_t i = 0; i < N; ++i) rows[i] = core_row(flags[i].point);
  return rows;
}

std::string cells_of(std::uint8_t bits) {
  std::string text;
  for (int i = 0; i < kCells; ++i)
    if ((bits >> i & 1) != 0) text += fmt::format("{}{}", text.empty() ? "" : ", ", i + 1);
  return text.empty() ? "none" : text;
}

template <std::size_t N>
std::string names_of(const Flag (&flags)[N], std::uint8_t bits) {
  std::string text;
  for (const Flag& flag : flags)
    if ((bits & flag.mask) != 0) text += fmt::format("{}{}", text.empty() ? "" : ", ", flag.name);
  return text;
}

}  // namespace

const ModuleRows& module_rows() {
  static const ModuleRows kRows = [] {
    ModuleRows r{};
    r.address = core_row("module_address");
    r.alert = core_row("chip_alert");
    r.fault = core_row("chip_fault");
    r.cells_high = core_row("chip_cells_high");
    r.cells_low = core_row("chip_cells_low");
    r.clear_faults = core_row("clear_chip_faults");
    r.reads = core_row("module_reads");
    r.read_errors = core_row("module_read_errors");
    r.lowest_seen = core_row("cell_voltage_lowest_seen");
    r.highest_seen = core_row("cell_voltage_highest_seen");
    for (std::size_t i = 0; i < kLimits; ++i) r.limits[i] = core_row(kLimitTable[i].point);
    r.alerts = rows_of(kAlertFlags);
    r.faults = rows_of(kFaultFlags);
    return r;
  }();
  return kRows;
}

Housekeeping::Housekeeping(Bytes b)
    : alerts(b[0]),
      faults(b[1]),
      cells_high(b[2]),
      cells_low(b[3]),
      adc_control(b[reg::kAdcControl - kStart]),
      io_control(b[reg::kIoControl - kStart]),
      bleed_mask(b[reg::kBleedMask - kStart] & kCellBits),
      bleed_time(b[reg::kBleedTime - kStart]) {}

Module::Module(Plan plan) : limit_wishes(plan.limits), plan_(plan) {}

void Module::add_offers(std::vector<Offer>& list, const std::string& part) const {
  const ModuleRows& rows = module_rows();
  const auto add = [&](RowId row, int count = 1) -> Offer& {
    Offer& offer = list.emplace_back();
    offer.part = part;
    offer.module = plan_.number;
    offer.row = row;
    offer.count = count;
    return offer;
  };
  add(point::voltage.row).max_age_s = plan_.max_age_s;
  add(point::cell_voltage.row, kCells).max_age_s = plan_.max_age_s;
  if (const int sensors = plan_.has_sensor[1] ? 2 : plan_.has_sensor[0] ? 1 : 0; sensors > 0)
    add(point::temperature.row, sensors).max_age_s = plan_.max_age_s;
  Offer& bleed = add(point::cell_bleed.row, kCells);
  bleed.max_age_s = plan_.max_age_s;
  bleed.commandable = bleed.confirms = true;
  add(rows.address).max_age_s = plan_.max_age_s;
  for (const RowId row : {rows.alert, rows.fault}) add(row);
  for (const RowId row : rows.alerts) add(row);
  for (const RowId row : rows.faults) add(row);
  for (const RowId row : {rows.cells_high, rows.cells_low, rows.reads, rows.read_errors,
                          rows.lowest_seen, rows.highest_seen})
    add(row);
  for (const RowId row : rows.limits) {
    Offer& limit = add(row);
    limit.max_age_s = kHoldsUntilWritten;
    limit.commandable = limit.confirms = true;
  }
  Offer& clear = add(rows.clear_faults);
  clear.commandable = clear.confirms = true;
}

void Module::bind(const Site& site, std::optional<Target> target) {
  is_used_ = target.has_value();
  report_ = Report(target.value_or(Target{}));
  const auto slot_of = [&](RowId row) { return target ? site.slot(target->device, row) : kNoSlot; };
  const Slot limit = slot_of(module_rows().limits[0]);
  const Slot cell = slot_of(point::cell_voltage.row);
  double highest_v = kHighestCell.value;
  if (cell != kNoSlot) highest_v = std::min(highest_v, site.entity(cell).high);
  const bool may_write = limit != kNoSlot && site.entity(limit).writable;
  const std::string trouble = limit_wishes.bind(may_write, highest_v);
  if (is_used_ && !trouble.empty())
    note("module_warning", Severity::warning, name() + ": " + trouble);
}

std::string Module::name() const { return fmt::format("module {}", plan_.number); }

void Module::note(std::string type, Severity severity, std::string message, std::string key) {
  if (severity != Severity::info) log::warn("tesla_uart", "{}", message);
  report_.notes.push_back({std::move(type), severity, std::move(key), std::move(message)});
}

void Module::warn(const std::string& topic, std::string text) {
  if (warned_.insert(topic).second)
    note("module_warning", Severity::warning, fmt::format("{}: {}", name(), text));
}

void Module::post(Inbox& inbox) {
  const bool is_empty = report_.samples.empty() && report_.texts.empty() && report_.notes.empty();
  if (is_used_ && !is_empty) inbox.post(report_);
  report_.clear();
}

void Module::take(const Measurement& m) {
  ++reads_;
  freshness.take(m.raw);
  const std::string doubt = doubt_about(m);
  const Quality quality = doubt.empty() ? Quality::good : Quality::suspect;
  report_.add(point::voltage.row, m.module.value, 0, quality);
  for (int i = 0; i < kCells; ++i)
    report_.add(point::cell_voltage.row, m.cells[static_cast<std::size_t>(i)].value, i, quality);
  take_sensors(m, freshness.is_frozen());
  if (doubt.empty()) see_extremes(m);
}

/// Empty: none.
std::string Module::doubt_about(const Measurement& m) {
  if (freshness.is_frozen()) {
    warn(
        "frozen",
        "it says the same again and again, and no start of a conversion changes that, so nothing "
        "it says is believed: switch the board off and on by pulling its cell plug, or replace it");
    return "frozen";
  }
  calm("frozen");
  std::string doubt = implausible(m);
  if (doubt.empty()) {
    implausible_ = 0;
    calm("voltages");
  } else if (++implausible_ >= kBelieveAfter) {
    warn("voltages", doubt);
  }
  return doubt;
}

void Module::take_sensors(const Measurement& m, bool is_frozen) {
  has_sensor_reading_ = false;
  for (int i = 0; i < kSensors; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const SensorState state =
        plan_.has_sensor[at] ? judge(m.temperatures[at], plan_.sensor_range) : SensorState::open;
    const bool is_good = state == SensorState::good;
    has_sensor_reading_ = has_sensor_reading_ || is_good;
    const Quality good = is_frozen ? Quality::suspect : Quality::good;
    report_.add(point::temperature.row, is_good ? m.temperatures[at].value : kUnknown, i,
                is_good                ? good
                : plan_.has_sensor[at] ? Quality::missing
                                       : Quality::absent);
    const std::string topic = fmt::format("sensor {}", i + 1);
    if (is_good || !plan_.has_sensor[at])
      calm(topic);
    else
      warn(topic, fmt::format("temperature sensor {} is {}: check its plug, or list \"{}/{}\" in "
                              "ignore_sensors if it is not there",
                              i + 1, state == SensorState::open ? "open" : "shorted", plan_.number,
                              i + 1));
  }
}

void Module::see_extremes(const Measurement& m) {
  const auto [low, high] = std::ranges::minmax_element(m.cells);
  lowest_ = std::min(lowest_.value_or(low->value), low->value);
  highest_ = std::max(highest_.value_or(high->value), high->value);
}

void Module::failed_read() { ++errors_; }

void Module::take_bleed(std::uint8_t mask) {
  bleeding_ = mask & kCellBits;
  may_bleed = bleeding_ != 0;
  for (int i = 0; i < kCells; ++i) report_.add(point::cell_bleed, (bleeding_ >> i & 1) != 0, i);
}

void Module::take(const Housekeeping& h) {
  const ModuleRows& rows = module_rows();
  report_.add(rows.alert, h.alerts != 0 ? 1 : 0).add(rows.fault, h.faults != 0 ? 1 : 0);
  for (std::size_t i = 0; i < rows.alerts.size(); ++i)
    report_.add(rows.alerts[i], (h.alerts & kAlertFlags[i].mask) != 0 ? 1 : 0);
  for (std::size_t i = 0; i < rows.faults.size(); ++i)
    report_.add(rows.faults[i], (h.faults & kFaultFlags[i].mask) != 0 ? 1 : 0);
  report_.add_text(rows.cells_high, cells_of(h.cells_high));
  report_.add_text(rows.cells_low, cells_of(h.cells_low));
  note_new_flags(h.alerts, h.faults);
  alerts_ = h.alerts;
  faults_ = h.faults;
  take_bleed(h.bleed_mask);
  say_statistics();
}

void Module::note_new_flags(std::uint8_t alerts, std::uint8_t faults) {
  const auto fresh = [](std::uint8_t now, std::optional<std::uint8_t> before) {
    return static_cast<std::uint8_t>(now & ~before.value_or(0));
  };
  const std::string alert = names_of(kAlertFlags, fresh(alerts, alerts_));
  const std::string fault = names_of(kFaultFlags, fresh(faults, faults_));
  if (!alert.empty())
    note("fault_raised", Severity::warning,
         fmt::format("the chip of {} reports an alert: {}", name(), alert), "chip_alert");
  if (!fault.empty())
    note("fault_raised", Severity::warning,
         fmt::format("the chip of {} reports a fault: {}", name(), fault), "chip_fault");
  const bool was_bad = alerts_.value_or(0) != 0 || faults_.value_or(0) != 0;
  if (was_bad && alerts == 0 && faults == 0)
    note("fault_cleared", Severity::info,
         fmt::format("the chip of {} reports no alert or fault any more", name()), "chip_fault");
}

void Module::say_statistics() {
  const ModuleRows& rows = module_rows();
  report_.add(rows.address, plan_.address);
  report_.add(rows.reads, static_cast<double>(reads_));
  report_.add(rows.read_errors, static_cast<double>(errors_));
  if (lowest_) report_.add(rows.lowest_seen, *lowest_);
  if (highest_) report_.add(rows.highest_seen, *highest_);
}

void Module::take_limits(Bytes registers) {
  for (std::size_t i = 0; i < kLimits && i < registers.size(); ++i) {
    limits_[i] = registers[i];
    const auto value = decode_limit(static_cast<LimitKind>(i), registers[i]);
    report_.add(module_rows().limits[i], value.value_or(kUnknown), 0,
                value ? Quality::good : Quality::missing);
  }
}

std::vector<std::size_t> Module::wrong_limits() const {
  std::vector<std::size_t> wrong;
  for (std::size_t i = 0; i < kLimits; ++i)
    if (limit_wishes.of(i) && limit_wishes.of(i) != limits_[i]) wrong.push_back(i);
  return wrong;
}

bool Module::knows_flags(bool has_alert, bool has_fault) const {
  return alerts_ && faults_ && has_alert == (*alerts_ != 0) && has_fault == (*faults_ != 0);
}

}  // namespace b2m::tesla_uart
