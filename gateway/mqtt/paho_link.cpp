// SPDX-License-Identifier: MIT
#include "gateway/mqtt/paho_link.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include "gateway/log.hpp"
#include "gateway/mqtt/paho_options.hpp"
#include "gateway/mqtt/tls_diagnosis.hpp"

namespace b2m::mqtt {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr SteadyDuration kStopStep = 2ms;
constexpr SteadyDuration kStep = 10ms;
constexpr SteadyDuration kDestructionLimit = 10s;
constexpr SteadyDuration kFarewellLimit = 150ms;
constexpr SteadyDuration kLeavingLimit = 250ms;
constexpr int kFirstFailure = 0x80;  // MQTT 5 reason codes
constexpr std::size_t kMostComplaints = 5;
constexpr std::size_t kDeliveriesAtOnce = 50;
constexpr std::size_t kFew = 16;  // messages on their way that go in packets of their own

Outgoing status_message(const LinkSettings& settings, std::string_view status) {
  Outgoing m;
  m.topic = settings.will_topic;
  m.payload = status;
  m.qos = 1;
  m.retain = true;
  return m;
}

/// A broker ends the connection over a topic like that, and would do so for ever.
bool is_publishable(const std::string& topic) {
  return !topic.empty() && topic.size() <= 0xFFFF &&
         topic.find_first_of(std::string_view("+#\0", 3)) == std::string::npos;
}

/// Paho will never take this message; others may pass.
bool is_bad_message(int code) {
  return code == MQTTASYNC_BAD_UTF8_STRING || code == MQTTASYNC_BAD_QOS ||
         code == MQTTASYNC_BAD_MQTT_OPTION || code == MQTTASYNC_NULL_PARAMETER;
}

}  // namespace

PahoLink::PahoLink(Executor executor, Clock& clock, LinkSettings settings)
    : executor_(std::move(executor)),
      clock_(clock),
      settings_(std::move(settings)),
      outbox_({settings_.response_queue, settings_.event_queue, settings_.log_queue}),
      mailbox_(std::make_shared<Mailbox>(executor_, settings_.inbound_queue, [this] { visit(); })),
      protocol_(settings_.protocol == 4 ? 4 : 5),
      in_flight_(std::max<std::size_t>(settings_.window, 1) + 1),  // one for the farewell
      reconnect_(static_cast<unsigned>(std::hash<std::string>{}(settings_.client_id))) {}

PahoLink::~PahoLink() {
  mailbox_->close();
  leave();
  // The program may be at its end, and Paho does not survive that while it is still leaving. After
  // stop() there is nothing to wait for.
  const auto limit = std::chrono::steady_clock::now() + kLeavingLimit;
  while (!farewell_->is_gone && std::chrono::steady_clock::now() < limit)
    std::this_thread::sleep_for(kStopStep);
}

void PahoLink::start(LinkUser& user) {
  user_ = &user;
  connect();
}

void PahoLink::send(Outgoing message) {
  const bool is_lost_line = message.lane == Lane::log && !is_online();
  outbox_.push(std::move(message));
  if (is_lost_line) outbox_.drop_logs();
  pump();
}

bool PahoLink::history_room() const {
  return is_online() && outbox_.depth(Lane::history) == 0 && !in_flight_.has_history();
}

void PahoLink::connect() {
  state_ = State::connecting;
  ++generation_;
  try {
    const Connection::Settings with{paho_uri(settings_), settings_.client_id,
                                    protocol_,           settings_.window,
                                    generation_,         settings_.most_inbound_bytes};
    connection_ = std::make_unique<Connection>(with, mailbox_);
    connection_->client.connect(connect_options(settings_, protocol_),
                                reinterpret_cast<void*>(generation_), connection_->on_connect);
  } catch (const std::exception& e) {
    give_up(e.what(), reconnect_.after_unreachable());
  }
}

void PahoLink::visit() {
  const Mailbox::Content content = mailbox_->take();
  for (const Delivery& delivery : content.deliveries) take(delivery);
  for (const LinkEvent& event : content.events) take(event);
  stats_.received_dropped += content.dropped;
  for (const Incoming& message : content.messages) {
    ++stats_.received;
    if (message.too_large)
      log::warn("mqtt", "{}: a message of more than {} KiB is not read", message.topic,
                settings_.most_inbound_bytes / 1024);
    if (user_ && state_ != State::over) user_->on_message(message);
  }
  pump();
}

void PahoLink::take(const LinkEvent& event) {
  using What = LinkEvent::What;
  const bool is_of_attempt = event.generation == generation_;
  switch (event.what) {
    case What::connected:
      if (is_of_attempt && state_ == State::connecting) {
        most_unacknowledged_ = event.most_unacknowledged;
        on_connected();
      }
      return;
    case What::connect_failed:
      if (is_of_attempt && state_ == State::connecting) on_connect_failed(event);
      return;
    case What::diagnosed:
      if (!is_of_attempt || state_ != State::connecting) return;
      return on_refused(event.text.empty() ? "the broker cannot be reached" : event.text,
                        !event.text.empty());
    case What::subscribed:
      if (is_of_attempt && state_ == State::subscribing) on_subscribed();
      return;
    case What::subscribe_failed:
      if (is_of_attempt)
        on_lost(fmt::format("the broker refuses our subscriptions (code {})", event.reason), 0);
      return;
    case What::disconnected:
      if (is_of_attempt)
        on_lost(fmt::format("the broker has ended the connection (reason {})", event.reason),
                event.reason);
      return;
    case What::lost:
      if (is_of_attempt) on_lost("the connection is lost", 0);
      return;
  }
}

