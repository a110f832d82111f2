// SPDX-License-Identifier: MIT
// The conversation with a plug or strip of the old command set.
#include <map>
#include <set>

#include <fmt/format.h>

#include "adapters/kasa/iot_protocol.hpp"
#include "adapters/kasa/wire_text.hpp"

namespace b2m::kasa {
namespace {

constexpr SteadyDuration kJoinPause = std::chrono::hours(1);

/// The state and one thing more, in one request.
template <class T>
struct Join {
  std::string_view module;
  std::string (*request)();
  iot::StateAnd<T> (*parse)(std::string_view reply);
};
constexpr Join<MeterState> kWithMeter{iot::kRealtime.module, iot::state_and_meter_request,
                                      iot::parse_state_and_meter};
constexpr Join<TimerRules> kWithTimers{iot::kTimers.module, iot::state_and_timers_request,
                                       iot::parse_state_and_timers};

class IotDevice final : public Device {
 public:
  IotDevice(std::unique_ptr<PlugLink> link, Clock& clock) : link_(std::move(link)), clock_(clock) {}

  Awaitable<Result<DeviceState>> identify(SteadyTime deadline) override;
  Awaitable<Result<DeviceState>> read_state(SteadyTime deadline) override;
  Awaitable<Result<DeviceState>> read_state_to_meter(SteadyTime deadline) override {
    return read_state_and(kWithMeter, meter_read_, deadline);
  }
  Awaitable<Result<DeviceState>> read_state_to_arm(SteadyTime deadline) override {
    return read_state_and(kWithTimers, timers_read_, deadline);
  }
  Awaitable<Result<MeterState>> read_meter(int socket, SteadyTime deadline) override;
  Awaitable<Result<>> set_relay(int socket, bool on, SteadyTime deadline) override;
  Awaitable<Result<GuardState>> arm_guard(int socket, double seconds, SteadyTime deadline) override;
  Awaitable<Result<GuardState>> read_guard(int socket, SteadyTime deadline) override;
  Awaitable<Result<>> disarm_guard(int socket, SteadyTime deadline) override;
  Awaitable<Result<>> set_led(bool on, SteadyTime deadline) override;
  Awaitable<Result<>> set_alias(int socket, std::string alias, SteadyTime deadline) override;
  Awaitable<Result<>> reboot(SteadyTime deadline) override;
  Awaitable<Result<std::vector<std::string>>> worries(int socket, SteadyTime deadline) override;
  PlugLink& link() override { return *link_; }

  /// The reply to a question, not yet looked into.
  Awaitable<Result<std::string>> ask(std::string child_id, iot::Method method, SteadyTime deadline);
  /// What was made of a reply; a module that the device does not know is asked for only once.
  template <class T>
  Result<T> heard(iot::Method method, Result<T> parsed) {
    if (!parsed && parsed.error().code == Errc::not_supported)
      unknown_modules_.insert(method.module);
    if (parsed) known_modules_.insert(method.module);
    return parsed;
  }
  /// The timers that came with the state just before, once.
  std::optional<TimerRules> take_timers() { return std::exchange(timers_read_, std::nullopt); }
  /// Sends an order and checks the answer to `method`.
  Awaitable<Result<>> tell(std::string request, iot::Method method, Repeat repeat,
                           SteadyTime deadline);

 private:
  /// The context of a socket: empty for a plug, never empty for a strip's.
  Awaitable<Result<std::string>> child_id(int socket, SteadyTime deadline);
  Result<> remember(const DeviceState& state);
  /// Questions to a single plug may share a request.
  [[nodiscard]] bool may_join() const {
    return clock_.now() >= join_from_ && state_ && !state_->is_strip;
  }
  Awaitable<Result<>> switch_on_and_look(SteadyTime deadline);
  template <class T>
  Awaitable<Result<DeviceState>> read_state_and(const Join<T>& join, std::optional<T>& other,
                                                SteadyTime deadline);
  void join_failed() {
    join_from_ = has_join_failed_ ? SteadyTime::max() : clock_.now() + kJoinPause;
    has_join_failed_ = true;
  }
  /// What came along with something else is good for the very next question only.
  void forget_answers() {
    state_read_.reset();
    meter_read_.reset();
    timers_read_.reset();
  }
  Awaitable<Result<int>> count(std::string child_id, iot::Method method, bool any_end,
                               SteadyTime deadline);

