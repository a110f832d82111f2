// SPDX-License-Identifier: MIT
#include "adapters/kasa/peer_smart.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include <nlohmann/json.hpp>
#include <openssl/evp.h>

namespace b2m::kasa {
namespace {

using nlohmann::json;

enum Code {
  ok = 0,
  unknown_method = -1002,
  bad_json = -1003,
  bad_parameters = -1008,
  schedule_full = -1802,
  no_countdown = -1901
};
constexpr std::size_t kMostInBatch = 5;

json failure(int code) { return {{"error_code", code}}; }
json success() { return failure(ok); }
json success(json result) { return {{"error_code", ok}, {"result", std::move(result)}}; }

std::int64_t whole(double value) { return std::llround(value); }

std::string to_base64(const std::string& text) {
  const std::vector<std::uint8_t> in(text.begin(), text.end());
  std::vector<std::uint8_t> out(4 * (in.size() / 3 + 1) + 1);
  const int n = EVP_EncodeBlock(out.data(), in.data(), static_cast<int>(in.size()));
  return {out.begin(), out.begin() + n};
}

std::string from_base64(const std::string& text) {
  const std::vector<std::uint8_t> in(text.begin(), text.end());
  std::vector<std::uint8_t> out(3 * (in.size() / 4 + 1));
  const int n = EVP_DecodeBlock(out.data(), in.data(), static_cast<int>(in.size()));
  if (n < 0) return "";
  const auto padding = std::count(text.begin(), text.end(), '=');
  return {out.begin(), out.begin() + n - padding};
}

template <class T>
std::optional<T> get(const json& object, const char* key) {
  if (!object.is_object() || !object.contains(key)) return std::nullopt;
  const json& value = object[key];
  if constexpr (std::is_same_v<T, bool>) {
    if (!value.is_boolean()) return std::nullopt;
  } else if constexpr (std::is_same_v<T, double>) {
    if (!value.is_number()) return std::nullopt;
  } else if (!value.is_string()) {
    return std::nullopt;
  }
  return value.get<T>();
}

class SmartAnswer {
 public:
  explicit SmartAnswer(PeerDevice& device) : d_(device) {}

  json answer(const json& request) {
    const auto method = get<std::string>(request, "method");
    if (!method) return failure(bad_json);
    const json parameters = request.contains("params") ? request["params"] : json::object();
    if (*method == "multipleRequest") return batch(parameters);
    const auto at = methods().find(*method);
    if (at == methods().end() || is_missing(*method)) return failure(unknown_method);
    return (this->*at->second)(parameters);
  }

 private:
  using Handler = json (SmartAnswer::*)(const json&);

  static const std::map<std::string_view, Handler>& methods() {
    static const std::map<std::string_view, Handler> kMethods = {
        {"component_nego", &SmartAnswer::components},
        {"get_device_info", &SmartAnswer::device_info},
        {"set_device_info", &SmartAnswer::set_device_info},
        {"get_energy_usage", &SmartAnswer::energy_usage},
        {"get_current_power", &SmartAnswer::current_power},
        {"get_emeter_data", &SmartAnswer::emeter},
        {"get_countdown_rules", &SmartAnswer::timers},
        {"add_countdown_rule", &SmartAnswer::add_timer},
        {"edit_countdown_rule", &SmartAnswer::edit_timer},
        {"remove_countdown_rules", &SmartAnswer::remove_timers},
        {"get_auto_off_config", &SmartAnswer::auto_off},
        {"set_auto_off_config", &SmartAnswer::set_auto_off},
        {"get_antitheft_rules", &SmartAnswer::no_rules},
        {"get_schedule_rules", &SmartAnswer::no_rules},
        {"get_led_info", &SmartAnswer::led},
        {"set_led_info", &SmartAnswer::set_led},
        {"get_device_time", &SmartAnswer::time},
        {"device_reboot", &SmartAnswer::reboot}};
    return kMethods;
  }

