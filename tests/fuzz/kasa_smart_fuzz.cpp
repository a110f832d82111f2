// SPDX-License-Identifier: MIT
// Any bytes as a reply in the newer command set: as the outer frame, and as each result in it.
#include <nlohmann/json.hpp>

#include "adapters/kasa/smart_protocol.hpp"
#include "tests/fuzz/kasa_replies.hpp"

namespace {

using namespace b2m;
using namespace b2m::kasa;

void check_sockets(const std::string& text) {
  const auto page = smart::parse_children(text);
  if (!fuzz::is_good(page)) return;
  fuzz::require(page->sum >= page->children.size());
  for (const auto& child : page->children) {
    fuzz::check(child.state);
    fuzz::check(child.position);
  }
  DeviceState state;
  if (fuzz::is_good(smart::add_children(state, page->children, page->sum))) fuzz::check(state);
}

void check_device(const std::string& text) {
  if (const auto state = smart::parse_info(text); fuzz::is_good(state)) fuzz::check(*state);
  fuzz::is_good(smart::parse_components(text));
  fuzz::is_good(smart::parse_child_components(text));
  MeterState meter;
  smart::add_emeter(text, meter);
  smart::add_usage(text, meter);
  smart::add_current_power(text, meter);
  fuzz::check(meter);
  static_cast<void>(smart::parse_relay(text));
  static_cast<void>(smart::says_auto_update(text));
}

void check_rules(const std::string& text) {
  if (const auto timers = smart::parse_timers(text); fuzz::is_good(timers)) fuzz::check(*timers);
  if (const auto config = smart::parse_auto_off(text); fuzz::is_good(config))
    fuzz::check_not_negative(config->minutes);
  fuzz::check_not_negative(smart::parse_auto_off_left(text));
  fuzz::require(smart::count_away_rules(text) >= 0);
  fuzz::require(smart::count_schedules_that_switch_on(text) >= 0);
}

void check_result(const std::string& text) {
  check_sockets(text);
  check_device(text);
  check_rules(text);
}

void check_led(const std::string& text) {
  for (const bool on : {false, true}) {
    const auto call = smart::set_led(text, on);
    if (!call.method.empty()) fuzz::require(parse_json(call.params).is_object());
  }
}

/// What is taken out of a reply must be JSON again.
bool check_part(const Result<std::string>& part) {
  if (!fuzz::is_good(part)) return false;
  fuzz::require(!parse_json(*part).is_discarded());
  check_result(*part);
  check_led(*part);
  return true;
}

void check_frame(const std::string& reply) {
  const auto result = smart::parse_result(reply, "any");
  if (!check_part(result)) return;
  check_part(smart::parse_child_result(*result, "any"));
  const auto answers = smart::parse_batch(*result);
  if (!fuzz::is_good(answers)) return;
  for (const auto& answer : *answers) check_part(answer.result);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string reply(bytes, bytes + size);
  check_result(reply);
  check_frame(reply);
  const auto call = smart::to_child(reply, smart::set_nickname(reply));
  fuzz::require(parse_json(smart::request(smart::batch({call, call}), 0)).is_object());
  return 0;
}