  std::unique_ptr<PlugLink> link_;
  Clock& clock_;
  std::optional<DeviceState> state_;
  std::map<std::string, std::optional<OwnTimer>> timers_;  // by child id
  std::optional<DeviceState> state_read_;
  std::optional<MeterState> meter_read_;
  std::optional<TimerRules> timers_read_;
  std::set<std::string_view> unknown_modules_, known_modules_;
  SteadyTime join_from_{};        // until then modules are asked one by one
  bool has_join_failed_ = false;  // the last time
};

/// The countdown of one socket.
class IotTimer final : public TimerSlot {
 public:
  IotTimer(IotDevice& device, std::string child_id)
      : device_(device), child_id_(std::move(child_id)) {}

  Awaitable<Result<TimerRules>> read(SteadyTime deadline) override {
    if (auto read = device_.take_timers()) co_return std::move(*read);
    const auto reply = co_await device_.ask(child_id_, iot::kTimers, deadline);
    if (!reply) co_return reply.error();
    co_return device_.heard(iot::kTimers, iot::parse_timers(*reply));
  }
  Awaitable<Result<>> add(int delay_s, SteadyTime deadline) override {
    co_return co_await device_.tell(iot::add_timer_request(child_id_, delay_s), iot::kAddTimer,
                                    Repeat::never, deadline);
  }
  Awaitable<Result<>> edit(std::string id, int delay_s, SteadyTime deadline) override {
    co_return co_await device_.tell(iot::edit_timer_request(child_id_, id, delay_s),
                                    iot::kEditTimer, Repeat::safe, deadline);
  }
  Awaitable<Result<>> replace(std::string id, int delay_s, SteadyTime deadline) override {
    co_return co_await device_.tell(iot::replace_timer_request(child_id_, id, delay_s),
                                    iot::kAddTimer, Repeat::never, deadline);
  }
  Awaitable<Result<>> remove(TimerRule rule, SteadyTime deadline) override {
    co_return co_await device_.tell(iot::delete_timer_request(child_id_, rule.id),
                                    iot::kDeleteTimer, Repeat::safe, deadline);
  }
  /// A rule that has fired has lost its delay; nobody has seen one edited back to life.
  [[nodiscard]] bool can_edit_elapsed() const override { return false; }

