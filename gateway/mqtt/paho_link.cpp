// SPDX-License-Identifier: MIT
// The link on Paho MQTT C++. Its threads only put what they have to say into the mailbox; the state
// machine, the queues and the retries are ours.
#include <algorithm>
#include <random>
#include <thread>
#include <unordered_map>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>
#include <mqtt/async_client.h>

#include "gateway/log.hpp"
#include "gateway/mqtt/link.hpp"
#include "gateway/mqtt/outbox.hpp"
#include "gateway/mqtt/paho_mailbox.hpp"
#include "gateway/mqtt/paho_options.hpp"

namespace b2m::mqtt {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::size_t kMostInboundBytes = 256 * 1024;
constexpr SteadyDuration kStopStep = 2ms;

/// Lives as long as the client: Paho calls a connect listener twice on a first connection.
class ConnectListener final : public ::mqtt::iaction_listener {
 public:
  ConnectListener(std::shared_ptr<Mailbox> mailbox, LinkEvent::What good, LinkEvent::What bad)
      : mailbox_(std::move(mailbox)), good_(good), bad_(bad) {}
  void on_success(const ::mqtt::token& token) override { put(token, good_); }
  void on_failure(const ::mqtt::token& token) override { put(token, bad_); }

 private:
  void put(const ::mqtt::token& token, LinkEvent::What what) {
    LinkEvent event;
    event.what = what;
    event.generation = reinterpret_cast<std::uintptr_t>(token.get_user_context());
    event.code = token.get_return_code();
    event.reason = token.get_reason_code();
    event.text = ::mqtt::exception::error_str(event.code);
    mailbox_->put(std::move(event));
  }
  std::shared_ptr<Mailbox> mailbox_;
  LinkEvent::What good_, bad_;
};

class DeliveryListener final : public ::mqtt::iaction_listener {
 public:
  explicit DeliveryListener(std::shared_ptr<Mailbox> mailbox) : mailbox_(std::move(mailbox)) {}
  void on_success(const ::mqtt::token& t) override { put(t, true); }
  void on_failure(const ::mqtt::token& t) override { put(t, false); }

 private:
  void put(const ::mqtt::token& t, bool ok) {
    mailbox_->put(Delivery{reinterpret_cast<std::uintptr_t>(t.get_user_context()), ok});
  }
  std::shared_ptr<Mailbox> mailbox_;
};

Incoming to_incoming(const ::mqtt::message& m) {
  Incoming in;
  in.topic = m.get_topic();
  in.too_large = m.get_payload_ref().size() > kMostInboundBytes;
  if (!in.too_large) in.payload = m.get_payload_str();
  in.retained = m.is_retained();
  in.qos = m.get_qos();
  const auto& p = m.get_properties();
  if (p.contains(::mqtt::property::RESPONSE_TOPIC))
    in.response_topic = ::mqtt::get<std::string>(p, ::mqtt::property::RESPONSE_TOPIC);
  if (p.contains(::mqtt::property::CORRELATION_DATA))
    in.correlation = ::mqtt::get<std::string>(p, ::mqtt::property::CORRELATION_DATA);
  return in;
}

/// What Paho's threads use; lives until Paho has let go of it.
struct Connection {
  Connection(const std::string& uri, const std::string& id, int protocol,
             std::shared_ptr<Mailbox> box)
      : mailbox(std::move(box)),
        on_connect(mailbox, LinkEvent::What::connected, LinkEvent::What::connect_failed),
        on_subscribe(mailbox, LinkEvent::What::subscribed, LinkEvent::What::subscribe_failed),
        on_delivery(mailbox),
        client(uri, id, create_options(protocol)) {
    client.set_connection_lost_handler([m = mailbox](const std::string& why) {
      LinkEvent event;
      event.text = why;
      m->put(std::move(event));
    });
    client.set_disconnected_handler(
        [m = mailbox](const ::mqtt::properties&, ::mqtt::ReasonCode reason) {
          LinkEvent event;
          event.what = LinkEvent::What::disconnected;
          event.reason = reason;
          m->put(std::move(event));
        });
    client.set_message_callback([m = mailbox](const ::mqtt::const_message_ptr& message) {
      if (message) m->put(to_incoming(*message));
    });
  }
  static ::mqtt::create_options create_options(int protocol) {
    return ::mqtt::create_options(protocol == 5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1);
  }

