// SPDX-License-Identifier: MIT
#include "adapters/kasa/peer_iot.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace b2m::kasa {
namespace {

using Json = nlohmann::ordered_json;

enum Code { ok = 0, no_module = -1, no_method = -2, bad_argument = -3, full = -10, no_entry = -14 };

Json failure(int code) {
  static const std::map<int, const char*> kTexts = {{no_module, "module not support"},
                                                    {no_method, "member not support"},
                                                    {bad_argument, "invalid argument"},
                                                    {full, "table is full"},
                                                    {no_entry, "entry not exist"}};
  return Json{{"err_code", code}, {"err_msg", kTexts.at(code)}};
}

Json success(Json fields = Json::object()) {
  fields["err_code"] = 0;
  return fields;
}

std::int64_t whole(double value) { return std::llround(value); }

/// One request on its way through the device.
class IotAnswer {
 public:
  IotAnswer(PeerDevice& device, bool is_datagram) : d_(device), is_datagram_(is_datagram) {}

  Json answer(const Json& request) {
    if (request.contains("context")) choose_sockets(request["context"]);
    Json reply = Json::object();
    for (const auto& [module, methods] : request.items())
      if (module != "context") reply[module] = answer_module(module, methods);
    return reply;
  }

 private:
  using Handler = Json (IotAnswer::*)(const Json&);
  struct Method {
    Handler handler;
    bool is_of_sockets;
  };
  using Methods = std::map<std::string_view, Method>;

  void choose_sockets(const Json& context) {
    if (!d_.is_strip()) return;
    is_chosen_ = true;
    if (!context.is_object() || !context.contains("child_ids")) return;
    for (const Json& id : context["child_ids"]) {
      std::size_t i = 0;
      while (i < d_.sockets.size() && !(id.is_string() && is_child(i, id.get<std::string>()))) ++i;
      if (i == d_.sockets.size()) has_unknown_child_ = true;
      chosen_.push_back(i);
    }
  }

  [[nodiscard]] bool is_child(std::size_t socket, const std::string& id) const {
    return id == d_.child_id(socket);
  }

  [[nodiscard]] std::size_t first() const { return chosen_.empty() ? 0 : chosen_.front(); }
  PeerSocket& socket() { return d_.sockets[first()]; }

  Json answer_module(const std::string& module, const Json& methods) {
    const Methods* known = find(module);
    if (!known) return failure(no_module);
    Json reply = Json::object();
    if (!methods.is_object()) return reply;
    for (const auto& [name, arguments] : methods.items()) {
      const auto method = known->find(name);
      if (method == known->end())
        reply[name] = failure(no_method);
      else if (method->second.is_of_sockets && has_unknown_child_)
        reply[name] = failure(no_entry);
      else
        reply[name] = (this->*method->second.handler)(arguments);
    }
    return reply;
  }

  [[nodiscard]] const Methods* find(const std::string& module) const {
    static const std::map<std::string_view, Methods> kModules = {
        {"system",
         {{"get_sysinfo", {&IotAnswer::sysinfo, false}},
          {"set_relay_state", {&IotAnswer::set_relay_state, true}},
          {"set_dev_alias", {&IotAnswer::set_alias, true}},
          {"set_led_off", {&IotAnswer::set_led_off, false}},
          {"reboot", {&IotAnswer::reboot, false}}}},
        {"emeter",
         {{"get_realtime", {&IotAnswer::realtime, true}},
          {"get_daystat", {&IotAnswer::days, true}},
          {"get_monthstat", {&IotAnswer::months, true}},
          {"erase_emeter_stat", {&IotAnswer::erase_statistics, true}}}},
        {"count_down",
         {{"get_rules", {&IotAnswer::timers, true}},
          {"add_rule", {&IotAnswer::add_timer, true}},
          {"edit_rule", {&IotAnswer::edit_timer, true}},
          {"delete_rule", {&IotAnswer::delete_timer, true}},
          {"delete_all_rules", {&IotAnswer::delete_timers, true}}}},
        {"schedule",
         {{"get_rules", {&IotAnswer::no_rules, true}},
          {"get_next_action", {&IotAnswer::no_action, true}}}},
        {"anti_theft", {{"get_rules", {&IotAnswer::no_rules, true}}}},
        {"time", {{"get_time", {&IotAnswer::time, false}}}},
        {"cnCloud", {{"get_info", {&IotAnswer::cloud, false}}}}};
    const bool is_missing =
        (module == "emeter" &&
         (d_.model.meter == PeerMeter::none || d_.has(PlugFaultKind::meter_missing, first()))) ||
        (module == "count_down" && d_.has(PlugFaultKind::no_timer, first()));
    const auto at = kModules.find(module);
    return is_missing || at == kModules.end() ? nullptr : &at->second;
  }

