// SPDX-License-Identifier: MIT
// Values that come from foreign MQTT topics: the price of a kWh, the temperature at a battery.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "gateway/model/reading.hpp"
#include "gateway/mqtt/link.hpp"

namespace b2m::app {

/// The number in a payload: plain, or under a key of a JSON object. The error says what was wrong.
Result<double> number_in(std::string_view payload, std::string_view key);

class TopicInputs {
 public:
  using Set = std::function<void(Slot, double, Quality)>;

  TopicInputs(const Site& site, const std::vector<config::Charger>& chargers, Set set);
  [[nodiscard]] std::vector<std::string> filters() const;
  /// False when nobody has asked for this topic.
  bool on_message(const mqtt::Incoming& message);

 private:
  struct Input {
    std::string topic, key;
    Slot slot = kNoSlot;
    bool has_complained = false;
  };
  void add(const config::Charger& charger, RowId row, const std::string& topic,
           const std::string& key);
  void take(Input& input, const mqtt::Incoming& message);

  const Site& site_;
  std::vector<Input> inputs_;
  Set set_;
};

}  // namespace b2m::app