  std::shared_ptr<Mailbox> mailbox;
  ConnectListener on_connect, on_subscribe;
  DeliveryListener on_delivery;
  ::mqtt::async_client client;
};

class PahoLink final : public Link {
 public:
  PahoLink(Executor executor, Clock& clock, LinkSettings settings)
      : executor_(std::move(executor)),
        clock_(clock),
        settings_(std::move(settings)),
        outbox_({settings_.response_queue, settings_.event_queue, settings_.log_queue}),
        mailbox_(
            std::make_shared<Mailbox>(executor_, settings_.inbound_queue, [this] { visit(); })),
        protocol_(settings_.protocol == 4 ? 4 : 5),
        random_(static_cast<unsigned>(std::hash<std::string>{}(settings_.client_id))) {}
  ~PahoLink() override {
    mailbox_->close();
    *alive_ = false;
    let_go();
  }

  void start(LinkUser& user) override {
    user_ = &user;
    connect();
  }
  void subscribe(std::vector<std::string> filters) override { filters_ = std::move(filters); }
  void send(Outgoing message) override {
    outbox_.push(std::move(message));
    pump();
  }
  [[nodiscard]] bool is_online() const override { return state_ == State::online; }
  [[nodiscard]] bool takes_commands() const override { return outbox_.has_response_room(); }
  [[nodiscard]] bool history_room() const override {
    return is_online() && outbox_.depth(Lane::history) == 0 && history_in_flight_ == 0;
  }
  [[nodiscard]] LinkStats stats() const override;
  Awaitable<> stop(SteadyTime deadline) override;

 private:
  enum class State { idle, connecting, subscribing, online, waiting, stopping, over };

  void connect();
  void failed(const std::string& why, bool is_refusal);
  void retry(SteadyDuration pause);
  Awaitable<> retry_after(SteadyDuration pause, std::uint64_t generation);
  void visit();
  void take(const LinkEvent& event);
  void on_connected();
  void on_connect_failed(const LinkEvent& event);
  void on_subscribed();
  void on_lost(std::string why);
  void take(const Delivery& delivery);
  void pump();
  void publish(Outgoing message);
  bool hand_over(const Outgoing& message, std::uintptr_t id);
  void let_go();
  Awaitable<> drain(SteadyTime deadline);
  void publish_offline();
  [[nodiscard]] bool is_idle() const { return outbox_.empty() && in_flight_.empty(); }

