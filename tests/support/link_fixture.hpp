// SPDX-License-Identifier: MIT
// A link under test with its event loop, and a user that remembers everything it was told.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "gateway/mqtt/link.hpp"

namespace b2m::test {

class RememberingUser final : public mqtt::LinkUser {
 public:
  void on_online() override {
    ++onlines;
    if (when_online) when_online();
  }
  void on_offline(std::string_view reason) override { offlines.emplace_back(reason); }
  void on_message(const mqtt::Incoming& message) override { messages.push_back(message); }

  int onlines = 0;
  std::vector<std::string> offlines;
  std::vector<mqtt::Incoming> messages;
  std::function<void()> when_online;
};

class LinkUnderTest {
 public:
  using Seconds = std::chrono::seconds;

  explicit LinkUnderTest(mqtt::LinkSettings settings, std::vector<std::string> filters = {"in/#"},
                         Clock* clock = nullptr)
      : own_clock_(make_clock(io_.get_executor())) {
    link_ =
        mqtt::make_paho_link(io_.get_executor(), clock ? *clock : *own_clock_, std::move(settings));
    link_->subscribe(std::move(filters));
    link_->start(user_);
  }

  bool run_until(const std::function<bool()>& done, std::chrono::milliseconds limit = Seconds(10)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!done()) {
      if (std::chrono::steady_clock::now() >= end) return false;
      io_.run_one_for(std::chrono::milliseconds(10));
    }
    return true;
  }
  bool run_until_online(std::chrono::milliseconds limit = Seconds(10)) {
    return run_until([this] { return link_->is_online(); }, limit);
  }
  bool run_until_sent() {
    return run_until([this] {
      const auto stats = link_->stats();
      std::size_t waiting = stats.in_flight;
      for (const auto& [lane, queue] : stats.lanes) waiting += queue.depth;
      return waiting == 0;
    });
  }
  /// How long stop() took.
  std::chrono::milliseconds stop(std::chrono::milliseconds deadline) {
    const auto start = std::chrono::steady_clock::now();
    bool is_over = false;
    boost::asio::co_spawn(
        io_,
        [](mqtt::Link& link, SteadyTime until, bool& over) -> Awaitable<> {
          co_await link.stop(until);
          over = true;
        }(*link_, own_clock_->now() + deadline, is_over),
        boost::asio::detached);
    run_until([&] { return is_over; });
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 start);
  }
  void send(std::string topic, std::string payload, int qos = 0, bool retain = false,
            mqtt::Lane lane = mqtt::Lane::state) {
    mqtt::Outgoing m;
    m.topic = std::move(topic);
    m.payload = std::move(payload);
    m.qos = qos;
    m.retain = retain;
    m.lane = lane;
    link_->send(std::move(m));
  }

  mqtt::Link* operator->() { return link_.get(); }
  RememberingUser& user() { return user_; }
  boost::asio::io_context& io() { return io_; }

 private:
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};
  std::unique_ptr<Clock> own_clock_;
  RememberingUser user_;
  std::unique_ptr<mqtt::Link> link_;
};

inline mqtt::LinkSettings settings_for(const std::string& url) {
  mqtt::LinkSettings s;
  s.url = url;
  s.client_id = "gateway_under_test";
  s.will_topic = "base/bridge/state";
  return s;
}

}  // namespace b2m::test
