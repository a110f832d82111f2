// SPDX-License-Identifier: MIT
// From Paho's threads to the event loop: what they have to say waits here, and one posted visit
// fetches all of it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>

#include "gateway/mqtt/link.hpp"

namespace b2m::mqtt {

/// Something that Paho has said about the connection; `generation` is that of the attempt.
struct LinkEvent {
  enum class What {
    connected,
    connect_failed,
    subscribed,
    subscribe_failed,
    lost,
    disconnected,
    diagnosed
  };
  What what = What::lost;
  std::uint64_t generation = 0;
  int code = 0;    // Paho's return code, or MQTT's reason code of `disconnected`
  int reason = 0;  // MQTT 5 reason code, or the CONNACK's code
  std::size_t most_unacknowledged = 0xFFFF;  // `connected`: what the broker allows
  std::string text;
};

struct Delivery {
  std::uintptr_t id = 0;
  bool is_delivered = false;
  int reason = 0;  // MQTT 5, from 0x80: the broker does not want it
};

class Mailbox : public std::enable_shared_from_this<Mailbox> {
 public:
  struct Content {
    std::vector<LinkEvent> events;
    std::vector<Delivery> deliveries;
    std::deque<Incoming> messages;
    std::uint64_t dropped = 0;

    [[nodiscard]] bool empty() const {
      return events.empty() && deliveries.empty() && messages.empty();
    }
  };

  Mailbox(Executor executor, std::size_t most_messages, std::function<void()> visit)
      : executor_(std::move(executor)), most_messages_(most_messages), visit_(std::move(visit)) {}

  void put(LinkEvent event) {
    const std::scoped_lock lock(mutex_);
    content_.events.push_back(std::move(event));
    want_visit();
  }
  void put(Delivery delivery) {
    const std::scoped_lock lock(mutex_);
    content_.deliveries.push_back(delivery);
    if (content_.deliveries.size() >= enough_deliveries_) want_visit();
  }
  void put(Incoming message) {
    const std::scoped_lock lock(mutex_);
    if (content_.messages.size() >= most_messages_) {
      content_.messages.pop_front();
      ++content_.dropped;
    }
    content_.messages.push_back(std::move(message));
    want_visit();
  }
  Content take() {
    const std::scoped_lock lock(mutex_);
    is_visit_posted_ = !visit_;
    return std::exchange(content_, {});
  }
  /// Deliveries alone are worth a visit when there are so many of them: waking the loop for each
  /// costs more than the message itself.
  void visit_after(std::size_t deliveries) {
    const std::scoped_lock lock(mutex_);
    enough_deliveries_ = deliveries;
    if (!content_.deliveries.empty() && content_.deliveries.size() >= deliveries) want_visit();
  }
  /// No visit comes any more, and the event loop may end. On the event loop.
  void close() {
    const std::scoped_lock lock(mutex_);
    is_visit_posted_ = true;
    visit_ = nullptr;
  }

 private:
  void want_visit() {
    if (std::exchange(is_visit_posted_, true)) return;
    boost::asio::post(executor_, [self = shared_from_this()] {
      if (self->visit_) self->visit_();
    });
  }

  Executor executor_;
  std::size_t most_messages_;
  std::function<void()> visit_;  // the event loop's
  std::mutex mutex_;
  Content content_;
  std::size_t enough_deliveries_ = 1;
  bool is_visit_posted_ = false;
};

}  // namespace b2m::mqtt
