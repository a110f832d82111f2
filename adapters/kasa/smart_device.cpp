// SPDX-License-Identifier: MIT
// The conversation with a plug or strip of the newer command set.
#include <map>
#include <set>

#include <fmt/format.h>

#include "adapters/kasa/smart_guard.hpp"
#include "adapters/kasa/smart_session.hpp"
#include "adapters/kasa/wire_text.hpp"

namespace b2m::kasa {
namespace {

using smart::Call;

constexpr int kMaxPages = 8;

Call question(const char* method) { return {method, {}}; }
Call page_of(const char* method, std::size_t start) {
  return {method, fmt::format(R"({{"start_index":{}}})", start)};
}

/// A device that knows no pages sends the first one again.
void add_unless_known(std::vector<smart::Child>& all, smart::Child child) {
  for (const auto& known : all)
    if (known.state.id == child.state.id) return;
  all.push_back(std::move(child));
}

class SmartDevice final : public Device {
 public:
  SmartDevice(std::unique_ptr<PlugLink> link, Clock& clock, int last_resort_min)
      : session_(std::move(link), clock), guard_(session_, last_resort_min) {}

  Awaitable<Result<DeviceState>> identify(SteadyTime deadline) override;
  Awaitable<Result<DeviceState>> read_state(SteadyTime deadline) override;
  Awaitable<Result<MeterState>> read_meter(int socket, SteadyTime deadline) override;
  Awaitable<Result<>> set_relay(int socket, bool on, SteadyTime deadline) override;
  Awaitable<Result<GuardState>> arm_guard(int socket, double seconds, SteadyTime deadline) override;
  Awaitable<Result<GuardState>> read_guard(int socket, SteadyTime deadline) override;
  Awaitable<Result<>> disarm_guard(int socket, SteadyTime deadline) override;
  Awaitable<Result<>> set_led(bool on, SteadyTime deadline) override;
  Awaitable<Result<>> set_alias(int socket, std::string alias, SteadyTime deadline) override;
  Awaitable<Result<>> reboot(SteadyTime deadline) override;
  Awaitable<Result<std::vector<std::string>>> worries(int socket, SteadyTime deadline) override;
  PlugLink& link() override { return session_.link(); }

 private:
  /// What can be asked of a socket.
  struct Target {
    std::string child_id;  // empty for a plug, never for a strip's socket
    smart::Components components;
  };

  Awaitable<Result<Target>> target(int socket, SteadyTime deadline);
  [[nodiscard]] bool has_children() const;
  [[nodiscard]] const smart::Components& components_of(const std::string& child_id) const;
  Awaitable<Result<std::vector<smart::Child>>> all_children(Result<std::string> first_page,
                                                            SteadyTime deadline);
  Awaitable<> learn_child_components(SteadyTime deadline);
  Awaitable<Result<DeviceState>> assemble(DeviceState state, Result<std::string> first_page,
                                          SteadyTime deadline);

