// SPDX-License-Identifier: MIT
// One client of Paho's with the listeners that its threads call; all they do is fill the mailbox.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include <mqtt/async_client.h>

#include "gateway/mqtt/paho_mailbox.hpp"

namespace b2m::mqtt {

/// Lives as long as the client: Paho calls a connect listener twice on a first connection.
class StepListener final : public ::mqtt::iaction_listener {
 public:
  StepListener(std::shared_ptr<Mailbox> mailbox, LinkEvent::What good, LinkEvent::What bad)
      : mailbox_(std::move(mailbox)), good_(good), bad_(bad) {}
  void on_success(const ::mqtt::token& token) override { put(token, good_); }
  void on_failure(const ::mqtt::token& token) override { put(token, bad_); }

 private:
  void put(const ::mqtt::token& token, LinkEvent::What what);
  std::shared_ptr<Mailbox> mailbox_;
  LinkEvent::What good_, bad_;
};

class DeliveryListener final : public ::mqtt::iaction_listener {
 public:
  explicit DeliveryListener(std::shared_ptr<Mailbox> mailbox) : mailbox_(std::move(mailbox)) {}
  void on_success(const ::mqtt::token& token) override { put(token, true); }
  void on_failure(const ::mqtt::token& token) override { put(token, false); }

 private:
  void put(const ::mqtt::token& token, bool is_delivered);
  std::shared_ptr<Mailbox> mailbox_;
};

/// What Paho's threads use; lives until Paho has let go of it.
struct Connection {
  struct Settings {
    std::string uri, client_id;
    int protocol = 5;
    std::size_t window = 0;
    std::uint64_t generation = 0;  // of the attempt to connect that this client is for
    std::size_t most_bytes = 0;    // of a message that comes in
  };
  Connection(const Settings& settings, std::shared_ptr<Mailbox> box);

  std::shared_ptr<Mailbox> mailbox;
  std::uint64_t generation;
  int protocol;
  StepListener on_connect, on_subscribe;
  DeliveryListener on_delivery;
  ::mqtt::async_client client;
};

struct Farewell {
  std::atomic<bool> has_left{false};  // the broker has been told, or cannot be
  std::atomic<bool> is_gone{false};   // destroyed
};
enum class Leaving {
  cleanly,    // the broker forgets the will
  with_will,  // "offline" has not arrived by itself: the broker is to publish the will (MQTT 5)
};
/// Disconnects and destroys on a thread of its own, since Paho may take its time for both.
std::shared_ptr<const Farewell> let_go(std::unique_ptr<Connection> connection,
                                       Leaving how = Leaving::cleanly);

}  // namespace b2m::mqtt
