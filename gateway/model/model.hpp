// SPDX-License-Identifier: MIT
// What is known of every point: takes reports and computed values, judges plausibility and age, and
// remembers which points have changed since they were last asked for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/model/intent.hpp"
#include "gateway/model/snapshot.hpp"

namespace b2m {

class Model {
 public:
  explicit Model(const Site& site);

  /// Returns true when a watched value has just left or entered its range.
  bool apply(const Report& report, SteadyTime now);
  void compute(const Computed& computed, SteadyTime now);
  void set_text(Slot slot, std::string text, SteadyTime now);
  /// A good value outside low..high asks for an immediate tick.
  void watch(Slot slot, double low, double high);

  /// Marks what has grown too old, then shows everything.
  Snapshot freeze(SteadyTime now);
  [[nodiscard]] Snapshot view(SteadyTime now) const { return {*site_, readings_, texts_, now}; }

  /// Points that have changed since the last call, each once.
  void take_dirty(std::vector<Slot>& into);
  [[nodiscard]] bool has_dirty() const { return !dirty_.empty(); }
  /// Implausible samples that were not believed.
  [[nodiscard]] std::uint64_t rejected() const { return rejected_; }

 private:
  struct Watch {
    double low, high;
    bool outside;
  };
  bool apply(Slot slot, std::uint8_t rank, const Sample& sample, SteadyTime now);
  void store(Slot reading, const Entity& entity, const Sample& sample, SteadyTime now);
  void choose(const Site::Alternatives& alternatives);
  void write(Slot slot, const Reading& reading);
  void mark(Slot slot);
  bool crossed(Slot slot);
  void age(SteadyTime now);

  const Site* site_;
  std::vector<Reading> readings_;
  std::vector<std::string> texts_;
  std::vector<std::uint8_t> implausible_;  // samples in a row
  std::vector<std::uint8_t> is_dirty_;
  std::vector<Slot> dirty_;
  std::vector<std::int32_t> watch_of_;  // [slot], -1: none
  std::vector<Watch> watches_;
  std::uint64_t rejected_ = 0;
};

}  // namespace b2m