void PahoLink::on_connected() {
  state_ = State::subscribing;
  socket_.find(endpoint(settings_).port);
  connected_at_ = clock_.now();
  if (filters_.empty()) return on_subscribed();
  const auto filters = ::mqtt::string_collection::create(filters_);
  try {
    connection_->client.subscribe(filters,
                                  ::mqtt::iasync_client::qos_collection(filters_.size(), 1),
                                  reinterpret_cast<void*>(generation_), connection_->on_subscribe);
  } catch (const std::exception& e) {
    on_lost(e.what(), 0);
  }
}

void PahoLink::on_subscribed() {
  state_ = State::online;
  ++stats_.connects;
  last_failure_.clear();
  refused_messages_ = 0;
  reconnect_.on_connected();
  log::info("mqtt", "connected to {} with MQTT {}", settings_.url, protocol_ == 5 ? "5" : "3.1.1");
  if (!settings_.will_topic.empty()) send(status_message(settings_, settings_.online));
  user_->on_online();
}

void PahoLink::on_connect_failed(const LinkEvent& event) {
  const ConnectFailure failure = explain(event.code, event.reason, protocol_);
  if (failure.is_version && settings_.protocol == 0 && protocol_ == 5) {
    log::info("mqtt", "{} does not speak MQTT 5; using 3.1.1", settings_.url);
    protocol_ = 4;
    leave();
    return retry(SteadyDuration::zero());
  }
  if (uses_tls(settings_) && !failure.is_refusal) return diagnose();
  on_refused(failure.text, failure.is_refusal);
}

void PahoLink::on_refused(const std::string& why, bool is_refusal) {
  ++stats_.failed_connects;
  give_up(why, is_refusal ? reconnect_.after_refusal() : reconnect_.after_unreachable());
}

/// Takes its time, so a thread does it; the answer comes by the mailbox.
void PahoLink::diagnose() {
  std::thread([mailbox = mailbox_, settings = settings_, generation = generation_] {
    const Endpoint peer = endpoint(settings);
    LinkEvent event;
    event.what = LinkEvent::What::diagnosed;
    event.generation = generation;
    event.text = diagnose_tls(settings, peer.host, peer.port).value_or("");
    mailbox->put(std::move(event));
  }).detach();
}

void PahoLink::on_lost(std::string why, int reason) {
  if (state_ != State::subscribing && state_ != State::online) return;
  const bool was_online = is_online();
  take_back();
  outbox_.drop_logs();
  const auto loss =
      reconnect_.after_loss(clock_.now() - connected_at_, reason == kSessionTakenOver);
  if (loss.is_rival) {
    why = fmt::format(
        "another client uses the id \"{}\" and takes the connection over; give each gateway its "
        "own gateway.id or mqtt.client_id",
        settings_.client_id);
    log::error("mqtt", "{}", why);
  }
  give_up(why, loss.pause);
  if (was_online) user_->on_offline(why);
}

/// What was on its way goes back in the order in which it was sent.
void PahoLink::take_back() {
  for (Outgoing& message : in_flight_.take_all()) outbox_.put_back(std::move(message));
}

void PahoLink::give_up(const std::string& why, SteadyDuration pause) {
  if (why != last_failure_) log::warn("mqtt", "{}: {}; trying again", settings_.url, why);
  last_failure_ = why;
  if (settings_.protocol == 0) protocol_ = 5;  // what is there next may be another broker
  leave();
  retry(pause);
}

/// Paho's receiving thread sleeps for up to a second before it looks at a new socket, unless it is
/// new itself: it ends with the last client. So every attempt gets a client of its own.
void PahoLink::leave() { farewell_ = let_go(std::move(connection_)); }

void PahoLink::retry(SteadyDuration pause) {
  state_ = State::waiting;
  asio::co_spawn(executor_, retry_after(pause, generation_), asio::detached);
}

Awaitable<> PahoLink::retry_after(SteadyDuration pause, std::uint64_t generation) {
  const std::weak_ptr<bool> alive = alive_;
  const auto farewell = farewell_;
  const SteadyTime end = clock_.now() + pause;
  const SteadyTime limit = end + kDestructionLimit;
  for (SteadyTime until = end; until == end || (!farewell->is_gone && until < limit);
       until += kStep) {
    const auto slept = co_await clock_.sleep_until(until);
    if (!slept || alive.expired()) co_return;
  }
  if (state_ == State::waiting && generation == generation_) connect();
}

