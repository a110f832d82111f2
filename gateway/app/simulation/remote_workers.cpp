// SPDX-License-Identifier: MIT
#include "gateway/app/simulation/remote_workers.hpp"

#include <utility>

#include "gateway/app/simulation/remote_place.hpp"

namespace b2m::app {

std::unique_ptr<JobPlace> make_remote_workers(const config::Config& config,
                                              const mqtt::LinkSettings& link, Executor executor,
                                              Clock& clock) {
  if (!config.simulation.enabled || !config.simulation.remote_workers) return nullptr;
  RemotePlaceSettings settings;
  settings.base_topic = config.mqtt.base_topic.empty() ? config.gateway.id : config.mqtt.base_topic;
  settings.group = config.simulation.remote_group;
  settings.gateway = config.gateway.id;
  settings.timeout_s = config.simulation.remote_timeout_s;
  auto own_link = mqtt::make_paho_link(executor, clock, remote_link_settings(link));
  return std::make_unique<RemotePlace>(settings, std::move(executor), clock, std::move(own_link));
}

}  // namespace b2m::app