  SmartSession session_;
  SmartGuard guard_;
  std::optional<DeviceState> state_;
  smart::Components components_;
  std::map<std::string, smart::Components> child_components_;
  std::optional<bool> is_led_on_;
  bool must_read_led_ = true;  // asking often has crashed devices
};

bool SmartDevice::has_children() const {
  return components_.contains("child_device") || components_.contains("control_child");
}

/// A strip that does not tell what its sockets can do is taken by what it can do itself.
const smart::Components& SmartDevice::components_of(const std::string& child_id) const {
  const auto it = child_components_.find(child_id);
  return it == child_components_.end() ? components_ : it->second;
}

Awaitable<Result<std::vector<smart::Child>>> SmartDevice::all_children(
    Result<std::string> first_page, SteadyTime deadline) {
  std::vector<smart::Child> all;
  std::size_t sum = 0;
  auto text = std::move(first_page);
  for (int pages = 0; pages < kMaxPages; ++pages) {
    if (!text) co_return text.error();
    auto page = smart::parse_children(*text);
    if (!page) co_return page.error();
    sum = page->sum;
    const auto before = all.size();
    for (auto& child : page->children) add_unless_known(all, std::move(child));
    if (all.size() == before || all.size() >= sum) break;
    text = co_await session_.ask({}, page_of("get_child_device_list", all.size()), deadline);
  }
  if (all.size() < sum)
    co_return Error(Errc::malformed, "the strip's list of sockets is incomplete");
  co_return all;
}

Awaitable<> SmartDevice::learn_child_components(SteadyTime deadline) {
  child_components_.clear();
  for (int pages = 0; pages < kMaxPages; ++pages) {
    const auto page = page_of("get_child_device_component_list", child_components_.size());
    const auto text = co_await session_.ask({}, page, deadline);
    if (!text) co_return;
    auto children = smart::parse_child_components(*text);
    if (!children) co_return;
    const auto known = child_components_.size();
    for (auto& child : *children) child_components_[child.id] = std::move(child.components);
    if (child_components_.size() == known || child_components_.size() >= state_->sockets.size())
      co_return;
  }
}

Awaitable<Result<DeviceState>> SmartDevice::assemble(DeviceState state,
                                                     Result<std::string> first_page,
                                                     SteadyTime deadline) {
  if (has_children()) {
    auto children = co_await all_children(std::move(first_page), deadline);
    if (!children) co_return children.error();
    const auto expected = state_ ? state_->sockets.size() : 1;
    auto added = smart::add_children(state, std::move(*children), expected);
    if (!added) co_return added.error();
  }
  state.is_led_on = is_led_on_;
  state.has_meter = state_ && state_->has_meter;
  state_ = state;
  co_return state;
}

Awaitable<Result<DeviceState>> SmartDevice::identify(SteadyTime deadline) {
  std::vector<Call> calls;
  calls.push_back(question("component_nego"));
  calls.push_back(question("get_device_info"));
  auto answers = co_await session_.ask_all({}, std::move(calls), deadline);
  if (!answers[1]) co_return answers[1].error();
  auto state = smart::parse_info(*answers[1]);
  if (!state) co_return state.error();
  if (!answers[0]) co_return answers[0].error();
  auto components = smart::parse_components(*answers[0]);
  if (!components) co_return components.error();

  if (!state_ || state_->device_id != state->device_id) guard_.forget();
  state_.reset();
  components_ = std::move(*components);
  Result<std::string> first_page(Errc::not_supported);
  if (has_children())
    first_page = co_await session_.ask({}, page_of("get_child_device_list", 0), deadline);
  auto whole = co_await assemble(std::move(*state), std::move(first_page), deadline);
  if (!whole) co_return whole.error();
  if (has_children()) co_await learn_child_components(deadline);
  for (const auto& socket : state_->sockets)
    if (components_of(socket.id).contains("energy_monitoring")) state_->has_meter = true;
  if (must_read_led_ && components_.contains("led")) {
    const auto led = co_await session_.ask({}, question("get_led_info"), deadline);
    if (led) is_led_on_ = smart::parse_led(*led);
    must_read_led_ = false;
  }
  state_->is_led_on = is_led_on_;
  co_return *state_;
}

Awaitable<Result<DeviceState>> SmartDevice::read_state(SteadyTime deadline) {
  if (!state_) co_return co_await identify(deadline);
  std::vector<Call> calls;
  calls.push_back(question("get_device_info"));
  if (has_children()) calls.push_back(page_of("get_child_device_list", 0));
  const bool with_led = std::exchange(must_read_led_, false) && components_.contains("led");
  if (with_led) calls.push_back(question("get_led_info"));
  auto answers = co_await session_.ask_all({}, std::move(calls), deadline);
  if (!answers[0]) co_return answers[0].error();
  auto state = smart::parse_info(*answers[0]);
  if (!state) co_return state.error();
  if (state->device_id != state_->device_id) {
    session_.forget();
    must_read_led_ = true;
    co_return co_await identify(deadline);
  }
  if (with_led) is_led_on_ = answers.back() ? smart::parse_led(*answers.back()) : std::nullopt;
  Result<std::string> first_page(Errc::not_supported);
  if (has_children()) first_page = std::move(answers[1]);
  co_return co_await assemble(std::move(*state), std::move(first_page), deadline);
}

Awaitable<Result<SmartDevice::Target>> SmartDevice::target(int socket, SteadyTime deadline) {
  if (!state_) {
    const auto state = co_await identify(deadline);
    if (!state) co_return state.error();
  }
  const auto& sockets = state_->sockets;
  if (socket < 0 || static_cast<std::size_t>(socket) >= sockets.size())
    co_return Error(Errc::unknown_device,
                    fmt::format("there is no socket {}: {} \"{}\" has {}", socket + 1,
                                state_->model, state_->alias, sockets.size()));
  Target found;
  found.child_id = sockets[static_cast<std::size_t>(socket)].id;
  if (state_->is_strip && found.child_id.empty())
    co_return Error(Errc::malformed, fmt::format("socket {} of \"{}\" has no id, so nothing can be "
                                                 "sent to it",
                                                 socket + 1, state_->alias));
  found.components = components_of(found.child_id);
  co_return found;
}

Awaitable<Result<MeterState>> SmartDevice::read_meter(int socket, SteadyTime deadline) {
  const auto to = co_await target(socket, deadline);
  if (!to) co_return to.error();
  if (!to->components.contains("energy_monitoring"))
    co_return Error(Errc::not_supported, fmt::format("{} has no energy meter", state_->model));
  std::vector<Call> calls;
  calls.push_back(question("get_emeter_data"));
  calls.push_back(question("get_energy_usage"));
  const auto answers = co_await session_.ask_all(to->child_id, std::move(calls), deadline);
  MeterState meter;
  if (answers[0]) smart::add_emeter(*answers[0], meter);
  if (answers[1]) smart::add_usage(*answers[1], meter);
  if (meter.power_w) co_return meter;
  const auto power = co_await session_.ask(to->child_id, question("get_current_power"), deadline);
  if (power) smart::add_current_power(*power, meter);
  if (!power && !answers[1]) co_return power.error();
  co_return meter;
}

Awaitable<Result<>> SmartDevice::set_relay(int socket, bool on, SteadyTime deadline) {
  const auto to = co_await target(socket, deadline);
  if (!to) co_return to.error();
  co_return co_await session_.tell(to->child_id, smart::set_relay(on),
                                   on ? Repeat::never : Repeat::safe, deadline);
}

Awaitable<Result<GuardState>> SmartDevice::arm_guard(int socket, double seconds,
                                                     SteadyTime deadline) {
  const auto to = co_await target(socket, deadline);
  if (!to) co_return to.error();
  co_return co_await guard_.arm(to->child_id, to->components, seconds, deadline);
}

Awaitable<Result<GuardState>> SmartDevice::read_guard(int socket, SteadyTime deadline) {
  const auto to = co_await target(socket, deadline);
  if (!to) co_return to.error();
  co_return co_await guard_.read(to->child_id, to->components, deadline);
}

Awaitable<Result<>> SmartDevice::disarm_guard(int socket, SteadyTime deadline) {
  const auto to = co_await target(socket, deadline);
  if (!to) co_return to.error();
  co_return co_await guard_.disarm(to->child_id, to->components, deadline);
}

Awaitable<Result<>> SmartDevice::set_led(bool on, SteadyTime deadline) {
  const auto info = co_await session_.ask({}, question("get_led_info"), deadline);
  if (!info) co_return info.error();
  must_read_led_ = true;
  auto call = smart::set_led(*info, on);
  if (call.method.empty()) co_return Result<>();
  co_return co_await session_.tell({}, std::move(call), Repeat::safe, deadline);
}

Awaitable<Result<>> SmartDevice::set_alias(int socket, std::string alias, SteadyTime deadline) {
  if (auto good = check_alias(alias); !good) co_return good.error();
  const auto to = co_await target(socket, deadline);
  if (!to) co_return to.error();
  co_return co_await session_.tell(to->child_id, smart::set_nickname(alias), Repeat::safe,
                                   deadline);
}

Awaitable<Result<>> SmartDevice::reboot(SteadyTime deadline) {
  Call call = question("device_reboot");
  call.params = R"({"delay":1})";
  co_return co_await session_.tell({}, std::move(call), Repeat::never, deadline);
}

Awaitable<Result<std::vector<std::string>>> SmartDevice::worries(int socket, SteadyTime deadline) {
  const auto to = co_await target(socket, deadline);
  if (!to) co_return to.error();
  co_return co_await guard_.worries(to->child_id, to->components, deadline);
}

}  // namespace

std::unique_ptr<Device> make_smart_device(std::unique_ptr<PlugLink> link, Clock& clock,
                                          int last_resort_min) {
  return std::make_unique<SmartDevice>(std::move(link), clock, last_resort_min);
}

}  // namespace b2m::kasa
