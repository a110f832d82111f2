// SPDX-License-Identifier: MIT
#include "tests/support/test_client.hpp"

#include <algorithm>
#include <utility>

namespace b2m::test {
namespace {

constexpr int kMostBuffered = 100000;

std::string text_of(const ::mqtt::properties& p, ::mqtt::property::code code) {
  return p.contains(code) ? ::mqtt::get<std::string>(p, code) : std::string();
}

}  // namespace

TestClient::TestClient(int port, const std::string& filter)
    : client_("tcp://127.0.0.1:" + std::to_string(port), "",
              ::mqtt::create_options(MQTTVERSION_5, kMostBuffered), nullptr) {
  client_.set_message_callback([this](const ::mqtt::const_message_ptr& m) {
    if (!m) return;
    const auto& p = m->get_properties();
    const std::scoped_lock lock(mutex_);
    heard_.push_back({m->get_topic(), m->get_payload_str(), m->is_retained(),
                      text_of(p, ::mqtt::property::CORRELATION_DATA),
                      text_of(p, ::mqtt::property::CONTENT_TYPE)});
    news_.notify_all();
  });
  ::mqtt::connect_options options;
  options.set_mqtt_version(MQTTVERSION_5);
  options.set_clean_start(true);
  client_.connect(options)->wait();
  // Retained messages keep their flag also when they come live.
  client_.subscribe(filter, 1, ::mqtt::subscribe_options(false, true))->wait();
}

TestClient::~TestClient() {
  client_.disable_callbacks();
  try {
    client_.disconnect()->wait_for(std::chrono::seconds(1));
  } catch (const ::mqtt::exception&) {
    return;  // the broker is gone
  }
}

void TestClient::publish(const std::string& topic, const std::string& payload,
                         const Publishing& how) {
  auto message = ::mqtt::make_message(topic, payload, how.qos, how.is_retained);
  ::mqtt::properties p;
  if (!how.response_topic.empty()) p.add({::mqtt::property::RESPONSE_TOPIC, how.response_topic});
  if (!how.correlation.empty()) p.add({::mqtt::property::CORRELATION_DATA, how.correlation});
  message->set_properties(std::move(p));
  client_.publish(message)->wait();
}

bool TestClient::wait(const std::function<bool(const Heard&)>& test,
                      std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  return news_.wait_for(lock, limit,
                        [&] { return std::any_of(heard_.begin(), heard_.end(), test); });
}

bool TestClient::wait_for(const std::string& topic, const std::string& payload) {
  return wait([&](const Heard& m) { return m.topic == topic && m.payload == payload; });
}

std::vector<Heard> TestClient::all() const {
  const std::scoped_lock lock(mutex_);
  return heard_;
}

std::optional<Heard> TestClient::last(const std::string& topic) const {
  const std::scoped_lock lock(mutex_);
  const auto at = std::find_if(heard_.rbegin(), heard_.rend(),
                               [&](const Heard& m) { return m.topic == topic; });
  if (at == heard_.rend()) return std::nullopt;
  return *at;
}

}  // namespace b2m::test
