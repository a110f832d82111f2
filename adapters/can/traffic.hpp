// SPDX-License-Identifier: MIT
// What passes on a bus, counted: for health, diagnostics and the list of ids nobody knows.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "adapters/adapter.hpp"
#include "gateway/io/can_frame.hpp"

namespace b2m::can {

class Traffic {
 public:
  explicit Traffic(std::size_t unknown_ids_listed) : most_listed_(unknown_ids_listed) {}

  void see(const CanFrame& frame);
  void decoded(std::size_t signals) { decoded_ += signals; }
  void unknown(const CanFrame& frame);
  void wrong_length(const CanFrame& frame);
  void sent(const CanFrame& frame);
  void send_failed() { ++send_errors_; }

  struct Rate {
    double frames_per_s = 0;
    double load_percent = 0;
  };
  /// Since the last call.
  Rate rate(double seconds, int bitrate_bps);
  [[nodiscard]] std::size_t unknown_ids() const { return unknown_.size(); }
  [[nodiscard]] std::vector<Counter> counters() const;
  [[nodiscard]] std::vector<Detail> details() const;

 private:
  using Key = std::pair<bool, std::uint32_t>;  // extended, id
  struct Sighting {
    std::uint64_t count = 0;
    CanFrame last;
  };
  using Sightings = std::map<Key, Sighting>;
  bool note(Sightings& list, const CanFrame& frame) const;

  std::size_t most_listed_;
  Sightings unknown_, wrong_;
  std::uint64_t frames_ = 0, decoded_ = 0, wrong_length_ = 0, unknown_frames_ = 0, unlisted_ = 0;
  std::uint64_t remote_ = 0, errors_ = 0, sent_ = 0, send_errors_ = 0;
  std::uint64_t recent_frames_ = 0, recent_bits_ = 0;
};

}  // namespace b2m::can
