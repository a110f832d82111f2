// SPDX-License-Identifier: MIT
// The running gateway: engine, adapters, publishers and broker link put together, its loops, and
// how it ends.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "config/config.hpp"
#include "discovery/announcer.hpp"
#include "gateway/app/adapter_memory.hpp"
#include "gateway/app/bridge.hpp"
#include "gateway/app/command_router.hpp"
#include "gateway/app/engine.hpp"
#include "gateway/app/event_publisher.hpp"
#include "gateway/app/keeper.hpp"
#include "gateway/app/mail_queue.hpp"
#include "gateway/app/reconciler.hpp"
#include "gateway/app/simulation/http_face.hpp"
#include "gateway/app/simulation/service.hpp"
#include "gateway/app/supervisor.hpp"
#include "gateway/app/topic_inputs.hpp"
#include "gateway/app/value_publisher.hpp"
#include "gateway/app/wiring.hpp"
#include "gateway/store/backlog.hpp"
#include "gateway/store/database.hpp"

namespace b2m::app {

class Gateway final : private mqtt::LinkUser {
 public:
  enum class End { none, stopped, restart };

  /// `clock` is that of adapters and rules, `real_clock` that of the link; both outlive the
  /// gateway.
  Gateway(Executor executor, Clock& clock, Clock& real_clock, const config::Config& config,
          Wired wired, std::unique_ptr<mqtt::Link> link);
  ~Gateway() override;

  /// Starts everything; returns at once.
  void start();
  /// The phases of shutting down, each with its time limit. A second call hurries them.
  void stop(End end);
  [[nodiscard]] End end() const { return end_; }
  /// All phases are over.
  [[nodiscard]] bool is_over() const { return is_over_; }
  [[nodiscard]] std::string dump() const;

 private:
  void on_online() override;
  void on_offline(std::string_view reason) override;
  void on_message(const mqtt::Incoming& message) override;

  void open_store();
  void add_charging();
  void make_mail();
  void make_announcer();
  void make_simulations();
  void open_job_store();
  void start_simulations();
  Awaitable<> stop_simulations();
  [[nodiscard]] std::string simulations_health() const;
  Answer simulate(const Request& request);
  Engine::Hooks engine_hooks();
  CommandRouter::Hooks router_hooks();
  Bridge::Actions bridge_actions();
  void decided(const Snapshot& now, const Decision& decision);
  void want_tick();
  void want_flush();
  void flush();
  void tick();
  Awaitable<> tick_loop();
  Awaitable<> held_back_loop();
  Awaitable<> shut_down();
  Awaitable<> outputs_off();
  void adapter_changed(AdapterIndex index);
  void set_bridge_values();
  void set_log_level(log::Level level);
  void poll_announcer();
  Awaitable<> announcing_loop();
  void carry_out(const discovery::Announcement& announcement);
  void publish_bridge();
  void publish_health();
  void pump_history();
  void send_json(std::string topic, std::string json, bool retain);
  void tap_logs();

  Executor executor_;
  Clock& clock_;
  Clock& real_clock_;
  const config::Config& config_;
  Wired wired_;
  const Site& site_;
  discovery::Topics topics_;
  std::unique_ptr<mqtt::Link> link_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::Backlog> backlog_;
  std::unique_ptr<Keeper> keeper_;
  std::unique_ptr<AdapterMemory> memory_;
  Engine engine_;
  std::unique_ptr<TopicInputs> inputs_;
  std::unique_ptr<MailQueue> mail_;  // null without [mail]
  ValuePublisher values_;
  EventPublisher events_;
  std::unique_ptr<discovery::Announcer> announcer_;
  std::unique_ptr<Supervisor> supervisor_;
  std::unique_ptr<Reconciler> reconciler_;
  std::unique_ptr<CommandRouter> router_;
  std::unique_ptr<Bridge> bridge_;
  std::unique_ptr<store::Database> job_database_;
  std::unique_ptr<store::Simulations> job_store_;
  std::unique_ptr<SimulationService> simulations_;  // null: switched off
  std::unique_ptr<HttpFace> http_;                  // likewise
  LoopLag lag_;
  SteadyTime next_health_{};
  std::optional<SteadyDuration> watchdog_;
  SteadyTime next_watchdog_{};
  std::vector<bool> was_connected_;
  bool is_tick_posted_ = false;
  bool is_flush_posted_ = false;
  bool is_holding_back_ = false;
  bool is_announcing_ = false;
  bool is_stopping_ = false;
  bool is_hurried_ = false;
  bool is_over_ = false;
  End end_ = End::none;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for what is posted and comes late
};

}  // namespace b2m::app
