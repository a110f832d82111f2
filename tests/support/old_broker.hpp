// SPDX-License-Identifier: MIT
// A broker that knows MQTT 3.1.1 only, and of that just enough to connect, subscribe and publish.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace b2m::test {

class OldBroker {
 public:
  OldBroker();
  ~OldBroker();
  OldBroker(const OldBroker&) = delete;
  OldBroker& operator=(const OldBroker&) = delete;

  [[nodiscard]] std::string url() const { return "mqtt://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] int refused() const { return refused_; }
  [[nodiscard]] int published() const { return published_; }

 private:
  void serve();
  void talk(int client);
  bool answer(int client, const std::vector<std::uint8_t>& packet);
  bool greet(int client, const std::vector<std::uint8_t>& packet);

  int listener_;
  int port_ = 0;
  std::atomic<bool> is_over_{false};
  std::atomic<int> refused_{0}, published_{0};
  std::thread thread_;
};

}  // namespace b2m::test
