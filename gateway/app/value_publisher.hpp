// SPDX-License-Identifier: MIT
// Which value goes out when: on change beyond the dead band, at most every min_interval_s, at least
// every max_interval_s; device availability and summaries; samples for later while offline.
#pragma once

#include <functional>
#include <queue>
#include <string>
#include <vector>

#include "discovery/topics.hpp"
#include "gateway/io/clock.hpp"
#include "gateway/model/model.hpp"
#include "gateway/mqtt/link.hpp"

namespace b2m::app {

class ValuePublisher {
 public:
  /// A value that could not be sent when it was published.
  using Sample = std::function<void(const Entity&, const std::string& text, WallTime measured)>;

  ValuePublisher(Model& model, const Site& site, const discovery::Topics& topics, mqtt::Link& link,
                 Clock& clock);
  void set_offline_sample(Sample sample) { offline_sample_ = std::move(sample); }
  void set_summary_interval(SteadyDuration interval) { summary_interval_ = interval; }

  /// Sends what has changed and may be sent now.
  void flush();
  /// When the next held-back value may go out; kNever if none waits.
  [[nodiscard]] SteadyTime next_due() const;
  static constexpr SteadyTime kNever = SteadyTime::max();
  /// Values that have not been sent for long, availability, summaries; called at every tick.
  void tick();
  /// Availability, then every value, whether changed or not.
  void publish_all();
  void publish_availability();
  /// The same, whether it has changed or not.
  void publish_availability_again();
  /// The gateway leaves: every device goes offline.
  void publish_offline();
  /// The value as it stands, now: a refused command lets the user's switch jump back.
  void publish_now(Slot slot);

 private:
  struct Sent {
    double value = 0;
    bool is_good = false;
    bool ever = false;
    bool is_waiting = false;
    SteadyTime at{};
  };
  struct Waiting {
    SteadyTime due;
    Slot slot;
    bool operator>(const Waiting& o) const { return due > o.due; }
  };
  void consider(Slot slot, SteadyTime now);
  void publish(Slot slot, SteadyTime now);
  [[nodiscard]] bool has_moved(const Entity& entity, const Reading& reading) const;
  void publish_availability(const Device& device, bool is_forced);
  void publish_summary(const Device& device);

  Model& model_;
  const Site& site_;
  const discovery::Topics& topics_;
  mqtt::Link& link_;
  Clock& clock_;
  Sample offline_sample_;
  SteadyDuration summary_interval_ = std::chrono::seconds(10);
  SteadyTime next_summary_{};
  std::vector<std::string> value_topics_;  // [slot]
  std::vector<Sent> sent_;                 // [slot]
  std::vector<std::string> availability_;  // [device], as last sent
  std::vector<Slot> changed_;
  std::priority_queue<Waiting, std::vector<Waiting>, std::greater<>> waiting_;
};

}  // namespace b2m::app
