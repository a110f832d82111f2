// SPDX-License-Identifier: MIT
// Machines behind the broker as a place to calculate: battery2mqtt simulate-worker. It has a
// connection to the broker of its own, so that a flood of results never displaces a command.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "gateway/app/simulation/job.hpp"
#include "gateway/app/simulation/wire.hpp"
#include "gateway/app/simulation/wire_result.hpp"
#include "gateway/io/clock.hpp"
#include "gateway/mqtt/link.hpp"

namespace b2m::app {

struct RemotePlaceSettings {
  std::string base_topic = "battery2mqtt";
  std::string group = "battery2mqtt";    // of the shared subscription; simulation_wire::is_name
  std::string gateway = "battery2mqtt";  // gateway.id; results come to it
  double timeout_s = 30;                 // without a sign of life a job is lost
};

/// For the connection beside the gateway's own, from the settings of that one.
mqtt::LinkSettings remote_link_settings(mqtt::LinkSettings of_gateway);

class RemotePlace final : public JobPlace, private mqtt::LinkUser {
 public:
  RemotePlace(RemotePlaceSettings settings, Executor executor, Clock& clock,
              std::unique_ptr<mqtt::Link> link);
  RemotePlace(const RemotePlace&) = delete;
  RemotePlace& operator=(const RemotePlace&) = delete;

  /// Also connects to the broker. Call once.
  void set_hooks(Hooks hooks) override;
  [[nodiscard]] std::size_t room() const override;
  void start(const JobOrder& order) override;
  void cancel(const std::string& id) override;

 private:
  struct Job {
    JobOrder order;
    std::string worker{};     // that has it; empty: the broker does, or we do
    SteadyTime limit{};       // without a sign of life until then it is lost
    SteadyTime next_round{};  // of one that every worker has given back
    bool is_waiting = false;  // for that
    bool is_started = false;
    std::size_t rounds = 0;
    int losses = 0;  // before anybody had begun with it
    simulation_wire::ResultAssembly result{};
  };
  struct Worker {
    simulation_wire::Presence presence;
    SteadyTime heard{};
  };
  using Jobs = std::map<std::string, Job, std::less<>>;  // by token

  void on_online() override;
  void on_offline(std::string_view reason) override;
  void on_message(const mqtt::Incoming& message) override;

  void heard(const std::string& worker, std::string_view presence);
  void gone(const std::string& worker);
  void take(const std::string& worker, const simulation_wire::Signs& signs);
  void take(const std::string& worker, const simulation_wire::Returned& returned);
  void take(const std::string& worker, simulation_wire::ResultPart part);
  void take(Job& job, const simulation_wire::Signs::Sign& sign);
  void hand_out(Job job);
  void lose(const std::string& token, std::string_view why);
  bool hand_out_again(Jobs::iterator at, std::string_view why);
  void end(Jobs::iterator at, JobResult result);
  void send_cancel(const std::string& token);
  void send(std::string topic, std::string payload);
  void fail_later(const JobOrder& order, JobState state, std::string why);
  void warn_once(const std::string& about, const std::string& why);
  void look();
  void forget_silent_workers();
  void watch();
  Awaitable<> watching();
  [[nodiscard]] SteadyTime next_limit(bool is_taken_up) const;

  RemotePlaceSettings settings_;
  Executor executor_;
  Clock& clock_;
  std::unique_ptr<mqtt::Link> link_;
  Hooks hooks_;
  Jobs jobs_;
  std::map<std::string, Worker> workers_;
  std::set<std::string> warned_;
  std::string run_;  // begins every token; another one after every start of the program
  std::uint64_t handed_out_ = 0;
  bool is_watching_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for what is posted and comes late
};

}  // namespace b2m::app
