// SPDX-License-Identifier: MIT
// The configuration as plain structs; nothing beyond config/ ever sees TOML. Defaults stand here
// and nowhere else; docs/configuration.md is generated from the schemas.
#pragma once

#include <any>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/adapter.hpp"
#include "config/charging.hpp"
#include "config/mail.hpp"
#include "config/mistake.hpp"
#include "config/simulation.hpp"
#include "gateway/log.hpp"
#include "gateway/rules/balance_plan.hpp"

namespace b2m::config {

struct Gateway {
  std::string id = "battery2mqtt";
  std::string name = "battery2mqtt";
  std::string state_dir = "/var/lib/battery2mqtt";
  std::string log_level = "info";
  int control_interval_ms = 250;
  bool watchdog = true;
};

struct Mqtt {
  std::string url = "mqtt://127.0.0.1:1883";
  std::string username;
  Secret password;
  std::string base_topic;  // empty: gateway.id
  std::string client_id;   // empty: gateway.id
  std::string ca_file, cert_file, key_file;
  std::string protocol = "auto";  // auto, 5, 3.1.1
  double keep_alive_s = 30;
  double summary_interval_s = 10;
  double health_interval_s = 60;
  double min_interval_s = -1;  // -1: each quantity's own
  double max_interval_s = 300;
  bool history = true;
};

struct HomeAssistant {
  bool enabled = true;
  std::string discovery_prefix = "homeassistant";
  std::string status_topic = "homeassistant/status";
};

struct ControlRules {
  std::vector<std::string> allow;
};

struct Pack : rules::BalancePlan {
  std::string id;
  std::string name;  // empty: made from the id
  std::string model;
  std::string chemistry;            // a shipped or own cell profile
  int cells_in_series = 0;          // 0: as many as the source offers
  std::vector<std::string> source;  // "ADAPTER" or "ADAPTER/PART", best first
  Place place;
};

/// A warning limit: raised beyond `limit` after `delay_s`, cleared when back by `hysteresis`.
/// Limits themselves are normal.
struct Limit {
  double limit = 0;
  double hysteresis = 0;
  double delay_s = 0;
  bool is_set = false;  // the profile has this limit
};

/// A cell profile: config/profiles/chemistry/NAME.toml.
struct Chemistry {
  std::string name;
  double cell_plausible_low_v = 0, cell_plausible_high_v = 0;
  Limit cell_high_v, cell_low_v, cell_spread_v;
  Limit temperature_high_c, temperature_low_c;
  double balance_voltage_v = 0;  // 0: none
  std::vector<double> ocv_soc;   // 0 to 1, rising
  std::vector<double> ocv_v;     // open-circuit voltage of one cell at these states of charge
};

struct AdapterTable {
  std::shared_ptr<const AdapterKind> kind;  // never null
  std::string id;
  std::any settings;  // the struct of the kind's schema
  Place place;
};

struct Config {
  std::string file;
  Gateway gateway;
  Mqtt mqtt;
  HomeAssistant homeassistant;
  ControlRules control;
  Mail mail;
  Simulation simulation;
  std::vector<Pack> packs;
  std::vector<ChargingProfile> charging_profiles;  // of the file itself
  std::vector<Circuit> circuits;
  std::vector<Charger> chargers;
  std::vector<AdapterTable> adapters;
  std::map<std::string, Chemistry> chemistries;  // all that packs name, by that name
};

}  // namespace b2m::config
