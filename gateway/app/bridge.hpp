// SPDX-License-Identifier: MIT
// What the gateway says of itself: bridge/info, bridge/health, the dump, and its answers to
// bridge/request.
#pragma once

#include <functional>
#include <string>

#include "config/config.hpp"
#include "gateway/app/command_router.hpp"
#include "gateway/app/supervisor.hpp"
#include "gateway/model/model.hpp"
#include "gateway/mqtt/link.hpp"

namespace b2m::app {

/// How late the event loop runs its ticks.
struct LoopLag {
  double last_ms = 0;
  double max_ms = 0;  // since the last health message
};

class Bridge {
 public:
  struct Actions {
    std::function<void()> restart;
    std::function<void()> rediscover;
    std::function<void(log::Level)> set_log_level;
    std::function<std::string()> backlog;  // JSON: samples kept for later
    std::function<Answer(const std::string& payload)> export_sessions;
    std::function<Answer(const std::string& payload)> rescan;
    std::function<Answer(const Request& request)> simulate;
    std::function<std::string()> simulations;  // JSON: queue and counts
  };

  Bridge(const config::Config& config, const Site& site, const Model& model,
         const Supervisor& supervisor, const mqtt::Link& link, Clock& clock, Actions actions);

  [[nodiscard]] std::string info_json() const;
  [[nodiscard]] std::string health_json(const LoopLag& lag, std::uint64_t refused_commands) const;
  /// Everything above and every value, for a support request; no secrets.
  [[nodiscard]] std::string dump_json(const LoopLag& lag, std::uint64_t refused_commands) const;
  [[nodiscard]] WallTime started() const { return started_; }

  Answer request(const Request& request);
  /// Commands on the gateway's own entities.
  Result<> command(const Entity& entity, const discovery::Command& command);

 private:
  Answer restart();
  Answer log_level(const std::string& payload);
  Answer config_check() const;
  Answer clear_fault(const std::string& payload) const;

  const config::Config& config_;
  const Site& site_;
  const Model& model_;
  const Supervisor& supervisor_;
  const mqtt::Link& link_;
  Clock& clock_;
  Actions actions_;
  WallTime started_;
};

}  // namespace b2m::app
