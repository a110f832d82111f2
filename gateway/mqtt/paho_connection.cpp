// SPDX-License-Identifier: MIT
#include "gateway/mqtt/paho_connection.hpp"

#include <thread>
#include <utility>

#include "gateway/log.hpp"

namespace b2m::mqtt {
namespace {

using namespace std::chrono_literals;

constexpr int kSpareBuffers = 10;  // subscriptions take a place as well
constexpr auto kFlushOnLeaving = 100ms;
constexpr auto kLeavingLimit = 800ms;

Incoming to_incoming(const ::mqtt::message& m, std::size_t most_bytes) {
  Incoming in;
  in.topic = m.get_topic();
  in.too_large = m.get_payload_ref().size() > most_bytes;
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

/// OpenSSL sets itself up when TLS is first used. Paho would do it at once, for 1.5 MB and 10 ms.
void leave_openssl_alone() {
  static const bool kIsDone = [] {
    MQTTAsync_init_options options = MQTTAsync_init_options_initializer;
    options.do_openssl_init = 0;
    MQTTAsync_global_init(&options);
    return true;
  }();
  (void)kIsDone;
}

::mqtt::create_options create_options(const Connection::Settings& s) {
  leave_openssl_alone();
  ::mqtt::create_options o(s.protocol == 5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1);
  o.set_max_buffered_messages(static_cast<int>(s.window) + kSpareBuffers);
  return o;
}

/// How many messages the broker takes before it has to acknowledge one.
std::size_t receive_maximum(const ::mqtt::token& connecting) {
  constexpr std::size_t kUnlimited = 0xFFFF;
  try {
    const auto response = connecting.get_connect_response();
    const auto& p = response.get_properties();
    if (!p.contains(::mqtt::property::RECEIVE_MAXIMUM)) return kUnlimited;
    return ::mqtt::get<std::uint16_t>(p, ::mqtt::property::RECEIVE_MAXIMUM);
  } catch (const ::mqtt::missing_response&) {
    return kUnlimited;
  }
}

}  // namespace

void StepListener::put(const ::mqtt::token& token, LinkEvent::What what) {
  LinkEvent event;
  event.what = what;
  event.generation = reinterpret_cast<std::uintptr_t>(token.get_user_context());
  event.code = token.get_return_code();
  event.reason = token.get_reason_code();
  event.text = ::mqtt::exception::error_str(event.code);
  if (what == LinkEvent::What::connected) event.most_unacknowledged = receive_maximum(token);
  mailbox_->put(std::move(event));
}

void DeliveryListener::put(const ::mqtt::token& token, bool is_delivered) {
  mailbox_->put(Delivery{reinterpret_cast<std::uintptr_t>(token.get_user_context()), is_delivered,
                         token.get_reason_code()});
}

Connection::Connection(const Settings& settings, std::shared_ptr<Mailbox> box)
    : mailbox(std::move(box)),
      generation(settings.generation),
      protocol(settings.protocol),
      on_connect(mailbox, LinkEvent::What::connected, LinkEvent::What::connect_failed),
      on_subscribe(mailbox, LinkEvent::What::subscribed, LinkEvent::What::subscribe_failed),
      on_delivery(mailbox),
      client(settings.uri, settings.client_id, create_options(settings)) {
  client.set_connection_lost_handler([m = mailbox, g = generation](const std::string& why) {
    LinkEvent event;
    event.generation = g;
    event.text = why;
    m->put(std::move(event));
  });
  client.set_disconnected_handler(
      [m = mailbox, g = generation](const ::mqtt::properties&, ::mqtt::ReasonCode reason) {
        LinkEvent event;
        event.what = LinkEvent::What::disconnected;
        event.generation = g;
        event.reason = reason;
        m->put(std::move(event));
      });
  client.set_message_callback(
      [m = mailbox, most = settings.most_bytes](const ::mqtt::const_message_ptr& message) {
        if (message) m->put(to_incoming(*message, most));
      });
}

namespace {

::mqtt::disconnect_options disconnect_options(int protocol, Leaving how) {
  ::mqtt::disconnect_options options;
  options.set_timeout(kFlushOnLeaving);
  if (protocol == 5 && how == Leaving::with_will)
    options.set_reason_code(::mqtt::ReasonCode(MQTTREASONCODE_DISCONNECT_WITH_WILL_MESSAGE));
  return options;
}

}  // namespace

std::shared_ptr<const Farewell> let_go(std::unique_ptr<Connection> connection, Leaving how) {
  auto farewell = std::make_shared<Farewell>();
  if (!connection) {
    farewell->has_left = true;
    farewell->is_gone = true;
    return farewell;
  }
  std::thread([old = std::move(connection), farewell, how]() mutable {
    try {
      old->client.disable_callbacks();
      if (old->client.is_connected())
        old->client.disconnect(disconnect_options(old->protocol, how))->wait_for(kLeavingLimit);
    } catch (const std::exception& e) {
      log::debug("mqtt", "leaving the broker: {}", e.what());
    }
    farewell->has_left = true;
    old.reset();
    farewell->is_gone = true;
  }).detach();
  return farewell;
}

}  // namespace b2m::mqtt