void PahoLink::take(const Delivery& delivery) {
  const bool is_refused = delivery.reason >= kFirstFailure;
  // The connection is breaking: it goes back together with the others, which keeps their order.
  if (!delivery.is_delivered && !is_refused) return;
  const auto message = in_flight_.take(delivery.id);
  if (!message) return;
  if (is_refused) return on_refused_message(*message, delivery.reason);
  outbox_.sent(*message);
}

/// Sent again it would be refused again, without end.
void PahoLink::on_refused_message(const Outgoing& message, int reason) {
  outbox_.lost(message.lane);
  if (++refused_messages_ > kMostComplaints) return;
  log::error("mqtt", "the broker refuses what we publish on {} (reason {}); check its access rules",
             message.topic, reason);
}

void PahoLink::pump() {
  if (is_leaving_) return;
  while (is_online() && has_room()) {
    auto message = outbox_.pop();
    if (!message || !publish(std::move(*message))) break;
  }
  socket_.send_at_once(in_flight_.size() <= kFew);
  ask_for_deliveries();
}

/// While nothing waits, it is enough to know when the last one has arrived.
void PahoLink::ask_for_deliveries() {
  const std::size_t flying = std::max<std::size_t>(in_flight_.size(), 1);
  std::size_t enough = std::clamp<std::size_t>(flying / 2, 1, kDeliveriesAtOnce);
  if (in_flight_.has_history() || in_flight_.unacknowledged() >= most_unacknowledged_) {
    enough = 1;  // the next one waits for it
  } else if (outbox_.empty()) {
    enough = flying;
  }
  if (std::exchange(asked_for_, enough) != enough) mailbox_->visit_after(enough);
}

bool PahoLink::publish(Outgoing message) {
  const std::uintptr_t id = in_flight_.add(std::move(message));
  const HandOver done = hand_over(in_flight_.at(id), id);
  if (done == HandOver::done) return true;
  message = std::move(*in_flight_.take(id));
  if (done == HandOver::never) {
    log::error("mqtt", "a message for the topic \"{}\" cannot be sent and is dropped",
               message.topic);
    outbox_.lost(message.lane);
    return true;
  }
  outbox_.put_back(std::move(message));
  if (in_flight_.empty()) on_lost("the connection takes no messages", 0);
  return false;
}

PahoLink::HandOver PahoLink::hand_over(const Outgoing& m, std::uintptr_t id) {
  if (!is_publishable(m.topic)) return HandOver::never;
  try {
    auto message = ::mqtt::make_message(m.topic, m.payload, m.qos, m.retain);
    if (protocol_ == 5) add_properties(*message, m);
    connection_->client.publish(std::move(message), reinterpret_cast<void*>(id),
                                connection_->on_delivery);
    return HandOver::done;
  } catch (const ::mqtt::exception& e) {
    log::debug("mqtt", "{}", e.what());
    return is_bad_message(e.get_return_code()) ? HandOver::never : HandOver::not_now;
  } catch (const std::exception& e) {
    log::debug("mqtt", "{}", e.what());
    return HandOver::never;
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
  while (is_online() && !is_idle() && clock_.now() < deadline) {
    const auto slept = co_await clock_.sleep_for(kStopStep);
    if (!slept) co_return;
  }
}

void PahoLink::say_goodbye() {
  is_leaving_ = true;
  if (settings_.will_topic.empty() || !is_online() || in_flight_.full()) return;
  const std::uintptr_t id = in_flight_.add(status_message(settings_, settings_.offline));
  if (hand_over(in_flight_.at(id), id) == HandOver::done) goodbye_ = id;
  mailbox_->visit_after(1);
}

Awaitable<> PahoLink::goodbye_said(SteadyTime deadline) {
  while (is_online() && in_flight_.holds(goodbye_) && clock_.now() < deadline) {
    const auto slept = co_await clock_.sleep_for(kStopStep);
    if (!slept) co_return;
  }
}

Awaitable<> PahoLink::stop(SteadyTime deadline) {
  if (is_online()) {
    co_await drain(deadline - kFarewellLimit - kLeavingLimit);
    say_goodbye();  // passes whatever still waits
    co_await goodbye_said(std::max(deadline - kLeavingLimit, clock_.now() + kFarewellLimit));
  }
  const bool has_said =
      settings_.will_topic.empty() || (goodbye_ != 0 && !in_flight_.holds(goodbye_));
  state_ = State::over;
  farewell_ = let_go(std::move(connection_), has_said ? Leaving::cleanly : Leaving::with_will);
  const auto farewell = farewell_;
  const SteadyTime limit = clock_.now() + kLeavingLimit;
  while (!farewell->is_gone && clock_.now() < limit) {
    const auto slept = co_await clock_.sleep_for(kStopStep);
    if (!slept) break;
  }
}

std::unique_ptr<Link> make_paho_link(Executor executor, Clock& clock, LinkSettings settings) {
  return std::make_unique<PahoLink>(std::move(executor), clock, std::move(settings));
}

}  // namespace b2m::mqtt
