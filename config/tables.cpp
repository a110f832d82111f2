// SPDX-License-Identifier: MIT
#include "config/tables.hpp"

#include "config/topics.hpp"
#include "gateway/log.hpp"

namespace b2m::config {

namespace {

std::vector<std::string> log_levels() { return {log::kLevels, std::end(log::kLevels)}; }

constexpr double kHour = 3600;
constexpr double kDay = 24 * kHour;

}  // namespace

const Schema<Gateway>& gateway_schema() {
  using S = Gateway;
  static const auto kSchema =
      Schema<S>("gateway", "The gateway itself.")
          .option("id", &S::id,
                  "Makes several gateways on one broker distinct: base topic, client id and the "
                  "prefix of every unique id in Home Assistant.",
                  gateway_id())
          .option("name", &S::name, "Name of the gateway's device in Home Assistant.", not_empty())
          .option("state_dir", &S::state_dir, "Folder of the database.", not_empty())
          .option("log_level", &S::log_level, "Least level that is logged.", one_of(log_levels()))
          .option("control_interval_ms", &S::control_interval_ms,
                  "Longest time between two runs of the rules.", range(50, 10'000))
          .option("watchdog", &S::watchdog,
                  "Tell systemd's watchdog, where there is one, that all is well.");
  return kSchema;
}

const Schema<Mqtt>& mqtt_schema() {
  using S = Mqtt;
  static const auto kSchema =
      Schema<S>("mqtt", "The broker.")
          .option("url", &S::url, "mqtt://HOST:PORT, or mqtts://HOST:PORT for TLS.")
          .option("username", &S::username, "Name for the login.")
          .option("password", &S::password, "Password for the login.")
          .option("base_topic", &S::base_topic, "First part of every topic; not set: gateway.id.",
                  topic())
          .option("client_id", &S::client_id, "MQTT client id; not set: gateway.id.", client_id())
          .option("ca_file", &S::ca_file,
                  "Certificate authority of the broker; not set: the system's. Needs mqtts.")
          .option("cert_file", &S::cert_file, "Client certificate. Needs mqtts and key_file.")
          .option("key_file", &S::key_file, "Key of the client certificate. Needs cert_file.")
          .option("protocol", &S::protocol, "MQTT version; auto: 5, else 3.1.1.",
                  one_of({"auto", "5", "3.1.1"}))
          .option("keep_alive_s", &S::keep_alive_s, "Longest silence towards the broker.",
                  range(1, kHour))
          .option("summary_interval_s", &S::summary_interval_s,
                  "Least time between two JSON summaries of a device.", range(1, kHour))
          .option("health_interval_s", &S::health_interval_s, "Time between two bridge/health.",
                  range(1, kHour))
          .option("min_interval_s", &S::min_interval_s,
                  "Least time between two messages of a value; not set: each quantity's own.",
                  range(0, kHour))
          .option("max_interval_s", &S::max_interval_s,
                  "An unchanged value is sent again after this time.", range(1, kDay))
          .option("history", &S::history,
                  "Keep samples while the broker is away and send them afterwards.")
          .check(check_mqtt);
  return kSchema;
}

const Schema<HomeAssistant>& homeassistant_schema() {
  using S = HomeAssistant;
  static const auto kSchema =
      Schema<S>("homeassistant", "Home Assistant's MQTT discovery.")
          .option("enabled", &S::enabled, "Announce devices to Home Assistant.")
          .option("discovery_prefix", &S::discovery_prefix, "As in Home Assistant's MQTT settings.",
                  topic())
          .option("status_topic", &S::status_topic,
                  "Where Home Assistant says that it has started.", topic());
  return kSchema;
}

const Schema<ControlRules>& control_schema() {
  static const auto kSchema =
      Schema<ControlRules>("control", "What this gateway may switch.")
          .option("allow", &ControlRules::allow,
                  "Classes of outputs that may be switched; empty: monitoring only.",
                  one_of({"plugs", "charging", "balancing", "contactors", "limits"}));
  return kSchema;
}

const Schema<Pack>& pack_schema() {
  using S = Pack;
  static const auto kSchema =
      Schema<S>("pack", "What the rules and Home Assistant see as one battery.")
          .required("id", &S::id, "Device in topics and unique ids; keep it for ever.", device_id())
          .option("name", &S::name, "Name in Home Assistant; not set: made from the id.",
                  not_empty())
          .option("model", &S::model, "Model in Home Assistant.")
          .required("chemistry", &S::chemistry,
                    "Cell profile with limits: a shipped one, or \"./FOLDER/FILE\" beside this "
                    "file.",
                    not_empty())
          .option("cells_in_series", &S::cells_in_series,
                  "Number of cells; not set: as many as the source offers.", range(1, 1000))
          .required("source", &S::source,
                    "ADAPTER or ADAPTER/PART that measures it; several: best first.", not_empty())
          .option("balance_difference_v", &S::balance_difference_v,
                  "A balancing run bleeds cells this far above the lowest one; changed by command, "
                  "as are the next two.",
                  range(0.001, 1))
          .option("balance_voltage_v", &S::balance_voltage_v,
                  "No cell is bled at or below it; not set: the chemistry's.", range(0.5, 60))
          .option("bleed_time_s", &S::bleed_time_s,
                  "How long a bleed goes on that is switched on by hand.", range(1, 3780))
          .option("balance_period_s", &S::balance_period_s,
                  "A balancing run bleeds for this long, then measures again.", range(5, kHour))
          .option("balance_rest_s", &S::balance_rest_s,
                  "Nothing is bled for this long before a balancing run measures.", range(0, 600))
          .option("balance_max_h", &S::balance_max_h, "A balancing run ends after this time.",
                  range(0.01, 168))
          .option("max_bleeders", &S::max_bleeders,
                  "So many cells of a module are bled at the same time; not set: all.",
                  range(1, 1000))
          .place(&S::place)
          .check([](const S& pack, Complaints& complaints) {
            if (pack.source.empty() && !pack.id.empty())
              complaints.about("source", "a pack needs a source",
                               "for example source = \"bench/1\"");
          });
  return kSchema;
}

}  // namespace b2m::config
