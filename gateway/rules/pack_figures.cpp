// SPDX-License-Identifier: MIT
#include "gateway/rules/pack_figures.hpp"

#include <algorithm>
#include <cmath>
#include <span>

namespace b2m::rules {
namespace {

constexpr SteadyDuration kRateWindow = std::chrono::seconds(60);
constexpr SteadyDuration kRateMinimum = std::chrono::seconds(20);
constexpr SteadyDuration kRateStep = std::chrono::seconds(1);

/// Over the good readings only; `good < count` says that some are unknown.
struct Summary {
  std::size_t good = 0, count = 0;
  double sum = 0, low = 0, high = 0;

  [[nodiscard]] double mean() const { return sum / static_cast<double>(good); }
  [[nodiscard]] bool is_complete() const { return count > 0 && good == count; }
};

Summary summarize(std::span<const Slot> slots, const Snapshot& now) {
  Summary s;
  for (const Slot slot : slots) {
    const Reading& r = now[slot];
    if (r.is_absent()) continue;
    ++s.count;
    if (!r.is_good()) continue;
    s.low = s.good == 0 ? r.value : std::min(s.low, r.value);
    s.high = s.good == 0 ? r.value : std::max(s.high, r.value);
    s.sum += r.value;
    ++s.good;
  }
  return s;
}

void put(const Site& site, DeviceId device, RowId row, double value, bool is_known, Decision& out) {
  const Slot slot = site.slot(device, row);
  if (slot == kNoSlot || !site.entity(slot).computed) return;
  out.computed.push_back({slot, is_known ? value : 0, is_known ? Quality::good : Quality::missing});
}

/// The sum is that of all cells or of none: a smaller one would look like an empty pack.
void put_cells(const Summary& s, DeviceId device, const Input& in, Decision& out) {
  const Site& site = in.now.site();
  const bool any = s.good > 0;
  put(site, device, point::voltage.row, s.sum, s.is_complete(), out);
  put(site, device, point::cell_voltage_min.row, s.low, any, out);
  put(site, device, point::cell_voltage_max.row, s.high, any, out);
  put(site, device, point::cell_voltage_mean.row, any ? s.mean() : 0, any, out);
  put(site, device, point::cell_voltage_spread.row, s.high - s.low, any, out);
}

int farthest_from(double mean, std::span<const Slot> cells, const Snapshot& now) {
  int worst = 0;
  double distance = -1;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const Reading& r = now[cells[i]];
    if (!r.is_good() || std::abs(r.value - mean) <= distance) continue;
    distance = std::abs(r.value - mean);
    worst = static_cast<int>(i) + 1;
  }
  return worst;
}

}  // namespace

PackFigures::PackFigures(const Site& site) {
  for (const Device& device : site.devices()) {
    if (device.kind == DeviceKind::module)
      modules_.push_back({device.id, site.all_of(device.id, point::cell_voltage.row)});
    if (device.kind != DeviceKind::pack) continue;
    Pack& pack = packs_.emplace_back();
    pack.id = device.id;
    pack.cells = site.all_of(device.id, point::cell_voltage.row);
    for (const DeviceId module : site.modules(device.id))
      if (auto cells = site.all_of(module, point::cell_voltage.row); !cells.empty())
        pack.modules.push_back(std::move(cells));
    pack.temperatures = site.all_of(device.id, point::cell_temperature.row);
    for (const Slot s : site.all_of(device.id, point::temperature.row))
      pack.temperatures.push_back(s);
  }
}

void PackFigures::step(const Input& in, Decision& out) {
  for (Pack& pack : packs_) {
    voltages(pack, in, out);
    temperatures(pack, in, out);
    power(pack.id, in, out);
  }
  for (const Module& module : modules_) {
    module_voltages(module, in, out);
    power(module.id, in, out);
  }
}

void PackFigures::voltages(Pack& pack, const Input& in, Decision& out) {
  if (pack.cells.empty()) return;
  const Site& site = in.now.site();
  const Summary s = summarize(pack.cells, in.now);
  const bool any = s.good > 0;
  put_cells(s, pack.id, in, out);
  module_spread(pack, in, out);
  const int worst = any ? farthest_from(s.mean(), pack.cells, in.now) : 0;
  put(site, pack.id, point::worst_cell.row, worst, any && s.count > 1, out);
  const Reading mean{any ? s.mean() : 0, in.now.now(),
                     s.is_complete() ? Quality::good : Quality::missing};
  const Reading rate = pack.voltage_rate.step(mean, in.now.now());
  put(site, pack.id, point::voltage_rate, rate.value * 1000, rate.is_good(), out);
}

void PackFigures::temperatures(Pack& pack, const Input& in, Decision& out) {
  if (pack.temperatures.empty()) return;
  const Site& site = in.now.site();
  const Summary s = summarize(pack.temperatures, in.now);
  const bool any = s.good > 0;
  put(site, pack.id, point::temperature_min.row, s.low, any, out);
  put(site, pack.id, point::temperature_max.row, s.high, any, out);
  put(site, pack.id, point::temperature_mean.row, any ? s.mean() : 0, any, out);
  const Reading hottest{s.high, in.now.now(), s.is_complete() ? Quality::good : Quality::missing};
  const Reading rate = pack.temperature_rate.step(hottest, in.now.now());
  put(site, pack.id, point::temperature_rate, rate.value, rate.is_good(), out);
}

void PackFigures::module_spread(const Pack& pack, const Input& in, Decision& out) {
  if (pack.modules.empty()) return;
  double low = 0;
  double high = 0;
  bool is_complete = true;
  for (const std::vector<Slot>& cells : pack.modules) {
    const Summary s = summarize(cells, in.now);
    is_complete &= s.is_complete();
    if (!is_complete) break;
    low = &cells == &pack.modules.front() ? s.mean() : std::min(low, s.mean());
    high = &cells == &pack.modules.front() ? s.mean() : std::max(high, s.mean());
  }
  put(in.now.site(), pack.id, point::module_voltage_spread.row, high - low, is_complete, out);
}

void PackFigures::module_voltages(const Module& module, const Input& in, Decision& out) {
  if (!module.cells.empty()) put_cells(summarize(module.cells, in.now), module.id, in, out);
}

void PackFigures::power(DeviceId device, const Input& in, Decision& out) {
  const Site& site = in.now.site();
  if (site.slot(device, point::power) == kNoSlot) return;
  const Reading u = latest(in, out, site.slot(device, point::voltage));
  const Reading& i = in.now.at(device, point::current);
  const bool is_known = u.is_good() && i.is_good();
  const Watts p = Volts(is_known ? u.value : 0) * Amperes(is_known ? i.value : 0);
  put(site, device, point::power.row, p.value, is_known, out);
}

Reading PackFigures::Rate::step(const Reading& reading, SteadyTime now) {
  if (!reading.is_good()) {
    history_.clear();
    return {};
  }
  if (history_.empty() || now - history_.back().time >= kRateStep)
    history_.push_back({now, reading.value});
  while (now - history_.front().time > kRateWindow) history_.pop_front();
  if (history_.empty() || now - history_.front().time < kRateMinimum) return {};
  const double minutes = to_seconds(now - history_.front().time) / 60;
  return {(reading.value - history_.front().value) / minutes, now, Quality::good};
}

}  // namespace b2m::rules
