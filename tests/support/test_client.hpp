// SPDX-License-Identifier: MIT
// An MQTT 5 client of its own for tests of the link: keeps what it hears, publishes with
// properties.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <mqtt/async_client.h>

namespace b2m::test {

struct Heard {
  std::string topic, payload;
  bool is_retained = false;
  std::string correlation, content_type;
};

struct Publishing {
  int qos = 1;
  bool is_retained = false;
  std::string response_topic{}, correlation{};
};

class TestClient {
 public:
  static constexpr std::chrono::milliseconds kLimit = std::chrono::seconds(10);

  /// Connected and subscribed, or throws.
  explicit TestClient(int port, const std::string& filter = "#");
  ~TestClient();
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  void publish(const std::string& topic, const std::string& payload,
               const Publishing& how = Publishing());
  bool wait(const std::function<bool(const Heard&)>& test,
            std::chrono::milliseconds limit = kLimit);
  bool wait_for(const std::string& topic, const std::string& payload);
  [[nodiscard]] std::vector<Heard> all() const;
  [[nodiscard]] std::optional<Heard> last(const std::string& topic) const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable news_;
  std::vector<Heard> heard_;
  ::mqtt::async_client client_;
};

}  // namespace b2m::test
