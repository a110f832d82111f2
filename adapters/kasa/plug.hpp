// SPDX-License-Identifier: MIT
// The conversation with one physical plug or strip: finds it, makes sure that it is the right one,
// polls it, carries out orders. Each runs in a coroutine of its own, so that a dead one delays
// nobody. Facts: docs/protocols/kasa.md.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "adapters/adapter.hpp"
#include "adapters/kasa/locator.hpp"
#include "adapters/kasa/outlet.hpp"
#include "adapters/kasa/turn.hpp"

namespace b2m::kasa {

/// Where and how a plug is spoken to.
struct Contact {
  Endpoint at;
  Transport transport = Transport::unknown;
  Family family = Family::iot;
  std::string found_id;  // the device id of its discovery answer
  std::string trouble;   // why it cannot be used, in words
  bool operator==(const Contact&) const = default;
};
Contact contact_of(const Found& found);

/// Null where the transport is not spoken.
using MakeDevice = std::function<std::unique_ptr<Device>(const Contact&)>;

class Plug;

/// What all plugs of one adapter share; outlives them.
struct Shared {
  Executor executor;
  Clock& clock;
  Locator& locator;
  MakeDevice make_device;
  double poll_s = 15, fast_poll_s = 5, timeout_s = 5;
  std::uint16_t xor_port = kXorPort;

  std::map<std::string, Plug*> claims{};  // by MAC: whose conversation it is
  int started = 0;                        // conversations, one after the other
  std::uint64_t requests = 0, timeouts = 0, reconnects = 0, bad_replies = 0, orders = 0;
};

class Plug {
 public:
  Plug(Shared& shared, Match match);

  void add(Outlet& outlet) { outlets_.push_back(&outlet); }
  /// `key`: of what the memory holds for it.
  void attach(Memory& memory, std::string key);
  [[nodiscard]] bool has(const Outlet& outlet) const;
  [[nodiscard]] const Match& match() const { return match_; }
  /// Ends only when cancelled.
  Awaitable<Result<>> run();
  Awaitable<Result<>> execute(Outlet& outlet, Order order);
  [[nodiscard]] Detail detail() const;
  /// It has been met once, or somebody else speaks to it.
  [[nodiscard]] bool is_found() const { return is_dormant_ || !mac_.empty(); }

 private:
  // ---- finding it (plug.cpp)
  [[nodiscard]] Result<Contact> choose() const;
  [[nodiscard]] Contact host_contact() const;
  Awaitable<Result<>> ask_host();
  Awaitable<Result<>> meet(SteadyTime deadline);
  [[nodiscard]] Result<> compare(const DeviceState& state) const;
  Result<> accept(const DeviceState& state);
  void settle(const DeviceState& state);
  void hand_over(Plug& other);
  void warn(Outlet& outlet, const std::string& text);
  void warn_once(Outlet& outlet, const std::string& text);
  void failed(const Error& error);
  void forget_failures();
  Awaitable<Result<>> back_off(const Error& error);
  [[nodiscard]] SteadyDuration pause_after(const Error& error);
  [[nodiscard]] bool is_hopeless() const;
  [[nodiscard]] const std::string& name() const;
  [[nodiscard]] std::string expected() const;
  [[nodiscard]] bool is_known_by_host_alone() const;
  [[nodiscard]] const std::string& known_mac() const { return mac_.empty() ? kept_mac_ : mac_; }
  void keep_mac();

  // ---- the cycle (poll.cpp)
  Awaitable<Result<>> poll();
  Awaitable<Result<>> read_state(Awaitable<Result<DeviceState>> request);
  Awaitable<Result<>> poll_state();
  Awaitable<Result<>> poll_meter(Outlet& outlet);
  Awaitable<Result<>> poll_guard(Outlet& outlet);
  Awaitable<Result<>> poll_worries(Outlet& outlet);
  Awaitable<Result<>> rest(SteadyTime began);
  void take(const DeviceState& state);
  void note_restart(Outlet& outlet, const std::string& sign);
  [[nodiscard]] bool is_meter_due(const Outlet& outlet) const;
  [[nodiscard]] bool is_guard_due(const Outlet& outlet) const;
  [[nodiscard]] SteadyDuration interval() const;
  [[nodiscard]] SteadyTime deadline() const;

  // ---- orders (orders.cpp)
  [[nodiscard]] Result<> can_obey(const Outlet& outlet) const;
  Awaitable<Result<>> carry_out(Outlet& outlet, Order order);
  Awaitable<Result<>> switch_relay(Outlet& outlet, Order order);
  Awaitable<Result<>> switch_on_guarded(Outlet& outlet, Order order);
  Awaitable<Result<>> set_and_confirm(Outlet& outlet, bool on, SteadyTime deadline);
  Awaitable<void> disarm(Outlet& outlet, SteadyTime deadline);
  Awaitable<Result<>> look(SteadyTime deadline, bool to_arm = false);
  [[nodiscard]] bool may_try_at_once(const Order& order) const;
  Awaitable<Result<>> switch_led(Outlet& outlet, Order order);
  Awaitable<Result<>> rename(Outlet& outlet, Order order);
  Awaitable<Result<>> reboot(Outlet& outlet, SteadyTime deadline);

  /// One request: counts it, and closes the connection unless it ends well.
  template <class T>
  Awaitable<Result<T>> ask(Awaitable<Result<T>> request);
  void count(const Error& error);
  void drop_connection();

  Shared& shared_;
  Clock& clock_;
  Match match_;  // without child
  std::vector<Outlet*> outlets_;
  Turn turn_;
  std::minstd_rand dice_;

  std::optional<Contact> contact_, good_;
  std::unique_ptr<Device> device_;
  bool is_met_ = false;        // the right one, and nothing has failed since
  bool is_refused_ = false;    // another device stands in its place, or it cannot be told which
  bool is_displaced_ = false;  // not to be found at its fixed host
  bool is_dormant_ = false;    // another conversation has our outlets
  bool is_updating_ = false;
  std::optional<bool> is_led_on_;
  bool has_meter_ = false, can_guard_ = true, is_strip_ = false;
  std::string mac_;       // of the first that was the right one
  std::string kept_mac_;  // of an earlier run, where nothing but the host names the plug
  Memory* memory_ = nullptr;
  std::string memory_key_;
  Family family_ = Family::iot;
  std::string model_, firmware_, last_error_;
  bool is_account_refused_ = false;
  std::optional<SteadyTime> urgent_;  // the last try of an order while nobody answers
  std::string complaint_;             // about the line, as last told to the user
  std::map<const Outlet*, std::string> warned_;
  std::set<std::string> worries_;
  SteadyTime worries_asked_{};
  SteadyTime fast_until_{};
  bool is_poll_wanted_ = false;  // before it is due
  Bell ordered_;
  std::optional<SteadyTime> silent_since_;
  int failures_ = 0;  // in a row
  int tries_ = 0;     // of a host whose transport is not known
};

}  // namespace b2m::kasa
