// SPDX-License-Identifier: MIT
// Sees to it that every output is as the rules want it: the one and only writer of outputs.
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "gateway/model/intent.hpp"
#include "gateway/model/snapshot.hpp"
#include "gateway/result.hpp"

namespace b2m::app {

class Reconciler {
 public:
  /// Hands an order to an adapter; `done` is called once, later, on the event loop.
  using Execute = std::function<void(AdapterIndex, Order, std::function<void(Result<>)> done)>;
  using Tell = std::function<void(DeviceId, const Note&)>;
  using Failed = std::function<void(Failure)>;

  Reconciler(const Site& site, Execute execute, Tell tell, Failed failed = {});
  void step(const Snapshot& now, const Decision& decision);
  /// Nothing is on, as far as it was read back or, where nothing is read back, sent.
  [[nodiscard]] bool all_off(const Snapshot& now) const;

 private:
  struct State {
    std::optional<double> sent;  // empty: what the device does is anybody's guess
    double in_flight_value = 0;
    bool in_flight = false;
    bool may_be_on = false;  // "on" was sent, and no "off" since
    SteadyTime sent_at{};
    SteadyTime retry_at{};
    SteadyTime wanted_since{};
    double wanted = 0;
    int repeats = 0;   // of "off", since nobody may have heard the first
    int failures = 0;  // of "on", in a row
    bool complained = false;
    Output output;                 // as last wanted
    std::optional<Output> single;  // to be sent once; of an output nobody holds
    bool is_held = false;          // the rules want it on or off at every tick
  };
  void step(const Entity& entity, const Output& output, const Snapshot& now);
  void send_single(Slot slot, State& state, const Snapshot& now);
  void failed(const Entity& entity, double value, const Error& why);
  void send(const Entity& entity, State& state, const Output& output, SteadyTime now);
  void finished(Slot slot, const Result<>& result);
  [[nodiscard]] SteadyDuration pause(State& state) const;
  void complain(const Entity& entity, State& state, const Snapshot& now);
  [[nodiscard]] bool is_due(const Entity& entity, State& state, const Snapshot& now) const;

  const Site& site_;
  Execute execute_;
  Tell tell_;
  Failed failed_;
  std::map<Slot, State> states_;
  SteadyTime now_{};
};

}  // namespace b2m::app
