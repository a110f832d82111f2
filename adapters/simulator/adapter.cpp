// SPDX-License-Identifier: MIT
#include "adapters/simulator/adapter.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace b2m::simulator {
namespace {

constexpr double kPollsToMiss = 3;  // older than so many reports is stale
constexpr double kLeastAge_s = 5;
constexpr double kChargeRefresh_s = 1;
/// The simulated time passes in slices, so that the gateway is never held up for long.
constexpr SteadyDuration kSlice = std::chrono::milliseconds(100);
/// After a longer pause (the machine slept) the rest of the time does not count.
constexpr SteadyDuration kLongestGap = std::chrono::seconds(2);

}  // namespace

SimulatorAdapter::SimulatorAdapter(SimulatorSettings settings, std::unique_ptr<sim::Bench> bench,
                                   Resources& resources)
    : settings_(std::move(settings)),
      bench_(std::move(bench)),
      clock_(resources.clock),
      bleed_until_(bench_->cells()),
      is_contactor_on_(!settings_.contactor_open) {
  for (std::size_t i = 0; i < rows_.size(); ++i) rows_[i] = resources.points.add(kRows[i]);
  bench_->close_contactor(is_contactor_on_);
  bench_->advance_to(simulated_);
}

std::vector<Offer> SimulatorAdapter::offers() const {
  std::vector<Offer> list;
  const double age_s = std::max(kLeastAge_s, kPollsToMiss * settings_.interval_s);
  const auto add = [&](RowId row, int module = 0, int count = 1) -> Offer& {
    Offer& offer = list.emplace_back();
    offer.part = kPart;
    offer.module = module;
    offer.row = row;
    offer.count = count;
    offer.max_age_s = age_s;
    return offer;
  };
  for (const RowId row :
       {point::voltage.row, point::current.row, point::soc.row, core_row("contactor")})
    add(row);
  Offer& charging = add(point::charging.row);
  charging.commandable = true;
  charging.refresh_s = kChargeRefresh_s;
  for (const RowId row : rows_) {
    if (row == this->row(Row::heater) && settings_.heater_w <= 0) continue;
    add(row).commandable = true;
  }
  for (int i = 0; i < settings_.modules; ++i) {
    const int module = settings_.modules > 1 ? i + 1 : 0;
    add(point::cell_voltage.row, module, settings_.cells);
    add(point::cell_temperature.row, module, settings_.cells);
    if (settings_.bleed_ohm <= 0) continue;
    Offer& bleed = add(point::cell_bleed.row, module, settings_.cells);
    bleed.commandable = true;
    bleed.confirms = true;
  }
  return list;
}

void SimulatorAdapter::bind(const Site& site, AdapterIndex self) {
  pack_ = site.target(self, kPart);
  modules_.clear();
  for (int i = 0; i < settings_.modules; ++i)
    modules_.push_back(settings_.modules > 1 ? site.target(self, kPart, i + 1) : pack_);
}