 private:
  IotDevice& device_;
  std::string child_id_;
};

Awaitable<Result<std::string>> IotDevice::ask(std::string child_id, iot::Method method,
                                              SteadyTime deadline) {
  forget_answers();
  if (unknown_modules_.contains(method.module))
    co_return Error(Errc::not_supported,
                    fmt::format("the plug has said that it has no module {}", method.module));
  co_return co_await link_->exchange(iot::request(child_id, method), Repeat::safe, deadline);
}

Awaitable<Result<>> IotDevice::tell(std::string request, iot::Method method, Repeat repeat,
                                    SteadyTime deadline) {
  forget_answers();
  const auto reply = co_await link_->exchange(std::move(request), repeat, deadline);
  if (!reply) co_return reply.error();
  co_return iot::parse_done(*reply, method);
}

Result<> IotDevice::remember(const DeviceState& state) {
  const bool is_same = state_ && state_->device_id == state.device_id && state_->mac == state.mac;
  // Without its sockets a strip would look like a plug, and an order without context would switch
  // all of them.
  if (is_same && state_->is_strip && !state.is_strip)
    return Error(Errc::malformed, "the strip's answer lists no sockets this time");
  if (!is_same) {
    timers_.clear();
    unknown_modules_.clear();
    known_modules_.clear();
    join_from_ = {};
    has_join_failed_ = false;
  }
  state_ = state;
  return {};
}

Awaitable<Result<DeviceState>> IotDevice::identify(SteadyTime deadline) {
  forget_answers();
  const auto reply =
      co_await link_->exchange(iot::request({}, iot::kSysinfo), Repeat::safe, deadline);
  if (!reply) co_return reply.error();
  auto state = iot::parse_sysinfo(*reply);
  if (!state) co_return state.error();
  if (auto known = remember(*state); !known) co_return known.error();
  co_return state;
}

Awaitable<Result<DeviceState>> IotDevice::read_state(SteadyTime deadline) {
  if (auto read = std::exchange(state_read_, std::nullopt)) co_return std::move(*read);
  co_return co_await identify(deadline);
}

/// A strip tells such things only socket by socket. Asked is only for modules that have answered
/// before. What goes wrong is asked again one by one, and so for an hour; after the second time in
/// a row for good, since there are plugs that stumble over such requests.
template <class T>
Awaitable<Result<DeviceState>> IotDevice::read_state_and(const Join<T>& join,
                                                         std::optional<T>& other,
                                                         SteadyTime deadline) {
  if (!may_join() || !known_modules_.contains(join.module)) co_return co_await identify(deadline);
  forget_answers();
  const auto reply = co_await link_->exchange(join.request(), Repeat::safe, deadline);
  if (!reply && reply.error().code == Errc::cancelled) co_return reply.error();
  auto heard = reply ? join.parse(*reply) : iot::StateAnd<T>{reply.error(), reply.error()};
  const bool is_good = heard.state && heard.other;
  if (!is_good) join_failed();
  if (!heard.state) co_return co_await identify(deadline);
  if (auto known = remember(*heard.state); !known) co_return known.error();
  if (is_good) has_join_failed_ = false;
  if (is_good && known_modules_.contains(join.module)) other = std::move(*heard.other);
  co_return std::move(heard.state);
}

Awaitable<Result<std::string>> IotDevice::child_id(int socket, SteadyTime deadline) {
  if (!state_) {
    const auto state = co_await identify(deadline);
    if (!state) co_return state.error();
  }
  const auto& sockets = state_->sockets;
  if (socket < 0 || static_cast<std::size_t>(socket) >= sockets.size())
    co_return Error(Errc::unknown_device,
                    fmt::format("there is no socket {}: {} \"{}\" has {}", socket + 1,
                                state_->model, state_->alias, sockets.size()));
  const auto& id = sockets[static_cast<std::size_t>(socket)].id;
  if (state_->is_strip && id.empty())
    co_return Error(Errc::malformed, fmt::format("socket {} of \"{}\" has no id, so nothing is "
                                                 "sent: without it all would switch",
                                                 socket + 1, state_->alias));
  co_return id;
}

Awaitable<Result<MeterState>> IotDevice::read_meter(int socket, SteadyTime deadline) {
  const auto child = co_await child_id(socket, deadline);
  if (!child) co_return child.error();
  if (!state_->has_meter)
    co_return Error(Errc::not_supported, fmt::format("{} has no energy meter", state_->model));
  if (auto read = std::exchange(meter_read_, std::nullopt)) co_return *read;
  const auto reply = co_await ask(*child, iot::kRealtime, deadline);
  if (!reply) co_return reply.error();
  co_return heard(iot::kRealtime, iot::parse_realtime(*reply));
}

/// The plug does one after the other, so what it says of itself is how it is since.
Awaitable<Result<>> IotDevice::switch_on_and_look(SteadyTime deadline) {
  forget_answers();
  const auto reply =
      co_await link_->exchange(iot::switch_on_and_state_request(), Repeat::never, deadline);
  if (!reply) co_return reply.error();
  auto state = iot::parse_sysinfo(*reply);
  if (state && remember(*state))
    state_read_ = std::move(*state);
  else
    join_failed();
  co_return iot::parse_done(*reply, iot::kSetRelay);
}

/// "Off" is never sent together with anything that a plug might stumble over.
Awaitable<Result<>> IotDevice::set_relay(int socket, bool on, SteadyTime deadline) {
  const auto child = co_await child_id(socket, deadline);
  if (!child) co_return child.error();
  if (on && may_join()) co_return co_await switch_on_and_look(deadline);
  co_return co_await tell(iot::relay_request(*child, on), iot::kSetRelay,
                          on ? Repeat::never : Repeat::safe, deadline);
}

Awaitable<Result<GuardState>> IotDevice::arm_guard(int socket, double seconds,
                                                   SteadyTime deadline) {
  const auto child = co_await child_id(socket, deadline);
  if (!child) co_return child.error();
  IotTimer timer(*this, *child);
  co_return co_await arm_timer(timer, clock_, timers_[*child], seconds, deadline);
}

Awaitable<Result<GuardState>> IotDevice::read_guard(int socket, SteadyTime deadline) {
  const auto child = co_await child_id(socket, deadline);
  if (!child) co_return child.error();
  IotTimer timer(*this, *child);
  const auto rules = co_await timer.read(deadline);
  if (!rules) co_return rules.error();
  co_return guard_of(*rules);
}

Awaitable<Result<>> IotDevice::disarm_guard(int socket, SteadyTime deadline) {
  const auto child = co_await child_id(socket, deadline);
  if (!child) co_return child.error();
  IotTimer timer(*this, *child);
  timers_.erase(*child);
  co_return co_await remove_timer(timer, deadline);
}

Awaitable<Result<>> IotDevice::set_led(bool on, SteadyTime deadline) {
  return tell(iot::led_request(on), iot::kSetLed, Repeat::safe, deadline);
}

Awaitable<Result<>> IotDevice::set_alias(int socket, std::string alias, SteadyTime deadline) {
  if (auto good = check_alias(alias); !good) co_return good.error();
  const auto child = co_await child_id(socket, deadline);
  if (!child) co_return child.error();
  co_return co_await tell(iot::alias_request(*child, alias), iot::kSetAlias, Repeat::safe,
                          deadline);
}

Awaitable<Result<>> IotDevice::reboot(SteadyTime deadline) {
  return tell(iot::reboot_request(), iot::kReboot, Repeat::never, deadline);
}

/// What there is to say of a list of rules; a device without such rules is no worry.
Result<> worry_about(const Result<int>& count, std::string_view text,
                     std::vector<std::string>& worries) {
  if (!count && count.error().code == Errc::not_supported) return {};
  if (!count) return count.error();
  if (*count > 0) worries.emplace_back(fmt::format(fmt::runtime(text), *count));
  return {};
}

constexpr std::string_view kAwayModeIsOn =
    "the away mode of the app is on ({} rule): it switches the plug at random; switch it off";
constexpr std::string_view kScheduleSwitchesOn =
    "{} of the app's schedules switch this plug on by itself: delete them, or the charger comes on "
    "without the gateway";
constexpr std::string_view kForeignTimer =
    "a timer set in the app runs and takes the place of the guard: delete it";

Awaitable<Result<int>> IotDevice::count(std::string child_id, iot::Method method, bool any_end,
                                        SteadyTime deadline) {
  const auto reply = co_await ask(std::move(child_id), method, deadline);
  if (!reply) co_return reply.error();
  co_return heard(method, iot::count_rules(*reply, method, any_end));
}

Awaitable<Result<std::vector<std::string>>> IotDevice::worries(int socket, SteadyTime deadline) {
  const auto child = co_await child_id(socket, deadline);
  if (!child) co_return child.error();
  std::vector<std::string> list;
  // One module a request: some devices cannot answer large ones, some crash on what they lack.
  const auto away = co_await count(*child, iot::kAwayMode, true, deadline);
  if (auto ok = worry_about(away, kAwayModeIsOn, list); !ok) co_return ok.error();
  const auto schedule = co_await count(*child, iot::kSchedule, false, deadline);
  if (auto ok = worry_about(schedule, kScheduleSwitchesOn, list); !ok) co_return ok.error();
  const auto guard = co_await read_guard(socket, deadline);
  if (!guard && guard.error().code != Errc::not_supported) co_return guard.error();
  if (guard && !guard->is_ours && guard->remaining_s > 0) list.emplace_back(kForeignTimer);
  co_return list;
}

}  // namespace

std::unique_ptr<Device> make_iot_device(std::unique_ptr<PlugLink> link, Clock& clock) {
  return std::make_unique<IotDevice>(std::move(link), clock);
}

}  // namespace b2m::kasa