  [[nodiscard]] bool has_meter() const {
    return d_.model.meter != PeerMeter::none && !d_.has(PlugFaultKind::meter_missing);
  }
  [[nodiscard]] bool has_timer() const { return !d_.has(PlugFaultKind::no_timer); }

  [[nodiscard]] bool is_missing(const std::string& method) const {
    if (method == "get_emeter_data" && d_.model.hardware == "2.6") return true;
    if (method == "get_energy_usage" || method == "get_current_power" ||
        method == "get_emeter_data")
      return !has_meter();
    return method.find("countdown") != method.npos && !has_timer();
  }

  json batch(const json& parameters) {
    if (!parameters.is_object() || !parameters.contains("requests") ||
        !parameters["requests"].is_array() || parameters["requests"].size() > kMostInBatch)
      return failure(bad_parameters);
    json responses = json::array();
    for (const json& request : parameters["requests"]) {
      json response = answer(request);
      response["method"] = request.is_object() ? request.value("method", json()) : json();
      const bool has_failed = response["error_code"] != ok;
      responses.push_back(std::move(response));
      if (has_failed) break;  // some firmware leaves the rest unanswered
    }
    return success({{"responses", std::move(responses)}});
  }

  json components(const json&) {
    std::vector<std::string> names = {"device",   "firmware",  "time",
                                      "schedule", "antitheft", "led",
                                      "auto_off", "account",   "power_protection"};
    if (has_timer()) names.emplace_back("countdown");
    if (has_meter()) names.emplace_back("energy_monitoring");
    json list = json::array();
    for (const std::string& name : names) list.push_back({{"id", name}, {"ver_code", 2}});
    return success({{"component_list", std::move(list)}});
  }

  PeerSocket& socket() { return d_.sockets.front(); }

  json device_info(const json&) {
    const double on_time_s = d_.on_time_s(0);
    const bool counts = d_.has_auto_off && socket().is_on;
    std::string mac = d_.mac();
    std::ranges::replace(mac, ':', '-');
    return success({{"device_id", d_.device_id()},
                    {"fw_ver", d_.model.firmware},
                    {"hw_ver", d_.model.hardware},
                    {"type", d_.model.wire.starts_with('P') ? "SMART.TAPOPLUG" : "SMART.KASAPLUG"},
                    {"model", d_.model.wire},
                    {"mac", mac},
                    {"nickname", to_base64(d_.alias)},
                    {"ssid", to_base64("bench")},
                    {"device_on", socket().is_on},
                    {"on_time", static_cast<std::int64_t>(on_time_s)},
                    {"rssi", -50},
                    {"signal_level", 2},
                    {"overheat_status", "normal"},
                    {"overcurrent_status", "normal"},
                    {"power_protection_status", "normal"},
                    {"auto_off_status", counts ? "on" : "off"},
                    {"auto_off_remain_time", counts ? whole(d_.auto_off_s - on_time_s) : 0}});
  }

  json set_device_info(const json& parameters) {
    const auto is_on = get<bool>(parameters, "device_on");
    const auto nickname = get<std::string>(parameters, "nickname");
    if (!is_on && !nickname) return failure(bad_parameters);
    if (is_on) d_.switch_relay(0, *is_on, "lan");
    if (nickname) d_.alias = from_base64(*nickname);
    return success();
  }

  json energy_usage(const json&) {
    const auto wh = static_cast<std::int64_t>(socket().load->energy_wh());
    return success({{"current_power", whole(socket().load->power().value * 1000)},
                    {"today_energy", wh},
                    {"month_energy", wh},
                    {"today_runtime", 0},
                    {"month_runtime", 0},
                    {"local_time", "2026-01-01 00:00:00"}});
  }

  json current_power(const json&) {
    return success({{"current_power", whole(socket().load->power().value)}});
  }

