// SPDX-License-Identifier: MIT
// What happened, as opposed to what is: bridge/event, the devices' event entities, bridge/logging.
#pragma once

#include <string>

#include "discovery/topics.hpp"
#include "gateway/io/clock.hpp"
#include "gateway/log.hpp"
#include "gateway/model/intent.hpp"
#include "gateway/mqtt/link.hpp"

namespace b2m::app {

class EventPublisher {
 public:
  EventPublisher(const Site& site, const discovery::Topics& topics, mqtt::Link& link, Clock& clock)
      : site_(site), topics_(topics), link_(link), clock_(clock) {}

  void publish(DeviceId device, const Note& note);
  void publish(const Alert& alert);
  void publish_log(log::Level level, std::string_view area, std::string_view text);

 private:
  void send(DeviceId device, const Note& note, mqtt::Lane lane);

  const Site& site_;
  const discovery::Topics& topics_;
  mqtt::Link& link_;
  Clock& clock_;
};

}  // namespace b2m::app
