// SPDX-License-Identifier: MIT
// The other side of the Kasa adapter: one simulated plug or strip that speaks the real bytes on a
// network. Its ciphers, framing and JSON are written from docs/protocols/kasa.md a second time and
// share nothing with the gateway's, so that a mistake there shows.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/io/clock.hpp"
#include "gateway/io/network.hpp"
#include "gateway/sim/wall_load.hpp"

namespace b2m::kasa {

enum class PeerTransport { xor_tcp, klap_v1, klap_v2 };
inline constexpr std::string_view kPeerTransports[] = {"xor", "klap_v1", "klap_v2"};

/// The models that can be played: "HS100", "HS110", "HS110/4.0" (the hardware behind the stroke),
/// "KP115", "KP125", "EP25", "EP25/2.6", "HS300", "KP303", "KP125M", "P110", "P115".
std::vector<std::string> peer_models();
/// 0 for an unknown model.
std::size_t peer_sockets(std::string_view model);

struct PlugPeerSettings {
  std::string id = "plug";  // in what it says
  std::string model = "KP115";
  std::size_t sockets = 0;  // 0: as many as the model has
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // TCP; with XOR also UDP for discovery. 0: a free one
  PeerTransport transport = PeerTransport::xor_tcp;
  std::optional<std::uint16_t> tdp_port;  // UDP discovery of KLAP plugs; none: does not answer
  /// Where it speaks KLAP once its firmware has dropped XOR; none: that fault is refused.
  std::optional<std::uint16_t> klap_port;
  std::string username, password;          // of the account that it is bound to
  std::string alias = "Plug";              // sockets of a strip: "Plug 1", "Plug 2"
  std::string mac = "C0:06:C3:00:00:01";   // the device id follows from it
  std::vector<std::string> child_aliases;  // instead of "Plug 1"
  double boot_s = 8;                       // away after a reboot or power cut
};

/// What can go wrong; docs/simulated-hardware.md says what each kind does.
enum class PlugFaultKind {
  fragment,
  delay,
  reset,
  close_after_reply,
  garbage,
  huge_header,
  truncated,
  ignores_off,
  ignores_on,
  no_timer,
  timer_full,
  drops_9999,
  deaf,
  offline,
  power_cut,
  reboot,
  other_identity,
  meter_missing,
  session_lost,
  charger_unplugged,
  battery_unplugged,
  battery_connected,
  level,
  button,
};
inline constexpr std::string_view kPlugFaultKinds[] = {
    "fragment",
    "delay",
    "reset",
    "close_after_reply",
    "garbage",
    "huge_header",
    "truncated",
    "ignores_off",
    "ignores_on",
    "no_timer",
    "timer_full",
    "drops_9999",
    "deaf",
    "offline",
    "power_cut",
    "reboot",
    "other_identity",
    "meter_missing",
    "session_lost",
    "charger_unplugged",
    "battery_unplugged",
    "battery_connected",
    "level",
    "button",
};

struct PlugFault {
  PlugFaultKind kind = PlugFaultKind::deaf;
  int socket = 0;               // from 1; 0: all
  std::optional<double> value;  // seconds, level or 0/1, by kind
  SteadyDuration lasts = SteadyDuration::max();
};

/// Machine-readable lines: "kasa id=garage relay=on by=lan".
using PeerSay = std::function<void(const std::string&)>;

class PlugPeer {
 public:
  /// `loads` by socket; missing ones are empty sockets. Network and clock outlive it. Nothing
  /// happens before open().
  PlugPeer(Executor executor, Network& network, Clock& clock, PlugPeerSettings settings,
           std::vector<std::unique_ptr<sim::WallLoad>> loads = {}, PeerSay say = {});
  ~PlugPeer();
  PlugPeer(const PlugPeer&) = delete;
  PlugPeer& operator=(const PlugPeer&) = delete;

  /// Takes its ports and answers from now on.
  Result<> open();
  /// False: this plug cannot do that.
  bool inject(const PlugFault& fault);
  void clear_faults();

  [[nodiscard]] std::uint16_t port() const;      // TCP, of the transport in force
  [[nodiscard]] std::uint16_t udp_port() const;  // discovery by XOR; 0: none
  [[nodiscard]] std::uint16_t tdp_port() const;  // 0: none
  [[nodiscard]] bool is_on(std::size_t socket = 0);
  /// Until the timer of a socket fires; empty when none runs.
  [[nodiscard]] std::optional<double> timer_left_s(std::size_t socket = 0);
  [[nodiscard]] double power_w(std::size_t socket = 0);
  /// What it was asked, as JSON text, in that order; the newest thousand.
  [[nodiscard]] const std::vector<std::string>& requests() const;
  [[nodiscard]] int connections() const;  // accepted since the start
  [[nodiscard]] int handshakes() const;   // completed KLAP logins
  /// The reply to a JSON request as if it had come over the wire.
  std::string answer(std::string_view request);
  [[nodiscard]] std::string device_id() const;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace b2m::kasa
