// SPDX-License-Identifier: MIT
// A link that is online or not as the test says, and keeps what was sent.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gateway/mqtt/link.hpp"

namespace b2m::test {

class RecordingLink final : public mqtt::Link {
 public:
  void start(mqtt::LinkUser& u) override { user = &u; }
  void subscribe(std::vector<std::string> f) override { filters = std::move(f); }
  void send(mqtt::Outgoing message) override { sent.push_back(std::move(message)); }
  [[nodiscard]] bool is_online() const override { return online; }
  [[nodiscard]] bool takes_commands() const override { return commands; }
  [[nodiscard]] bool history_room() const override { return online; }
  [[nodiscard]] mqtt::LinkStats stats() const override { return {}; }
  Awaitable<> stop(SteadyTime) override { co_return; }

  /// Payloads sent to this topic, oldest first.
  [[nodiscard]] std::vector<std::string> on(const std::string& topic) const {
    std::vector<std::string> payloads;
    for (const mqtt::Outgoing& m : sent)
      if (m.topic == topic) payloads.push_back(m.payload);
    return payloads;
  }

  mqtt::LinkUser* user = nullptr;
  std::vector<std::string> filters;
  std::vector<mqtt::Outgoing> sent;
  bool online = true;
  bool commands = true;
};

}  // namespace b2m::test
