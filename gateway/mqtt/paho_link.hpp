// SPDX-License-Identifier: MIT
// The link on Paho MQTT C++. Its threads only put what they have to say into the mailbox; the state
// machine, the queues and the retries are ours and live on the event loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gateway/mqtt/in_flight.hpp"
#include "gateway/mqtt/link.hpp"
#include "gateway/mqtt/outbox.hpp"
#include "gateway/mqtt/paho_connection.hpp"
#include "gateway/mqtt/paho_mailbox.hpp"
#include "gateway/mqtt/paho_socket.hpp"
#include "gateway/mqtt/reconnect.hpp"

namespace b2m::mqtt {

class PahoLink final : public Link {
 public:
  PahoLink(Executor executor, Clock& clock, LinkSettings settings);
  ~PahoLink() override;

  void start(LinkUser& user) override;
  void subscribe(std::vector<std::string> filters) override { filters_ = std::move(filters); }
  void send(Outgoing message) override;
  [[nodiscard]] bool is_online() const override { return state_ == State::online; }
  [[nodiscard]] bool takes_commands() const override { return outbox_.has_response_room(); }
  [[nodiscard]] bool history_room() const override;
  [[nodiscard]] LinkStats stats() const override;
  Awaitable<> stop(SteadyTime deadline) override;

 private:
  enum class State { idle, connecting, subscribing, online, waiting, over };
  enum class HandOver { done, not_now, never };

  void connect();
  void visit();
  void take(const LinkEvent& event);
  void take(const Delivery& delivery);
  void on_connected();
  void on_connect_failed(const LinkEvent& event);
  void on_refused(const std::string& why, bool is_refusal);
  void diagnose();
  void on_subscribed();
  void on_lost(std::string why, int reason);
  void take_back();
  void give_up(const std::string& why, SteadyDuration pause);
  void leave();
  void say_goodbye();
  Awaitable<> goodbye_said(SteadyTime deadline);
  void retry(SteadyDuration pause);
  Awaitable<> retry_after(SteadyDuration pause, std::uint64_t generation);
  void pump();
  [[nodiscard]] bool has_room() const {
    return in_flight_.size() < settings_.window &&
           in_flight_.unacknowledged() < most_unacknowledged_;
  }
  void ask_for_deliveries();
  void on_refused_message(const Outgoing& message, int reason);
  /// False: no more for now.
  bool publish(Outgoing message);
  HandOver hand_over(const Outgoing& message, std::uintptr_t id);
  Awaitable<> drain(SteadyTime deadline);
  [[nodiscard]] bool is_idle() const { return outbox_.empty() && in_flight_.empty(); }

  Executor executor_;
  Clock& clock_;
  LinkSettings settings_;
  LinkUser* user_ = nullptr;
  std::vector<std::string> filters_;
  Outbox outbox_;
  std::shared_ptr<Mailbox> mailbox_;
  std::unique_ptr<Connection> connection_;
  std::uintptr_t goodbye_ = 0;                // our own "offline", in flight
  bool is_leaving_ = false;                   // nothing else goes out any more
  std::shared_ptr<const Farewell> farewell_;  // the client before it
  State state_ = State::idle;
  int protocol_;
  std::uint64_t generation_ = 0;  // of the attempt to connect
  SteadyTime connected_at_{};
  InFlight in_flight_;
  BrokerSocket socket_;
  std::size_t most_unacknowledged_ = 0xFFFF;  // the broker's receive maximum
  std::size_t asked_for_ = 1;
  std::size_t refused_messages_ = 0;  // of this connection
  std::string last_failure_;
  Reconnect reconnect_;
  LinkStats stats_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace b2m::mqtt
