// SPDX-License-Identifier: MIT
// An MQTT client of a test: keeps everything it hears, in order, and waits for what it should hear.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mqtt {
class async_client;
}

namespace b2m::test {

struct TapMessage {
  std::string topic, payload;
  bool retained = false;  // as it was published
  std::string correlation;
  std::chrono::steady_clock::time_point time;
};

struct TapPublish {
  bool retain = false;
  int qos = 1;
  std::string response_topic;
  std::string correlation;
  std::uint32_t expiry_s = 0;
};

class MqttTap {
 public:
  struct Login {
    std::string url;
    std::string username, password;
    std::string filter = "#";
  };
  using Test = std::function<bool(const TapMessage&)>;
  static constexpr std::chrono::milliseconds kLimit = std::chrono::seconds(10);

  /// Connected and subscribed, or throws.
  explicit MqttTap(const Login& login);
  ~MqttTap();
  MqttTap(const MqttTap&) = delete;
  MqttTap& operator=(const MqttTap&) = delete;

  void publish(const std::string& topic, const std::string& payload,
               const TapPublish& how = TapPublish());

  /// The place after the newest message; waits can start there.
  [[nodiscard]] std::size_t mark() const;
  /// The first message at or after `from` that passes.
  std::optional<TapMessage> wait(const Test& test, std::size_t from = 0,
                                 std::chrono::milliseconds limit = kLimit);
  /// Until the newest payload of a topic is this one.
  bool wait_state(std::string_view topic, std::string_view payload,
                  std::chrono::milliseconds limit = kLimit);
  /// The first bridge event at or after `from` whose text holds all of these.
  std::optional<TapMessage> wait_event(std::string_view base, std::vector<std::string> words,
                                       std::size_t from = 0,
                                       std::chrono::milliseconds limit = kLimit);

  [[nodiscard]] std::optional<std::string> last(std::string_view topic) const;
  [[nodiscard]] std::vector<TapMessage> all(std::size_t from = 0) const;
  [[nodiscard]] std::vector<std::string> payloads(std::string_view topic,
                                                  std::size_t from = 0) const;
  /// All of it as ha_check.py --topics reads it; returns the path.
  [[nodiscard]] std::string write_capture(const std::string& path) const;

 private:
  std::unique_ptr<mqtt::async_client> client_;
  mutable std::mutex mutex_;
  std::condition_variable news_;
  std::vector<TapMessage> heard_;
};

}  // namespace b2m::test
