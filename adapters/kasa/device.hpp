// SPDX-License-Identifier: MIT
// What can be asked of and told to a plug or strip, in the two command sets there are: the old IOT
// JSON and the newer SMART one (docs/protocols/kasa.md, 1.2 to 1.7 and 4). A conversation over a
// PlugLink; parsing and building are pure functions in iot_protocol.* and smart_protocol.*.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/kasa/discovery.hpp"
#include "adapters/kasa/plug_link.hpp"

namespace b2m::kasa {

struct SocketState {
  std::string id;  // child id; empty for a single plug
  std::string alias;
  std::optional<bool> is_on;
  std::optional<double> on_time_s;  // since it was switched on; 0 when off
};

struct DeviceState {
  Family family = Family::iot;
  std::string mac;  // "AA:BB:CC:DD:EE:FF"
  std::string device_id;
  std::string model;     // "KP115(EU)"
  std::string hardware;  // "1.0"
  std::string firmware;  // "1.0.16"
  std::string alias;     // of the plug or of the whole strip
  std::optional<double> rssi_dbm;
  std::optional<bool> is_led_on;
  std::optional<bool> is_overheated, is_overloaded;
  bool has_meter = false;
  bool is_strip = false;
  bool is_updating = false;          // firmware is being flashed: leave it alone
  std::vector<SocketState> sockets;  // one for a single plug
};

struct MeterState {
  std::optional<double> voltage_v, current_a, power_w;
  std::optional<double> counter_kwh;  // IOT: since boot; SMART: of today
};

/// The timer in the plug that switches it off when nobody renews it.
struct GuardState {
  bool is_armed = false;   // enabled, and its end is "off"
  double remaining_s = 0;  // the whole delay where the plug does not say what is left of it
  bool is_ours = true;     // a foreign one belongs to the user of the app; true when there is none
  bool tells_remaining = true;  // the plug itself said how long is left
  bool is_running = true;       // false: it starts once the relay is switched on
  std::string worry{};          // what the user should know of it, in words
};

class Device {
 public:
  virtual ~Device() = default;

  /// First contact: asks for nothing but what every device knows.
  virtual Awaitable<Result<DeviceState>> identify(SteadyTime deadline) = 0;
  /// All relays in one request.
  virtual Awaitable<Result<DeviceState>> read_state(SteadyTime deadline) = 0;
  /// Where it costs nothing also what read_meter() asks for, if that comes next.
  virtual Awaitable<Result<DeviceState>> read_state_to_meter(SteadyTime deadline) {
    return read_state(deadline);
  }
  /// Where it costs nothing also what arm_guard() has to look at, if that comes next.
  virtual Awaitable<Result<DeviceState>> read_state_to_arm(SteadyTime deadline) {
    return read_state(deadline);
  }
  /// `socket` counts from 0; 0 for a single plug. One socket's energy a request.
  virtual Awaitable<Result<MeterState>> read_meter(int socket, SteadyTime deadline) = 0;
  /// Sends it once. What the device is like then is for read_state(), which may know it already
  /// from the same reply.
  virtual Awaitable<Result<>> set_relay(int socket, bool on, SteadyTime deadline) = 0;
  /// Arms or renews and verifies: on success a timer runs that switches the socket off after
  /// `seconds`. A foreign timer is left alone, and that is an error that says so.
  virtual Awaitable<Result<GuardState>> arm_guard(int socket, double seconds,
                                                  SteadyTime deadline) = 0;
  virtual Awaitable<Result<GuardState>> read_guard(int socket, SteadyTime deadline) = 0;
  /// Removes our timer, after an intended "off".
  virtual Awaitable<Result<>> disarm_guard(int socket, SteadyTime deadline) = 0;
  virtual Awaitable<Result<>> set_led(bool on, SteadyTime deadline) = 0;
  /// At most 31 characters.
  virtual Awaitable<Result<>> set_alias(int socket, std::string alias, SteadyTime deadline) = 0;
  virtual Awaitable<Result<>> reboot(SteadyTime deadline) = 0;
  /// Things of its configuration that do not go with a charger: an enabled away mode, own schedules
  /// that switch on. Each a sentence.
  virtual Awaitable<Result<std::vector<std::string>>> worries(int socket, SteadyTime deadline) = 0;
  [[nodiscard]] virtual PlugLink& link() = 0;
};

std::unique_ptr<Device> make_iot_device(std::unique_ptr<PlugLink> link, Clock& clock);
/// Minutes after which a SMART plug's own auto-off ends whatever was switched on, even after a
/// mains failure. It cannot be renewed, so it is longer than any charge.
inline constexpr int kLastResortMin = 13 * 60;
std::unique_ptr<Device> make_smart_device(std::unique_ptr<PlugLink> link, Clock& clock,
                                          int last_resort_min = kLastResortMin);

}  // namespace b2m::kasa