  json emeter(const json&) {
    const sim::WallLoad& load = *socket().load;
    return success({{"power_mw", whole(load.power().value * 1000)},
                    {"voltage_mv", whole(load.voltage().value * 1000)},
                    {"current_ma", whole(load.current().value * 1000)},
                    {"energy_wh", static_cast<std::int64_t>(load.energy_wh())}});
  }

  json timers(const json&) {
    const PeerTimer& timer = socket().timer;
    json list = json::array();
    if (!timer.id.empty())
      list.push_back({{"id", timer.id},
                      {"enable", timer.is_enabled},
                      {"delay", whole(timer.delay_s)},
                      {"remain", whole(d_.remaining_s(timer))},
                      {"desired_states", {{"on", timer.turns_on}}}});
    return success({{"countdown_rule_max_count", 1},
                    {"enable", timer.is_enabled},
                    {"rule_list", std::move(list)}});
  }

  static std::optional<PeerTimer> read_timer(const json& rule) {
    const auto delay = get<double>(rule, "delay");
    const auto is_enabled = get<bool>(rule, "enable");
    if (!delay || *delay < 0 || !is_enabled || !rule.contains("desired_states"))
      return std::nullopt;
    const auto turns_on = get<bool>(rule["desired_states"], "on");
    if (!turns_on) return std::nullopt;
    PeerTimer timer;
    timer.id = get<std::string>(rule, "id").value_or("");
    timer.is_enabled = *is_enabled;
    timer.delay_s = *delay;
    timer.turns_on = *turns_on;
    return timer;
  }

  json add_timer(const json& parameters) {
    const auto rule = read_timer(parameters);
    if (!rule) return failure(bad_parameters);
    const auto id = d_.add_timer(0, *rule);
    return id ? success({{"id", *id}}) : failure(schedule_full);
  }

  json edit_timer(const json& parameters) {
    const auto rule = read_timer(parameters);
    if (!rule || rule->id.empty()) return failure(bad_parameters);
    return d_.edit_timer(0, *rule) ? success() : failure(no_countdown);
  }

  json remove_timers(const json& parameters) {
    if (get<bool>(parameters, "remove_all").value_or(false)) return d_.delete_timers(0), success();
    if (!parameters.is_object() || !parameters.contains("rule_list"))
      return failure(bad_parameters);
    for (const json& rule : parameters["rule_list"])
      if (!d_.delete_timer(0, get<std::string>(rule, "id").value_or("")))
        return failure(no_countdown);
    return success();
  }

  json auto_off(const json&) {
    return success({{"enable", d_.has_auto_off}, {"delay_min", whole(d_.auto_off_s / 60)}});
  }

  json set_auto_off(const json& parameters) {
    const auto is_enabled = get<bool>(parameters, "enable");
    const auto minutes = get<double>(parameters, "delay_min");
    if (!is_enabled || (minutes && *minutes < 1)) return failure(bad_parameters);
    d_.has_auto_off = *is_enabled;
    if (minutes) d_.auto_off_s = *minutes * 60;
    return success();
  }

  json no_rules(const json&) { return success({{"enable", false}, {"rule_list", json::array()}}); }

  json led(const json&) {
    return success({{"led_rule", d_.is_led_on ? "always" : "never"}, {"led_status", d_.is_led_on}});
  }

  json set_led(const json& parameters) {
    const auto rule = get<std::string>(parameters, "led_rule");
    if (!rule) return failure(bad_parameters);
    d_.is_led_on = *rule != "never";
    return success();
  }

  json time(const json&) {
    return success({{"timestamp", 1767225600}, {"time_diff", 0}, {"region", "Europe/London"}});
  }

  json reboot(const json&) {
    d_.reboot(SteadyDuration::zero(), "reboot");
    return success();
  }

  PeerDevice& d_;
};

}  // namespace

std::string answer_smart(PeerDevice& device, std::string_view request) {
  const json parsed = json::parse(request, nullptr, false);
  if (!parsed.is_object()) return failure(bad_json).dump();
  return SmartAnswer(device).answer(parsed).dump();
}

}  // namespace b2m::kasa
