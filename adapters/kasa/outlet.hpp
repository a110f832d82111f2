// SPDX-License-Identifier: MIT
// One device of the site: a plug, a strip as a whole, or one socket of it. Knows what it offers and
// turns what was read into Reports.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "adapters/kasa/device.hpp"
#include "adapters/kasa/settings.hpp"
#include "gateway/model/report.hpp"

namespace b2m::kasa {

/// What the configuration says of it.
struct OutletPlan {
  std::string slug;
  std::string name;
  std::string parent;  // slug of the strip
  std::string model;
  DeviceKind kind = DeviceKind::plug;
  std::string alias;  // of the plug, its strip or, without child, the socket
  std::optional<ChildKey> child;
  bool has_meter = true;
  bool may_overheat = true;
  bool may_overload = true;
  double max_age_s = 60;

  /// A socket leaves what concerns the whole device to its strip.
  [[nodiscard]] bool is_socket() const { return kind == DeviceKind::plug && child.has_value(); }
  [[nodiscard]] bool is_strip() const { return kind == DeviceKind::strip; }
};

class Outlet {
 public:
  explicit Outlet(OutletPlan plan) : plan_(std::move(plan)) {}

  [[nodiscard]] const OutletPlan& plan() const { return plan_; }
  [[nodiscard]] const std::string& slug() const { return plan_.slug; }
  [[nodiscard]] std::vector<Offer> offers() const;
  [[nodiscard]] DeviceOffer device() const;
  void bind(const Site& site, AdapterIndex self);
  void attach(Inbox& inbox) { inbox_ = &inbox; }

  /// Which socket of the device this is, by its id there; Errc::not_found, in words, when the
  /// device has no such socket or is something else.
  Result<> settle(const DeviceState& state);
  void unsettle() { position_ = -1; }
  /// False: met, but not in what the device has just said.
  [[nodiscard]] bool follow(const DeviceState& state);
  /// From 0; 0 also of a single plug; -1: not known, or the strip as a whole.
  [[nodiscard]] int position() const { return position_; }
  [[nodiscard]] const std::string& child_id() const { return child_id_; }

  /// Posts relay, times and names. True when the relay seems to have been off or the plug without
  /// power since the last time, and nobody of us has switched it.
  bool say_state(const DeviceState& state, const std::string& address, WallTime wall);
  /// True when the plug's own counter has gone back.
  bool say_meter(const MeterState& meter, Family family, SteadyTime now);
  /// Right after it was armed; `guard` was read back.
  void say_armed(const GuardState& guard, SteadyTime now);
  /// A reading in between, or that there is none. False: it has not fallen as time has passed, and
  /// so is not believed.
  bool say_guard(const GuardState& guard, SteadyTime now);
  /// The time left of the last guard read, without asking again.
  void say_guard_left(SteadyTime now);
  void say_no_meter();
  void say_unknown();
  void note(std::string type, Severity severity, std::string key, std::string message);

  /// We have switched it: times and counters may jump.
  void expect_jump() {
    last_on_time_.reset();
    is_meter_wanted_ = true;  // what was measured before does not go with the relay's new state
  }
  [[nodiscard]] std::optional<bool> is_on() const { return is_on_; }
  /// As it was last read, however long ago.
  [[nodiscard]] bool was_on() const { return was_on_; }
  [[nodiscard]] bool draws() const { return is_on_.value_or(false) && power_w_ > 1; }
  [[nodiscard]] const std::optional<GuardState>& guard() const { return guard_; }
  [[nodiscard]] bool is_meter_wanted() const { return is_meter_wanted_; }
  /// It runs, but has to show again that it counts.
  [[nodiscard]] bool is_guard_suspect() const { return is_guard_suspect_; }
  [[nodiscard]] SteadyTime meter_read() const { return meter_read_; }
  [[nodiscard]] SteadyTime guard_read() const { return guard_read_; }
  /// To be read at once.
  void forget_guard_time() { guard_read_ = {}; }
  /// It may have been set anew, or not.
  void forget_guard() {
    forget_guard_time();
    countdown_.reset();
  }
  [[nodiscard]] double guard_left_s(SteadyTime now) const;

 private:
  struct Said {  // texts go out when they change
    std::string alias, model, firmware, address;
    bool operator==(const Said&) const = default;
  };
  void say_texts(const DeviceState& state, const std::string& address);
  void say_device(const DeviceState& state);
  bool say_relay(const SocketState& socket, WallTime wall);
  bool check_guard(const GuardState& guard, SteadyTime now);
  [[nodiscard]] Result<int> find_socket(const DeviceState& state) const;
  void add(RowId row, std::optional<double> value);
  void add_text(RowId row, std::string& said, const std::string& text);
  void post();

  OutletPlan plan_;
  std::optional<Target> target_;
  Inbox* inbox_ = nullptr;
  Report report_;  // reused
  int position_ = -1;
  std::string child_id_;
  Said said_;
  std::optional<bool> is_on_;
  bool was_on_ = false;
  double power_w_ = 0;
  std::optional<double> last_on_time_, last_counter_kwh_;
  SteadyTime meter_read_{}, guard_read_{};
  bool is_meter_wanted_ = false;
  std::optional<GuardState> guard_;
  struct Countdown {  // what a reading is held against
    double left_s = 0;
    SteadyTime since{};
  };
  std::optional<Countdown> countdown_;
  std::optional<SteadyTime> armed_until_;  // by us
  bool is_guard_suspect_ = false;
};

}  // namespace b2m::kasa
