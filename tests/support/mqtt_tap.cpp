// SPDX-License-Identifier: MIT
#include "tests/support/mqtt_tap.hpp"

#include <algorithm>
#include <atomic>
#include <fstream>

#include <mqtt/async_client.h>

namespace b2m::test {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr auto kConnectLimit = std::chrono::seconds(10);

std::string next_client_id() {
  static std::atomic<int> count{0};
  return "test-tap-" + std::to_string(++count);
}

mqtt::connect_options connect_options(const MqttTap::Login& login) {
  mqtt::connect_options options;
  options.set_mqtt_version(MQTTVERSION_5);
  options.set_clean_start(true);
  options.set_connect_timeout(kConnectLimit);
  if (!login.username.empty()) options.set_user_name(login.username);
  if (!login.password.empty()) options.set_password(login.password);
  return options;
}

std::string correlation_of(const mqtt::const_message_ptr& message) {
  const mqtt::properties& properties = message->get_properties();
  if (!properties.contains(mqtt::property::CORRELATION_DATA)) return {};
  return mqtt::get<std::string>(properties, mqtt::property::CORRELATION_DATA);
}

}  // namespace

MqttTap::MqttTap(const Login& login)
    : client_(std::make_unique<mqtt::async_client>(
          login.url, next_client_id(), mqtt::create_options(MQTTVERSION_5, 100'000), nullptr)) {
  client_->set_message_callback([this](const mqtt::const_message_ptr& m) {
    TapMessage heard{m->get_topic(), m->to_string(), m->is_retained(), correlation_of(m),
                     SteadyClock::now()};
    const std::lock_guard lock(mutex_);
    heard_.push_back(std::move(heard));
    news_.notify_all();
  });
  client_->connect(connect_options(login))->wait();
  const mqtt::subscribe_options as_published(mqtt::subscribe_options::SUBSCRIBE_LOCAL,
                                             mqtt::subscribe_options::RETAIN_AS_PUBLISHED);
  client_->subscribe(login.filter, 1, as_published)->wait();
}

MqttTap::~MqttTap() {
  try {
    client_->disable_callbacks();
    if (client_->is_connected()) client_->disconnect()->wait_for(std::chrono::seconds(2));
  } catch (const mqtt::exception&) {  // the broker has gone; so does the client
  }
}

void MqttTap::publish(const std::string& topic, const std::string& payload, const TapPublish& how) {
  mqtt::properties properties;
  if (!how.response_topic.empty())
    properties.add({mqtt::property::RESPONSE_TOPIC, how.response_topic});
  if (!how.correlation.empty()) properties.add({mqtt::property::CORRELATION_DATA, how.correlation});
  if (how.expiry_s > 0)
    properties.add(
        {mqtt::property::MESSAGE_EXPIRY_INTERVAL, static_cast<std::int32_t>(how.expiry_s)});
  const auto message = mqtt::message::create(topic, payload, how.qos, how.retain, properties);
  client_->publish(message)->wait_for(kConnectLimit);
}

std::size_t MqttTap::mark() const {
  const std::lock_guard lock(mutex_);
  return heard_.size();
}

std::optional<TapMessage> MqttTap::wait(const Test& test, std::size_t from,
                                        std::chrono::milliseconds limit) {
  const auto end = SteadyClock::now() + limit;
  std::unique_lock lock(mutex_);
  for (;;) {
    for (; from < heard_.size(); ++from)
      if (test(heard_[from])) return heard_[from];
    if (news_.wait_until(lock, end) == std::cv_status::timeout && from == heard_.size())
      return std::nullopt;
  }
}

bool MqttTap::wait_state(std::string_view topic, std::string_view payload,
                         std::chrono::milliseconds limit) {
  const auto end = SteadyClock::now() + limit;
  std::size_t from = 0;
  while (last(topic) != payload) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - SteadyClock::now());
    if (left.count() <= 0) return false;
    from = mark();
    if (last(topic) == payload) return true;
    wait([&](const TapMessage& m) { return m.topic == topic; }, from, left);
  }
  return true;
}

std::optional<TapMessage> MqttTap::wait_event(std::string_view base, std::vector<std::string> words,
                                              std::size_t from, std::chrono::milliseconds limit) {
  const std::string topic = std::string(base) + "/bridge/event";
  return wait(
      [&](const TapMessage& m) {
        return m.topic == topic && std::ranges::all_of(words, [&](const std::string& w) {
                 return m.payload.find(w) != std::string::npos;
               });
      },
      from, limit);
}

std::optional<std::string> MqttTap::last(std::string_view topic) const {
  const std::lock_guard lock(mutex_);
  for (auto at = heard_.rbegin(); at != heard_.rend(); ++at)
    if (at->topic == topic) return at->payload;
  return std::nullopt;
}

std::vector<TapMessage> MqttTap::all(std::size_t from) const {
  const std::lock_guard lock(mutex_);
  return {heard_.begin() + static_cast<std::ptrdiff_t>(std::min(from, heard_.size())),
          heard_.end()};
}

std::vector<std::string> MqttTap::payloads(std::string_view topic, std::size_t from) const {
  std::vector<std::string> found;
  for (const TapMessage& m : all(from))
    if (m.topic == topic) found.push_back(m.payload);
  return found;
}

std::string MqttTap::write_capture(const std::string& path) const {
  std::ofstream out(path, std::ios::binary);
  for (const TapMessage& m : all())
    out << m.topic << '\t' << (m.retained ? 1 : 0) << '\t' << m.payload << '\n';
  return path;
}

}  // namespace b2m::test
