// SPDX-License-Identifier: MIT
#include "gateway/app/engine.hpp"

#include <limits>
#include <utility>

#include "gateway/rules/alarms.hpp"
#include "gateway/rules/charging.hpp"
#include "gateway/rules/pack_figures.hpp"
#include "gateway/rules/presence.hpp"

namespace b2m::app {
namespace {

/// Crossing a limit runs a tick at once instead of at the next interval.
void watch_limits(Model& model, const Site& site, const rules::LimitsOf& limits) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const auto& entry : limits) {
    const DeviceId device = entry.first;
    const rules::PackLimits& own = entry.second;
    const auto watch = [&](RowId row, const auto& low, const auto& high) {
      for (const Slot slot : site.all_of(device, row))
        model.watch(slot, low ? low->limit : -kInfinity, high ? high->limit : kInfinity);
    };
    watch(point::cell_voltage.row, own.cell_low_v, own.cell_high_v);
    watch(point::cell_temperature.row, own.temperature_low_c, own.temperature_high_c);
    watch(point::temperature.row, own.temperature_low_c, own.temperature_high_c);
  }
}

}  // namespace

Engine::Engine(const Site& site, const rules::LimitsOf& limits, Clock& clock)
    : site_(site), clock_(clock), model_(site) {
  watch_limits(model_, site, limits);
  rules_.push_back(std::make_unique<rules::Presence>(site));
  rules_.push_back(std::make_unique<rules::PackFigures>(site));
  rules_.push_back(std::make_unique<rules::Alarms>(site, limits));
  rules_.push_back(std::make_unique<rules::Charging>(site, limits));
}

void Engine::want_flush() {
  if (model_.has_dirty() && hooks_.flush_wanted) hooks_.flush_wanted();
}

void Engine::apply(const Report& report) {
  const bool urgent = model_.apply(report, clock_.now());
  if (hooks_.note)
    for (const Note& note : report.notes) hooks_.note(report.target.device, note);
  if (urgent && hooks_.tick_wanted) hooks_.tick_wanted();
  want_flush();
}

void Engine::submit(Intent intent) {
  intents_.push_back(std::move(intent));
  if (hooks_.tick_wanted) hooks_.tick_wanted();
}

void Engine::order_failed(Failure failure) {
  failures_.push_back(std::move(failure));
  if (hooks_.tick_wanted) hooks_.tick_wanted();
}

void Engine::set(Slot slot, double value, Quality quality) {
  if (slot == kNoSlot) return;
  model_.compute({slot, value, quality}, clock_.now());
  want_flush();
}

void Engine::set_text(Slot slot, std::string text) {
  if (slot == kNoSlot) return;
  model_.set_text(slot, std::move(text), clock_.now());
  want_flush();
}

void Engine::shut_down() {
  is_shutting_down_ = true;
  if (hooks_.tick_wanted) hooks_.tick_wanted();
}

void Engine::tick() {
  const SteadyTime now = clock_.now();
  const Snapshot snapshot = model_.freeze(now);
  const std::vector<Intent> intents = std::exchange(intents_, {});
  const std::vector<Failure> failures = std::exchange(failures_, {});
  decision_.clear();
  const rules::Input input{snapshot, intents, is_shutting_down_, clock_.wall(), failures};
  for (const auto& rule : rules_) rule->step(input, decision_);
  for (const Computed& computed : decision_.computed) model_.compute(computed, now);
  for (auto& [slot, text] : decision_.texts) model_.set_text(slot, text, now);
  if (hooks_.decided) hooks_.decided(model_.view(now), decision_);
  want_flush();
}

}  // namespace b2m::app
