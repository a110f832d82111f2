// SPDX-License-Identifier: MIT
#include "gateway/app/value_publisher.hpp"

#include <cmath>
#include <utility>

#include "discovery/state_json.hpp"
#include "discovery/value.hpp"

namespace b2m::app {
namespace {

constexpr std::string_view kOnline = "online";
constexpr std::string_view kOffline = "offline";

bool has_value_topic(const Entity& entity) {
  return entity.row->kind.type != ValueType::event && entity.row->key != "connection";
}

}  // namespace

ValuePublisher::ValuePublisher(Model& model, const Site& site, const discovery::Topics& topics,
                               mqtt::Link& link, Clock& clock)
    : model_(model),
      site_(site),
      topics_(topics),
      link_(link),
      clock_(clock),
      sent_(site.entities().size()),
      availability_(site.devices().size()) {
  for (const Entity& entity : site.entities())
    value_topics_.push_back(topics.value(site.device(entity.device), entity));
}

void ValuePublisher::flush() {
  const SteadyTime now = clock_.now();
  model_.take_dirty(changed_);
  for (const Slot slot : changed_) consider(slot, now);
  changed_.clear();
  while (!waiting_.empty() && waiting_.top().due <= now) {
    const Slot slot = waiting_.top().slot;
    waiting_.pop();
    sent_[slot].is_waiting = false;
    consider(slot, now);
  }
}

SteadyTime ValuePublisher::next_due() const {
  return waiting_.empty() ? kNever : waiting_.top().due;
}

bool ValuePublisher::has_moved(const Entity& entity, const Reading& reading) const {
  const Sent& sent = sent_[entity.slot];
  if (!sent.ever || sent.is_good != reading.is_good()) return true;
  if (!reading.is_good()) return false;
  if (entity.row->kind.type == ValueType::text) return true;
  return std::abs(reading.value - sent.value) > entity.dead_band;
}

void ValuePublisher::consider(Slot slot, SteadyTime now) {
  const Entity& entity = site_.entity(slot);
  Sent& sent = sent_[slot];
  if (sent.is_waiting || !has_value_topic(entity)) return;
  if (!has_moved(entity, model_.view(now)[slot])) return;
  const SteadyTime due = sent.at + from_seconds(entity.min_interval_s);
  if (!sent.ever || now >= due) return publish(slot, now);
  sent.is_waiting = true;
  waiting_.push({due, slot});
}

void ValuePublisher::publish(Slot slot, SteadyTime now) {
  const Entity& entity = site_.entity(slot);
  const Snapshot view = model_.view(now);
  const Reading& reading = view[slot];
  Sent& sent = sent_[slot];
  sent.value = reading.value;
  sent.is_good = reading.is_good();
  sent.ever = true;
  sent.at = now;
  mqtt::Outgoing message;
  message.topic = value_topics_[slot];
  message.payload = discovery::format_value(entity, reading, view.text(slot));
  message.retain = true;
  if (!link_.is_online() && offline_sample_ && reading.is_good() && !entity.row->kind.unit.empty())
    offline_sample_(
        entity, message.payload,
        clock_.wall() - std::chrono::duration_cast<WallTime::duration>(now - reading.time));
  link_.send(std::move(message));
}

void ValuePublisher::publish_now(Slot slot) {
  if (has_value_topic(site_.entity(slot))) publish(slot, clock_.now());
}

void ValuePublisher::tick() {
  const SteadyTime now = clock_.now();
  for (const Entity& entity : site_.entities()) {
    const Sent& sent = sent_[entity.slot];
    const bool is_old = sent.ever && now - sent.at >= from_seconds(entity.max_interval_s);
    if (is_old && has_value_topic(entity)) publish(entity.slot, now);
  }
  publish_availability();
  if (now < next_summary_) return;
  next_summary_ = now + summary_interval_;
  for (const Device& device : site_.devices())
    if (device.kind != DeviceKind::bridge) publish_summary(device);
}

void ValuePublisher::publish_availability() {
  for (const Device& device : site_.devices()) publish_availability(device, false);
}

void ValuePublisher::publish_availability_again() {
  for (const Device& device : site_.devices()) publish_availability(device, true);
}

void ValuePublisher::publish_availability(const Device& device, bool is_forced) {
  if (device.kind == DeviceKind::bridge) return;  // bridge/state is the session's
  const bool is_present = model_.view(clock_.now()).at(device.id, point::connected).is_on();
  const std::string_view state = is_present ? kOnline : kOffline;
  std::string& last = availability_[device.id.index];
  if (!is_forced && last == state) return;
  last = state;
  mqtt::Outgoing message;
  message.topic = topics_.availability(device.slug);
  message.payload = state;
  message.qos = 1;
  message.retain = true;
  link_.send(std::move(message));
  publish_summary(device);
}

void ValuePublisher::publish_summary(const Device& device) {
  mqtt::Outgoing message;
  message.topic = topics_.summary(device.slug);
  message.payload = discovery::summary_json(model_.view(clock_.now()), device, clock_.wall());
  message.retain = true;
  message.content_type = "application/json";
  link_.send(std::move(message));
}

void ValuePublisher::publish_all() {
  const SteadyTime now = clock_.now();
  publish_availability_again();
  for (const Entity& entity : site_.entities())
    if (has_value_topic(entity)) publish(entity.slot, now);
}

void ValuePublisher::publish_offline() {
  for (const Device& device : site_.devices()) {
    if (device.kind == DeviceKind::bridge) continue;
    mqtt::Outgoing message;
    message.topic = topics_.availability(device.slug);
    message.payload = kOffline;
    message.qos = 1;
    message.retain = true;
    link_.send(std::move(message));
  }
}

}  // namespace b2m::app
