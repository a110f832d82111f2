// SPDX-License-Identifier: MIT
// What a simulated plug is behind its protocols: relays, meters, timers, faults. No bytes, no JSON,
// no network; time comes in as an argument.
#pragma once

#include "adapters/kasa/peer.hpp"

namespace b2m::kasa {

enum class PeerMeter { none, float_units, milli_units };

struct PeerModel {
  std::string_view name;  // as PlugPeerSettings::model
  std::string_view wire;  // as the device says it
  std::string_view hardware;
  std::string_view firmware;
  std::string_view title;  // dev_name
  bool is_smart = false;
  PeerMeter meter = PeerMeter::none;
  std::size_t sockets = 1;
};
const PeerModel* find_peer_model(std::string_view name);

struct PeerTimer {
  std::string id;  // empty: none was ever made
  std::string name;
  bool is_enabled = false;
  double delay_s = 0;
  bool turns_on = false;  // at its end
  SteadyTime end{};
};

struct PeerSocket {
  std::string alias;
  bool is_on = false;
  SteadyTime since{};     // switched on, or booted with the relay on
  double counted_wh = 0;  // of the load when its counter last restarted
  PeerTimer timer;
  std::unique_ptr<sim::WallLoad> load;
};

class PeerDevice {
 public:
  PeerDevice(const PlugPeerSettings& settings, std::vector<std::unique_ptr<sim::WallLoad>> loads,
             SteadyTime now, PeerSay say);

  /// Timers fire, loads draw, faults end. Before anything is asked or told.
  void advance_to(SteadyTime now);
  /// When something happens by itself, latest.
  [[nodiscard]] SteadyTime next() const;

  /// A fault may keep the relay where it is; the device claims success all the same.
  void switch_relay(std::size_t socket, bool is_on, std::string_view by);
  /// The id of the rule; nothing when there is one already, even one that has fired.
  std::optional<std::string> add_timer(std::size_t socket, PeerTimer rule);
  /// Restarts the count. False for an unknown id.
  bool edit_timer(std::size_t socket, const PeerTimer& rule);
  bool delete_timer(std::size_t socket, const std::string& id);
  void delete_timers(std::size_t socket);
  [[nodiscard]] double remaining_s(const PeerTimer& timer) const;

  /// Away for a while; then counters and times start anew, timers are gone, relays as before. The
  /// cause "power_cut" also leaves the loads without power meanwhile.
  void reboot(SteadyDuration without_mains, std::string_view cause);
  [[nodiscard]] bool is_away() const { return is_booting_; }
  /// No network for anybody: away, or a fault.
  [[nodiscard]] bool is_reachable() const { return !is_away() && !has(PlugFaultKind::offline); }

  bool inject(const PlugFault& fault);
  void clear_faults();
  [[nodiscard]] const PlugFault* active(PlugFaultKind kind, std::size_t socket = 0) const;
  [[nodiscard]] bool has(PlugFaultKind kind, std::size_t s = 0) const { return active(kind, s); }

  [[nodiscard]] double total_wh(std::size_t socket) const;
  void restart_total(std::size_t socket);
  [[nodiscard]] double on_time_s(std::size_t socket) const;
  [[nodiscard]] SteadyTime now() const { return now_; }

  [[nodiscard]] bool is_strip() const;
  [[nodiscard]] std::string mac() const;  // "AA:BB:CC:DD:EE:FF"
  [[nodiscard]] std::string device_id() const;
  [[nodiscard]] std::string child_id(std::size_t socket) const;

  const PeerModel& model;
  std::string alias;
  bool is_led_on = true;
  bool has_auto_off = false;  // SMART: off so long after each "on"
  double auto_off_s = 7200;
  std::vector<PeerSocket> sockets;

 private:
  struct ActiveFault {
    PlugFault fault;
    SteadyTime until;
  };

  void pass_to(SteadyTime now);
  void fire(std::size_t socket);
  void come_back();
  void end_faults();
  void set_loads(const PlugFault& fault, bool begins);
  void put_foreign_timer(std::size_t socket);
  void log_timer(std::size_t socket, std::string_view what) const;
  void say(const std::string& what) const;
  void say_of(std::size_t socket, const std::string& what) const;
  std::string next_rule_id();
  [[nodiscard]] std::optional<SteadyTime> auto_off_at(std::size_t socket) const;

  PlugPeerSettings settings_;
  PeerSay say_;
  SteadyTime now_;
  bool is_booting_ = false;
  bool has_lost_mains_ = false;
  SteadyTime back_at_{};
  std::vector<ActiveFault> faults_;
  std::uint64_t rules_made_ = 0;
};

}  // namespace b2m::kasa
