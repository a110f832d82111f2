// SPDX-License-Identifier: MIT
// What a gateway says of itself: points of the bridge, log lines, bridge/*, samples of the past.
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "discovery/exposes.hpp"
#include "gateway/app/gateway.hpp"
#include "gateway/app/version.hpp"

namespace b2m::app {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kHistoryBatch = 500;

}  // namespace

/// Lines may come from any thread; the link is the loop's.
void Gateway::tap_logs() {
  const std::weak_ptr<bool> alive = alive_;
  log::set_tap([this, alive, executor = executor_](log::Level level, std::string_view area,
                                                   std::string_view text) {
    asio::post(executor, [this, alive, level, area = std::string(area), text = std::string(text)] {
      if (const auto is_alive = alive.lock(); is_alive && *is_alive)
        events_.publish_log(level, area, text);
    });
  });
}

void Gateway::set_bridge_values() {
  const auto slot = [&](std::string_view key) { return site_.find("bridge", key)->slot; };
  engine_.set_text(slot("version"), std::string(version()));
  engine_.set(slot("started"),
              std::chrono::duration<double>(bridge_->started().time_since_epoch()).count());
  set_log_level(log::level());
  for (AdapterIndex i = 0; i < supervisor_->size(); ++i) adapter_changed(i);
}

void Gateway::set_log_level(log::Level level) {
  log::set_level(level);
  engine_.set(site_.find("bridge", "log_level")->slot, static_cast<double>(level));
}

void Gateway::adapter_changed(AdapterIndex i) {
  const AdapterHealth& health = supervisor_->health(i);
  engine_.set(site_.slot(kBridge, point::adapter_connected, i), health.connected ? 1 : 0);
  engine_.set(site_.slot(kBridge, point::adapter_restarts, i),
              static_cast<double>(health.restarts));
  if (!health.last_error.empty())
    engine_.set_text(site_.slot(kBridge, point::adapter_last_error, i), health.last_error);
  if (was_connected_[i] == health.connected) return;
  was_connected_[i] = health.connected;
  Note note;
  note.key = health.id + "_connected";
  note.type = health.connected ? "adapter_recovered" : "adapter_failed";
  note.severity = health.connected ? Severity::info : Severity::error;
  note.message = health.connected ? fmt::format("{} is connected", health.id)
                                  : fmt::format("{}: {}", health.id, health.last_error);
  events_.publish(kBridge, note);
  want_tick();
}

void Gateway::send_json(std::string topic, std::string json, bool retain) {
  mqtt::Outgoing out;
  out.topic = std::move(topic);
  out.payload = std::move(json);
  out.qos = 1;
  out.retain = retain;
  out.content_type = "application/json";
  link_->send(std::move(out));
}

void Gateway::publish_bridge() {
  send_json(topics_.bridge("info"), bridge_->info_json(), true);
  send_json(topics_.bridge("devices"), discovery::devices_json(site_, topics_), true);
}

void Gateway::publish_health() {
  send_json(topics_.bridge("health"), bridge_->health_json(lag_, router_->refused()), false);
  lag_.max_ms = 0;
}

void Gateway::pump_history() {
  if (!backlog_) return;
  backlog_->tick(real_clock_.now());
  if (!link_->is_online() || !link_->history_room()) return;
  backlog_->acknowledge();
  for (auto& [device, json] : backlog_->next_batch(kHistoryBatch)) {
    mqtt::Outgoing out;
    out.topic = topics_.history(device);
    out.payload = std::move(json);
    out.lane = mqtt::Lane::history;
    out.qos = 1;
    out.content_type = "application/json";
    link_->send(std::move(out));
  }
}

}  // namespace b2m::app