  Executor executor_;
  Clock& clock_;
  LinkSettings settings_;
  LinkUser* user_ = nullptr;
  std::vector<std::string> filters_;
  Outbox outbox_;
  std::shared_ptr<Mailbox> mailbox_;
  std::unique_ptr<Connection> connection_;
  State state_ = State::idle;
  int protocol_;
  std::uint64_t generation_ = 0;
  std::unordered_map<std::uintptr_t, Outgoing> in_flight_;
  std::uintptr_t last_id_ = 0;
  std::size_t history_in_flight_ = 0;
  SteadyDuration pause_ = 1s;
  bool was_taken_over_ = false;
  std::string last_failure_;
  std::shared_ptr<std::string> tls_trouble_ = std::make_shared<std::string>();
  std::minstd_rand random_;
  LinkStats stats_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

void PahoLink::connect() {
  state_ = State::connecting;
  ++generation_;
  tls_trouble_->clear();
  try {
    if (!connection_)
      connection_ = std::make_unique<Connection>(paho_uri(settings_), settings_.client_id,
                                                 protocol_, mailbox_);
    auto options =
        connect_options(settings_, protocol_, [trouble = tls_trouble_](const std::string& text) {
          if (trouble->size() < 1000) *trouble += text;  // read only after the attempt is over
        });
    connection_->client.connect(std::move(options), reinterpret_cast<void*>(generation_),
                                connection_->on_connect);
  } catch (const std::exception& e) {
    failed(e.what(), false);
  }
}

void PahoLink::visit() {
  Mailbox::Content content = mailbox_->take();
  for (const LinkEvent& event : content.events) take(event);
  for (const Delivery& delivery : content.deliveries) take(delivery);
  stats_.received_dropped += content.dropped;
  for (const Incoming& message : content.messages) {
    ++stats_.received;
    if (state_ == State::online && user_) user_->on_message(message);
  }
  pump();
}

void PahoLink::take(const LinkEvent& event) {
  using What = LinkEvent::What;
  const bool is_of_attempt = event.generation == generation_;
  switch (event.what) {
    case What::connected:
      if (is_of_attempt && state_ == State::connecting) on_connected();
      return;
    case What::connect_failed:
      if (is_of_attempt && state_ == State::connecting) on_connect_failed(event);
      return;
    case What::subscribed:
      if (is_of_attempt && state_ == State::subscribing) on_subscribed();
      return;
    case What::subscribe_failed:
      if (is_of_attempt && state_ == State::subscribing)
        on_lost(fmt::format("the broker refuses our subscriptions (code {})", event.reason));
      return;
    case What::disconnected:
      was_taken_over_ = event.reason == kSessionTakenOver;
      return on_lost(
          was_taken_over_
              ? fmt::format("another client with the id \"{}\" has taken over; give each "
                            "gateway its own gateway.id",
                            settings_.client_id)
              : fmt::format("the broker has ended the connection (reason {})", event.reason));
    case What::lost:
      return on_lost(event.text.empty() ? "the connection is lost" : event.text);
  }
}

void PahoLink::on_connected() {
  state_ = State::subscribing;
  const auto filters = ::mqtt::string_collection::create(filters_);
  try {
    connection_->client.subscribe(filters,
                                  ::mqtt::iasync_client::qos_collection(filters_.size(), 1),
                                  reinterpret_cast<void*>(generation_), connection_->on_subscribe);
  } catch (const std::exception& e) {
    on_lost(e.what());
  }
}

void PahoLink::on_subscribed() {
  state_ = State::online;
  ++stats_.connects;
  last_failure_.clear();
  if (!was_taken_over_) pause_ = 1s;
  log::info("mqtt", "connected to {} with MQTT {}", settings_.url, protocol_ == 5 ? "5" : "3.1.1");
  Outgoing birth;
  birth.topic = settings_.will_topic;
  birth.payload = "online";
  birth.qos = 1;
  birth.retain = true;
  if (!birth.topic.empty()) send(std::move(birth));
  user_->on_online();
}

void PahoLink::on_connect_failed(const LinkEvent& event) {
  const ConnectFailure failure =
      explain(event.code, event.reason, event.text, *tls_trouble_, protocol_);
  if (failure.is_version && settings_.protocol == 0 && protocol_ == 5) {
    log::info("mqtt", "{} does not speak MQTT 5; using 3.1.1", settings_.url);
    protocol_ = 4;
    let_go();
    return connect();
  }
  failed(failure.text, failure.is_refusal);
}

void PahoLink::failed(const std::string& why, bool is_refusal) {
  ++stats_.failed_connects;
  if (why != last_failure_) log::warn("mqtt", "{}: {}; trying again", settings_.url, why);
  last_failure_ = why;
  if (settings_.protocol == 0 && protocol_ == 4) {
    protocol_ = 5;  // what is there next may be another broker
    let_go();
  }
  if (is_refusal) {
    retry(pause_);
    pause_ = std::min<SteadyDuration>(pause_ * 2, 60s);
    return;
  }
  retry(std::chrono::milliseconds(800 + random_() % 401));
}

void PahoLink::on_lost(std::string why) {
  if (state_ != State::subscribing && state_ != State::online) return;
  const bool was_online = state_ == State::online;
  for (auto& [id, message] : in_flight_) outbox_.put_back(std::move(message));
  in_flight_.clear();
  history_in_flight_ = 0;
  outbox_.drop_logs();
  state_ = State::waiting;
  try {
    connection_->client.disconnect(0);
  } catch (const std::exception&) {
    // It is gone already.
  }
  if (was_online) user_->on_offline(why);
  failed(why, was_taken_over_);
}

void PahoLink::retry(SteadyDuration pause) {
  state_ = State::waiting;
  asio::co_spawn(executor_, retry_after(pause, generation_), asio::detached);
}

Awaitable<> PahoLink::retry_after(SteadyDuration pause, std::uint64_t generation) {
  const std::weak_ptr<bool> alive = alive_;
  const auto slept = co_await clock_.sleep_for(pause);
  if (!slept || alive.expired()) co_return;
  if (state_ == State::waiting && generation == generation_) connect();
}

void PahoLink::take(const Delivery& delivery) {
  const auto at = in_flight_.find(delivery.id);
  if (at == in_flight_.end()) return;
  Outgoing message = std::move(at->second);
  in_flight_.erase(at);
  if (message.lane == Lane::history) --history_in_flight_;
  if (delivery.is_delivered) {
    outbox_.sent(message.lane);
  } else {
    outbox_.put_back(std::move(message));
  }
}

void PahoLink::pump() {
  while (state_ == State::online && in_flight_.size() < settings_.window) {
    auto message = outbox_.pop();
    if (!message) return;
    publish(std::move(*message));
  }
}

void PahoLink::publish(Outgoing message) {
  const std::uintptr_t id = ++last_id_;
  if (!hand_over(message, id)) {
    outbox_.put_back(std::move(message));
    return on_lost("the message could not be handed to the connection");
  }
  if (message.lane == Lane::history) ++history_in_flight_;
  in_flight_.emplace(id, std::move(message));
}

bool PahoLink::hand_over(const Outgoing& m, std::uintptr_t id) {
  try {
    auto message = ::mqtt::make_message(m.topic, m.payload, m.qos, m.retain);
    if (protocol_ == 5) add_properties(*message, m);
    connection_->client.publish(std::move(message), reinterpret_cast<void*>(id),
                                connection_->on_delivery);
    return true;
  } catch (const std::exception& e) {
    log::debug("mqtt", "{}", e.what());
    return false;
  }
}

LinkStats PahoLink::stats() const {
  LinkStats s = stats_;
  s.online = is_online();
  s.protocol = s.online ? protocol_ : 0;
  s.in_flight = in_flight_.size();
  s.lanes = outbox_.stats();
  return s;
}

Awaitable<> PahoLink::drain(SteadyTime deadline) {
  while (state_ == State::online && !is_idle() && clock_.now() < deadline) {
    const auto slept = co_await clock_.sleep_for(kStopStep);
    if (!slept) co_return;
  }
}

Awaitable<> PahoLink::stop(SteadyTime deadline) {
  if (state_ == State::online) {
    co_await drain(deadline);
    Outgoing farewell;
    farewell.topic = settings_.will_topic;
    farewell.payload = "offline";
    farewell.qos = 1;
    farewell.retain = true;
    if (!farewell.topic.empty()) send(std::move(farewell));
    co_await drain(std::max(deadline, clock_.now() + 100ms));
  }
  state_ = State::over;
  let_go();
}

/// Paho may take its time to end; it gets a thread of its own for that.
void PahoLink::let_go() {
  if (!connection_) return;
  std::thread([old = std::shared_ptr<Connection>(std::move(connection_))]() mutable {
    try {
      old->client.disable_callbacks();
      if (old->client.is_connected()) old->client.disconnect(100)->wait_for(500ms);
      old.reset();
    } catch (const std::exception&) {
      // Nobody is left to be told.
    }
  }).detach();
}

}  // namespace

std::unique_ptr<Link> make_paho_link(Executor executor, Clock& clock, LinkSettings settings) {
  return std::make_unique<PahoLink>(std::move(executor), clock, std::move(settings));
}

}  // namespace b2m::mqtt
