// SPDX-License-Identifier: MIT
// The other end of RemotePlace: takes jobs from the group's shared subscription, calculates them on
// the threads of this machine and answers whoever has ordered them.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/app/simulation/request.hpp"
#include "gateway/app/simulation/wire.hpp"
#include "gateway/io/clock.hpp"
#include "gateway/io/workers.hpp"
#include "gateway/mqtt/link.hpp"

namespace b2m::app {

struct SimulationWorkerSettings {
  std::string base_topic = "battery2mqtt";
  std::string group = "battery2mqtt";
  std::string name;  // among all workers of this broker
  std::string version;
  RequestLimits limits;
};

/// What is waiting is ready when a thread gets free; more than that is another worker's.
constexpr std::size_t jobs_at_a_time(std::size_t threads) { return 2 * threads; }
/// The broker's settings with what a worker needs: MQTT 5, presence as the last will.
mqtt::LinkSettings worker_link_settings(mqtt::LinkSettings broker,
                                        const SimulationWorkerSettings& worker,
                                        std::size_t threads);

class SimulationWorker final : private mqtt::LinkUser {
 public:
  SimulationWorker(SimulationWorkerSettings settings, Executor executor, Clock& clock,
                   mqtt::Link& link, std::unique_ptr<Workers> workers);
  ~SimulationWorker() override;
  SimulationWorker(const SimulationWorker&) = delete;
  SimulationWorker& operator=(const SimulationWorker&) = delete;

  void start();
  /// Finishes what takes no longer than a moment, gives the rest back and leaves the broker.
  Awaitable<> stop();

 private:
  struct Held;
  using HeldJob = std::shared_ptr<Held>;
  struct Gateway {
    SteadyTime next_sign{};
    SteadyDuration every{};
  };

  void on_online() override;
  void on_offline(std::string_view) override {}
  void on_message(const mqtt::Incoming& message) override;

  void take(simulation_wire::Order order);
  void take(const simulation_wire::Cancel& cancel);
  void run_waiting();
  void run(const HeldJob& job);
  void ended(const HeldJob& job);
  void give_back(const simulation_wire::Order& order, std::string why);
  void give_back_waiting();
  void give_back_all(bool also_running, const std::string& why);
  void send_signs(const std::string& gateway);
  void sign();
  void announce(bool is_there);
  void send(const std::string& gateway, std::string payload);
  void watch();
  Awaitable<> signing();
  Awaitable<> announcing();

  SimulationWorkerSettings settings_;
  Executor executor_;
  Clock& clock_;
  mqtt::Link& link_;
  std::vector<HeldJob> held_;  // in the order in which they came
  std::size_t running_ = 0;
  std::deque<std::string> cancelled_;        // tokens; an order may come after its cancel
  std::map<std::string, Gateway> gateways_;  // that have had jobs here a moment ago
  bool is_signing_ = false;
  bool is_stopping_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for what comes late
  std::unique_ptr<Workers> workers_;                            // ends first
};

}  // namespace b2m::app