Awaitable<Result<>> SimulatorAdapter::run(Inbox& inbox) {
  struct Running {
    explicit Running(SimulatorAdapter& a) : adapter(a) {}
    ~Running() {  // also when we are cancelled
      adapter.all_off();
      adapter.inbox_ = nullptr;
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    SimulatorAdapter& adapter;
  };
  const Running running(*this);
  inbox_ = &inbox;
  last_ = clock_.now();
  all_off();
  const SteadyDuration interval = from_seconds(settings_.interval_s);
  SteadyTime next = clock_.now();
  for (;;) {
    catch_up();
    if (clock_.now() >= next) {
      post();
      next = std::max(next + interval, clock_.now());
    }
    const SteadyTime wake = std::min({next, next_end(), clock_.now() + kSlice});
    if (const auto slept = co_await clock_.sleep_until(wake); !slept) co_return slept;
  }
}

/// The load is no output of ours: it is what the configuration says. The contactor stays as it was
/// ordered: nothing closes an open one by itself.
void SimulatorAdapter::all_off() {
  bench_->charge(false);
  charge_until_.reset();
  for (std::size_t i = 0; i < bleed_until_.size(); ++i) bleed(i, false);
  heat(false);
  bench_->clear_faults();
  fault_ = 0;
  bench_->set_load(Amperes(settings_.load_current_a));
}

/// What is over ends at its time in the cells' time too, however late we are.
void SimulatorAdapter::catch_up() {
  const SteadyTime now = clock_.now();
  const SteadyTime counts_until = std::min(now, last_ + kLongestGap);
  bool has_ended = false;
  for (SteadyTime end = next_end(); end <= now; end = next_end()) {
    pass_until(std::min(end, counts_until));
    end_what_is_over(end);
    has_ended = true;
  }
  pass_until(counts_until);
  skipped_s_ += static_cast<std::uint64_t>(to_seconds(now - counts_until));
  last_ = now;
  if (has_ended) post();
}

void SimulatorAdapter::pass_until(SteadyTime when) {
  if (when <= last_) return;
  simulated_ += from_seconds(to_seconds(when - last_) * settings_.speed);
  last_ = when;
  bench_->advance_to(simulated_);
}

void SimulatorAdapter::end_what_is_over(SteadyTime now) {
  if (charge_until_ && *charge_until_ <= now) {
    bench_->charge(false);
    charge_until_.reset();
    ++charge_timeouts_;
  }
  if (heat_until_ && *heat_until_ <= now) {
    heat(false);
    ++heater_timeouts_;
  }
  for (std::size_t i = 0; i < bleed_until_.size(); ++i) {
    if (!bleed_until_[i] || *bleed_until_[i] > now) continue;
    bleed(i, false);
    ++bleed_timeouts_;
  }
}

SteadyTime SimulatorAdapter::next_end() const {
  SteadyTime next = charge_until_.value_or(SteadyTime::max());
  next = std::min(next, heat_until_.value_or(SteadyTime::max()));
  for (const auto& until : bleed_until_)
    if (until) next = std::min(next, *until);
  return next;
}

void SimulatorAdapter::post() const {
  if (!inbox_ || !pack_) return;
  Report report(*pack_);
  report.add(point::voltage, bench_->voltage());
  report.add(point::current, bench_->current());
  report.add(point::soc, Percent(100 * bench_->soc()));
  report.add(core_row("contactor"), bench_->is_closed() ? 1 : 0);
  report.add(point::charging, bench_->is_charging());
  inbox_->post(report);
  post_own();
  for (int module = 0; module < settings_.modules; ++module) post_module(module);
}

void SimulatorAdapter::post_own() const {
  Report report(*pack_);
  report.add(row(Row::fault), fault_);
  report.add(row(Row::fault_cell), fault_cell_);
  report.add(row(Row::load), bench_->load().value);
  if (settings_.heater_w > 0) report.add(row(Row::heater), heat_until_ ? 1 : 0);
  report.add(row(Row::contactor), is_contactor_on_ ? 1 : 0);
  inbox_->post(report);
}

void SimulatorAdapter::post_module(int module) const {
  const auto& target = modules_[static_cast<std::size_t>(module)];
  if (!target) return;
  Report report(*target);
  const sim::PackState& readings = bench_->readings();
  for (int i = 0; i < settings_.cells; ++i) {
    const auto cell = static_cast<std::size_t>(module * settings_.cells + i);
    const double volts = readings.voltages[cell].value;
    report.add(point::cell_voltage.row, volts, i,
               std::isnan(volts) ? Quality::missing : Quality::good);
    report.add(point::cell_temperature, readings.temperatures[cell], i);
    if (settings_.bleed_ohm > 0) report.add(point::cell_bleed, bleed_until_[cell].has_value(), i);
  }
  inbox_->post(report);
}

std::vector<Counter> SimulatorAdapter::counters() const {
  return {{"charge_timeouts", charge_timeouts_},
          {"bleed_timeouts", bleed_timeouts_},
          {"heater_timeouts", heater_timeouts_},
          {"skipped_seconds", skipped_s_}};
}

}  // namespace b2m::simulator