  Json sysinfo(const Json&) {
    Json info = {{"sw_ver", d_.model.firmware},
                 {"hw_ver", d_.model.hardware},
                 {"model", d_.model.wire},
                 {"deviceId", d_.device_id()},
                 {"oemId", std::string(32, '0')},
                 {"hwId", std::string(32, '0')},
                 {"rssi", -52},
                 {"latitude_i", 0},
                 {"longitude_i", 0},
                 {"alias", d_.alias},
                 {"status", "new"},
                 {"mac", d_.mac()},
                 {"updating", 0},
                 {"led_off", d_.is_led_on ? 0 : 1},
                 {"feature", has_meter() ? "TIM:ENE" : "TIM"}};
    info[d_.model.meter == PeerMeter::float_units ? "type" : "mic_type"] = "IOT.SMARTPLUGSWITCH";
    if (d_.is_strip())
      add_children(info);
    else
      add_plug(info);
    return success(std::move(info));
  }

  [[nodiscard]] bool has_meter() const {
    return d_.model.meter != PeerMeter::none && !d_.has(PlugFaultKind::meter_missing);
  }

  void add_plug(Json& info) const {
    const PeerSocket& s = d_.sockets.front();
    info["dev_name"] = d_.model.title;
    info["relay_state"] = s.is_on ? 1 : 0;
    info["on_time"] = static_cast<std::int64_t>(d_.on_time_s(0));
    info["active_mode"] = s.timer.is_enabled ? "count_down" : "none";
    info["next_action"] = next_action(s.timer);
    info["icon_hash"] = "";
    info["ntc_state"] = 0;
  }

  void add_children(Json& info) const {
    info["child_num"] = d_.sockets.size();
    info["children"] = Json::array();
    for (std::size_t i = 0; i < d_.sockets.size(); ++i) {
      const PeerSocket& s = d_.sockets[i];
      info["children"].push_back({{"id", is_datagram_ ? fmt::format("{:02}", i) : d_.child_id(i)},
                                  {"state", s.is_on ? 1 : 0},
                                  {"alias", s.alias},
                                  {"on_time", static_cast<std::int64_t>(d_.on_time_s(i))},
                                  {"next_action", next_action(s.timer)}});
    }
  }

  [[nodiscard]] Json next_action(const PeerTimer& timer) const {
    if (!timer.is_enabled) return {{"type", -1}};
    return {{"type", 2},
            {"id", timer.id},
            {"schd_sec", whole(d_.remaining_s(timer))},
            {"action", timer.turns_on ? 1 : 0}};
  }

  Json set_relay_state(const Json& arguments) {
    if (!arguments.is_object() || !arguments.contains("state") ||
        !arguments["state"].is_number_integer())
      return failure(bad_argument);
    const bool is_on = arguments["state"] != 0;
    if (is_chosen_)
      for (const std::size_t i : chosen_) d_.switch_relay(i, is_on, "lan");
    else
      for (std::size_t i = 0; i < d_.sockets.size(); ++i) d_.switch_relay(i, is_on, "lan");
    return success();
  }

  Json set_alias(const Json& arguments) {
    if (!arguments.is_object() || !arguments.contains("alias") || !arguments["alias"].is_string())
      return failure(bad_argument);
    const std::string alias = arguments["alias"];
    if (alias.empty() || alias.size() > 31) return failure(bad_argument);
    (is_chosen_ ? socket().alias : d_.alias) = alias;
    return success();
  }

  Json set_led_off(const Json& arguments) {
    if (!arguments.is_object() || !arguments.contains("off")) return failure(bad_argument);
    d_.is_led_on = arguments["off"] == 0;
    return success();
  }

