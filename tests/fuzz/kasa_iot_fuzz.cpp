// SPDX-License-Identifier: MIT
// Any bytes as a reply in the old command set, to every question there is.
#include <nlohmann/json.hpp>

#include "adapters/kasa/iot_protocol.hpp"
#include "tests/fuzz/kasa_replies.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace b2m;
  using namespace b2m::kasa;
  const std::string reply(bytes, bytes + size);
  for (const iot::Method method : {iot::kSetRelay, iot::kAddTimer, iot::kEditTimer})
    fuzz::is_good(iot::parse_done(reply, method));
  if (const auto state = iot::parse_sysinfo(reply); fuzz::is_good(state)) fuzz::check(*state);
  if (const auto meter = iot::parse_realtime(reply); fuzz::is_good(meter)) fuzz::check(*meter);
  if (const auto timers = iot::parse_timers(reply); fuzz::is_good(timers)) fuzz::check(*timers);
  for (const iot::Method method : {iot::kSchedule, iot::kAwayMode})
    for (const bool any_end : {false, true})
      if (const auto count = iot::count_rules(reply, method, any_end); fuzz::is_good(count))
        fuzz::require(*count >= 0);
  for (const auto& request : {iot::alias_request(reply, reply), iot::relay_request(reply, false),
                              iot::replace_timer_request(reply, reply, 60)})
    fuzz::require(parse_json(request).is_object());
  return 0;
}
