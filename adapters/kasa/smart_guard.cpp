// SPDX-License-Identifier: MIT
#include "adapters/kasa/smart_guard.hpp"

#include <fmt/format.h>

namespace b2m::kasa {
namespace {

using smart::Call;

Call question(const char* method) { return {method, {}}; }

/// The countdown of one socket. Its only entry is edited, back to life as well.
class SmartTimer final : public TimerSlot {
 public:
  SmartTimer(SmartSession& session, std::string child_id)
      : session_(session), child_id_(std::move(child_id)) {}

  Awaitable<Result<TimerRules>> read(SteadyTime deadline) override {
    const auto text = co_await session_.ask(child_id_, question("get_countdown_rules"), deadline);
    if (!text) co_return text.error();
    co_return smart::parse_timers(*text);
  }
  Awaitable<Result<>> add(int delay_s, SteadyTime deadline) override {
    co_return co_await session_.tell(child_id_, smart::add_timer(smart::marked_delay(delay_s)),
                                     Repeat::never, deadline);
  }
  Awaitable<Result<>> edit(std::string id, int delay_s, SteadyTime deadline) override {
    co_return co_await session_.tell(child_id_, smart::edit_timer(id, smart::marked_delay(delay_s)),
                                     Repeat::safe, deadline);
  }
  Awaitable<Result<>> replace(std::string, int delay_s, SteadyTime deadline) override {
    const auto cleared =
        co_await session_.tell(child_id_, smart::clear_timers(), Repeat::safe, deadline);
    if (!cleared) co_return cleared.error();
    co_return co_await add(delay_s, deadline);
  }
  Awaitable<Result<>> remove(TimerRule rule, SteadyTime deadline) override {
    if (rule.is_enabled == false) co_return Result<>();
    const int delay = static_cast<int>(rule.delay_s.value_or(1));
    co_return co_await session_.tell(child_id_, smart::stop_timer(rule.id, delay), Repeat::safe,
                                     deadline);
  }
  [[nodiscard]] bool can_edit_elapsed() const override { return true; }