  Json reboot(const Json&) {
    d_.reboot(SteadyDuration::zero(), "reboot");
    return success();
  }

  Json realtime(const Json&) {
    const sim::WallLoad& load = *socket().load;
    const double total_wh = d_.total_wh(first());
    if (d_.model.meter == PeerMeter::float_units)
      return success({{"voltage", load.voltage().value},
                      {"current", load.current().value},
                      {"power", load.power().value},
                      {"total", total_wh / 1000}});
    Json reply = {{"current_ma", whole(load.current().value * 1000)},
                  {"voltage_mv", whole(load.voltage().value * 1000)},
                  {"power_mw", whole(load.power().value * 1000)},
                  {"total_wh", static_cast<std::int64_t>(total_wh)}};
    if (d_.is_strip()) reply["slot_id"] = first();
    return success(std::move(reply));
  }

  Json days(const Json&) { return success({{"day_list", Json::array()}}); }
  Json months(const Json&) { return success({{"month_list", Json::array()}}); }

  Json erase_statistics(const Json&) {
    d_.restart_total(first());
    return success();
  }

  Json timers(const Json&) {
    Json list = Json::array();
    const PeerTimer& timer = socket().timer;
    if (!timer.id.empty())
      list.push_back({{"id", timer.id},
                      {"name", timer.name},
                      {"enable", timer.is_enabled ? 1 : 0},
                      {"delay", whole(timer.delay_s)},
                      {"act", timer.turns_on ? 1 : 0},
                      {"remain", whole(d_.remaining_s(timer))}});
    return success({{"rule_list", std::move(list)}});
  }

  static std::optional<PeerTimer> read_timer(const Json& rule) {
    if (!rule.is_object()) return std::nullopt;
    for (const char* key : {"enable", "delay", "act"})
      if (!rule.contains(key) || !rule[key].is_number_integer()) return std::nullopt;
    PeerTimer timer;
    timer.is_enabled = rule["enable"] != 0;
    timer.delay_s = rule["delay"];
    timer.turns_on = rule["act"] != 0;
    if (rule.contains("name") && rule["name"].is_string()) timer.name = rule["name"];
    if (rule.contains("id") && rule["id"].is_string()) timer.id = rule["id"];
    if (timer.delay_s < 0) return std::nullopt;
    return timer;
  }

  Json add_timer(const Json& arguments) {
    const auto rule = read_timer(arguments);
    if (!rule) return failure(bad_argument);
    const auto id = d_.add_timer(first(), *rule);
    return id ? success({{"id", *id}}) : failure(full);
  }

  Json edit_timer(const Json& arguments) {
    const auto rule = read_timer(arguments);
    if (!rule || rule->id.empty()) return failure(bad_argument);
    return d_.edit_timer(first(), *rule) ? success() : failure(no_entry);
  }

  Json delete_timer(const Json& arguments) {
    if (!arguments.is_object() || !arguments.contains("id") || !arguments["id"].is_string())
      return {{"err_code", -10002}, {"err_msg", "Missing neccesary argument"}};
    return d_.delete_timer(first(), arguments["id"]) ? success() : failure(no_entry);
  }

  Json delete_timers(const Json&) {
    d_.delete_timers(first());
    return success();
  }

  Json no_rules(const Json&) {
    return success({{"rule_list", Json::array()}, {"version", 2}, {"enable", 0}});
  }
  Json no_action(const Json&) { return success({{"type", -1}}); }
  Json time(const Json&) {
    return success(
        {{"year", 2026}, {"month", 1}, {"mday", 1}, {"hour", 0}, {"min", 0}, {"sec", 0}});
  }
  Json cloud(const Json&) {
    return success({{"username", ""}, {"server", ""}, {"binded", 0}, {"cld_connection", 0}});
  }

  PeerDevice& d_;
  bool is_datagram_;
  bool is_chosen_ = false;
  bool has_unknown_child_ = false;
  std::vector<std::size_t> chosen_;
};

}  // namespace

std::string answer_iot(PeerDevice& device, std::string_view request, bool is_datagram) {
  const Json json = Json::parse(request, nullptr, false);
  if (!json.is_object()) return "{}";
  return IotAnswer(device, is_datagram).answer(json).dump();
}

}  // namespace b2m::kasa
