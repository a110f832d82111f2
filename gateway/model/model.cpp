// SPDX-License-Identifier: MIT
#include "gateway/model/model.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace b2m {
namespace {

/// One implausible sample is a glitch on the wire; this many in a row are what the device says.
constexpr std::uint8_t kBelieveAfter = 3;

}  // namespace

Model::Model(const Site& site)
    : site_(&site),
      readings_(site.readings()),
      texts_(site.entities().size()),
      implausible_(site.readings()),
      is_dirty_(site.entities().size()),
      watch_of_(site.entities().size(), -1) {}

bool Model::apply(const Report& report, SteadyTime now) {
  bool urgent = false;
  for (const Sample& sample : report.samples) {
    const Slot slot = site_->slot(report.target.device, sample.row, sample.index);
    if (slot != kNoSlot) urgent |= apply(slot, report.target.rank, sample, now);
  }
  for (const auto& [row, text, index] : report.texts) {
    const Slot slot = site_->slot(report.target.device, row, index);
    if (slot != kNoSlot) set_text(slot, text, now);
  }
  return urgent;
}

bool Model::apply(Slot slot, std::uint8_t rank, const Sample& sample, SteadyTime now) {
  const Entity& entity = site_->entity(slot);
  const Slot hidden = site_->alternatives().empty() ? kNoSlot : site_->alternative(slot, rank);
  if (hidden == kNoSlot) {
    store(slot, entity, sample, now);
  } else {
    store(hidden, entity, sample, now);
    choose(*std::ranges::lower_bound(site_->alternatives(), slot, {}, &Site::Alternatives::slot));
  }
  return crossed(slot);
}

void Model::store(Slot at, const Entity& entity, const Sample& sample, SteadyTime now) {
  Reading reading{sample.value, now, sample.quality};
  if (reading.is_absent() && entity.row_id == point::cell_voltage.row)
    reading.quality = Quality::missing;  // there is no cell without a voltage
  if (reading.quality == Quality::good &&
      !(sample.value >= entity.low && sample.value <= entity.high))  // also catches NaN
    reading.quality = Quality::suspect;
  if (reading.quality == Quality::suspect) {
    ++rejected_;
    if (implausible_[at] < kBelieveAfter) ++implausible_[at];
    if (implausible_[at] < kBelieveAfter && readings_[at].is_good()) return;
  } else {
    implausible_[at] = 0;
  }
  if (at < site_->entities().size()) return write(at, reading);
  readings_[at] = reading;
}

void Model::choose(const Site::Alternatives& alternatives) {
  Reading best = readings_[alternatives.ranked.front()];
  for (const Slot hidden : alternatives.ranked) {
    if (!readings_[hidden].is_good()) continue;
    best = readings_[hidden];
    break;
  }
  write(alternatives.slot, best);
}

void Model::write(Slot slot, const Reading& reading) {
  Reading& old = readings_[slot];
  const bool changed =
      old.quality != reading.quality || (reading.is_good() && old.value != reading.value);
  old = reading;
  if (changed) mark(slot);
}

void Model::mark(Slot slot) {
  if (std::exchange(is_dirty_[slot], std::uint8_t{1}) == 0) dirty_.push_back(slot);
}

void Model::compute(const Computed& computed, SteadyTime now) {
  Reading reading{computed.value, now, computed.quality};
  if (reading.is_good() && !std::isfinite(computed.value)) reading.quality = Quality::suspect;
  write(computed.slot, reading);
}

void Model::set_text(Slot slot, std::string text, SteadyTime now) {
  const bool changed = texts_[slot] != text || !readings_[slot].is_good();
  texts_[slot] = std::move(text);
  readings_[slot] = Reading{0, now, Quality::good};
  if (changed) mark(slot);
}

void Model::watch(Slot slot, double low, double high) {
  watch_of_[slot] = static_cast<std::int32_t>(watches_.size());
  watches_.push_back({low, high, false});
}

bool Model::crossed(Slot slot) {
  const std::int32_t index = watch_of_[slot];
  if (index < 0) return false;
  Watch& w = watches_[static_cast<std::size_t>(index)];
  const Reading& r = readings_[slot];
  const bool outside = !r.is_good() || r.value < w.low || r.value > w.high;
  return std::exchange(w.outside, outside) != outside;
}

void Model::age(SteadyTime now) {
  const auto expire = [&](Slot at, double max_age_s) {
    Reading& r = readings_[at];
    const bool counts = r.quality == Quality::good || r.quality == Quality::suspect;
    if (!counts || max_age_s <= 0 || now - r.time <= from_seconds(max_age_s)) return false;
    r.quality = Quality::stale;
    return true;
  };
  for (const Entity& entity : site_->entities())
    if (!entity.computed && expire(entity.slot, entity.max_age_s)) mark(entity.slot);
  for (const auto& a : site_->alternatives()) {
    bool aged = false;
    for (const Slot hidden : a.ranked) aged |= expire(hidden, site_->entity(a.slot).max_age_s);
    if (aged) choose(a);
  }
}

Snapshot Model::freeze(SteadyTime now) {
  age(now);
  return view(now);
}

void Model::take_dirty(std::vector<Slot>& into) {
  for (const Slot slot : dirty_) is_dirty_[slot] = 0;
  into.insert(into.end(), dirty_.begin(), dirty_.end());
  dirty_.clear();
}

}  // namespace b2m