 private:
  SmartSession& session_;
  std::string child_id_;
};

bool has_countdown(const smart::Components& components) { return components.contains("countdown"); }
bool has_auto_off(const smart::Components& components) { return components.contains("auto_off"); }

Error no_timer() {
  return {Errc::not_supported, "the device has neither a countdown nor auto-off"};
}

bool is_line(Errc code) {
  return code == Errc::timeout || code == Errc::disconnected || code == Errc::cancelled ||
         code == Errc::not_allowed;
}

/// The line is in trouble; anything else is only a device that does not know the question.
bool is_trouble(const Result<std::string>& answer) {
  return !answer && is_line(answer.error().code);
}

using Worries = std::vector<std::string>;

void worry_about_away_mode(const std::string& text, Worries& worries) {
  if (smart::count_away_rules(text) > 0)
    worries.emplace_back(
        "the away mode of the app is on: it switches the plug at random; switch "
        "it off");
}

void worry_about_schedules(const std::string& text, Worries& worries) {
  if (const int count = smart::count_schedules_that_switch_on(text); count > 0)
    worries.emplace_back(
        fmt::format("{} of the app's schedules switch this plug on by itself: "
                    "delete them, or the charger comes on without the gateway",
                    count));
}

void worry_about_timer(const std::string& text, Worries& worries) {
  const auto rules = smart::parse_timers(text);
  if (!rules) return;
  const auto guard = guard_of(*rules);
  if (!guard.is_ours && guard.remaining_s > 0)
    worries.emplace_back("a timer set in the app runs and takes the place of the guard: delete it");
}

void worry_about_auto_off(const std::string& text, int last_resort_min, Worries& worries) {
  const auto config = smart::parse_auto_off(text);
  if (config && config->is_enabled == true && config->minutes && *config->minutes < last_resort_min)
    worries.emplace_back(
        fmt::format("auto-off is set to {} min in the app: a charge that takes "
                    "longer is cut; set a longer time",
                    *config->minutes));
}

void worry_about_updates(const std::string& text, Worries& worries) {
  if (smart::says_auto_update(text))
    worries.emplace_back(
        "the plug updates its firmware by itself, which has ended local control "
        "before: switch auto-update off in the app");
}

}  // namespace

void SmartGuard::forget() {
  has_last_resort_.clear();
  timers_.clear();
}

Awaitable<Result<GuardState>> SmartGuard::arm(std::string child_id, smart::Components components,
                                              double seconds, SteadyTime deadline) {
  if (!has_countdown(components) && !has_auto_off(components)) co_return no_timer();
  if (!has_countdown(components)) co_return co_await arm_auto_off(child_id, seconds, deadline);
  SmartTimer timer(session_, child_id);
  auto& own = timers_[child_id];
  auto state = co_await arm_timer(timer, session_.clock(), own, seconds, deadline);
  if (state && has_auto_off(components) && !has_last_resort_.contains(child_id))
    state->worry = co_await set_last_resort(child_id, deadline);
  co_return state;
}

/// Once, and only where the user has not set a time of his own. Whether it works does not matter to
/// the countdown; where it does not read back it is tried again with the next renewal. Gives what
/// the user should know.
Awaitable<std::string> SmartGuard::set_last_resort(std::string child_id, SteadyTime deadline) {
  const auto trouble = [](const std::string& why) {
    return fmt::format(
        "the plug's own auto-off could not be set ({}), so after a power cut nothing ends a charge "
        "but the gateway: set auto-off in the app, longer than any charge",
        why);
  };
  for (bool may_set = true;; may_set = false) {
    const auto text = co_await session_.ask(child_id, question("get_auto_off_config"), deadline);
    if (is_trouble(text)) co_return std::string();
    if (!text) co_return trouble(text.error().text());
    const auto config = smart::parse_auto_off(*text);
    if (!config) co_return trouble(config.error().text());
    if (config->is_enabled == true) {
      has_last_resort_.insert(child_id);
      co_return std::string();
    }
    if (!may_set) co_return trouble("it does not read back as ordered");
    const auto set = co_await session_.tell(child_id, smart::set_auto_off(last_resort_min_),
                                            Repeat::safe, deadline);
    if (!set && is_line(set.error().code)) co_return std::string();
    if (!set) co_return trouble(set.error().text());
  }
}

Awaitable<Result<GuardState>> SmartGuard::arm_auto_off(std::string child_id, double seconds,
                                                       SteadyTime deadline) {
  const auto delay = timer_delay(seconds);
  if (!delay) co_return delay.error();
  const int minutes = (*delay + 59) / 60;
  const auto set =
      co_await session_.tell(child_id, smart::set_auto_off(minutes), Repeat::safe, deadline);
  if (!set) co_return set.error();
  const auto state = co_await read_auto_off(child_id, deadline);
  if (!state) co_return state.error();
  if (!state->is_armed || state->remaining_s > minutes * 60)
    co_return Error(
        Errc::refused,
        fmt::format("auto-off does not read back as ordered: ordered {} min, read {} s "
                    "left, {}",
                    minutes, state->remaining_s, state->is_armed ? "enabled" : "not enabled"));
  co_return state;
}

/// While the relay is off, it will run for its whole time.
Awaitable<Result<GuardState>> SmartGuard::read_auto_off(std::string child_id, SteadyTime deadline) {
  std::vector<Call> calls;
  calls.push_back(question("get_auto_off_config"));
  calls.push_back(question("get_device_info"));
  const auto answers = co_await session_.ask_all(child_id, std::move(calls), deadline);
  for (const auto& answer : answers)
    if (!answer) co_return answer.error();
  const auto config = smart::parse_auto_off(*answers[0]);
  if (!config) co_return config.error();
  const auto is_on = smart::parse_relay(*answers[1]);
  const auto left = smart::parse_auto_off_left(*answers[1]);
  GuardState state;
  if (config->is_enabled != true || !config->minutes) co_return state;
  if (is_on == false) state.remaining_s = *config->minutes * 60;
  if (is_on == true) state.remaining_s = left.value_or(0);
  state.is_running = is_on == true;
  state.is_armed = state.remaining_s > 0;
  co_return state;
}

Awaitable<Result<GuardState>> SmartGuard::read(std::string child_id, smart::Components components,
                                               SteadyTime deadline) {
  if (!has_countdown(components) && !has_auto_off(components)) co_return no_timer();
  if (!has_countdown(components)) co_return co_await read_auto_off(child_id, deadline);
  SmartTimer timer(session_, child_id);
  const auto rules = co_await timer.read(deadline);
  if (!rules) co_return rules.error();
  co_return guard_of(*rules);
}

Awaitable<Result<>> SmartGuard::disarm(std::string child_id, smart::Components components,
                                       SteadyTime deadline) {
  if (!has_countdown(components)) co_return Result<>();
  timers_.erase(child_id);
  SmartTimer timer(session_, child_id);
  co_return co_await remove_timer(timer, deadline);
}

Awaitable<Result<std::vector<std::string>>> SmartGuard::worries(std::string child_id,
                                                                smart::Components components,
                                                                SteadyTime deadline) {
  std::vector<Call> calls;
  calls.push_back(question("get_antitheft_rules"));
  calls.push_back(question("get_schedule_rules"));
  calls.back().params = R"({"start_index":0})";
  calls.push_back(question("get_countdown_rules"));
  calls.push_back(question("get_auto_off_config"));
  const auto answers = co_await session_.ask_all(child_id, std::move(calls), deadline);
  const auto update = co_await session_.ask({}, question("get_auto_update_info"), deadline);
  for (const auto& answer : answers)
    if (is_trouble(answer)) co_return answer.error();
  if (is_trouble(update)) co_return update.error();
  Worries worries;
  if (answers[0]) worry_about_away_mode(*answers[0], worries);
  if (answers[1]) worry_about_schedules(*answers[1], worries);
  if (answers[2]) worry_about_timer(*answers[2], worries);
  if (answers[3] && has_countdown(components))
    worry_about_auto_off(*answers[3], last_resort_min_, worries);
  if (update) worry_about_updates(*update, worries);
  co_return worries;
}

}  // namespace b2m::kasa
