// SPDX-License-Identifier: MIT
// The program with simulated smart plugs instead of packs: a charger in a plug, a lamp in another,
// and a strip.
#pragma once

#include <string>

#include "tests/support/gateway_rig.hpp"

namespace b2m::test {

/// Ids: garage (KP115 with a charger), lamp (HS110, no charger), strip (HS300, three sockets).
class KasaRig : public GatewayRig {
 protected:
  KasaRig();

  /// Broker and plugs.
  void start_plugs(const std::string& speed = "1");
  /// Our tables into the configuration of the next start.
  void use_tables();
  /// Broker, plugs and `battery2mqtt run`, up to everything online.
  void start_site(const std::string& peers_speed = "1");
  /// The same, but clocks of gateway and plugs run that many times as fast. The program is then
  /// `battery2mqtt demo` on our configuration: it forgets everything at its end.
  void start_fast_site(int speed);
  /// Again after its end, with what it has kept.
  [[nodiscard]] bool run_again();

  /// By mosquitto_pub.
  void publish(const std::string& below, const std::string& payload) const;
  [[nodiscard]] bool is(const std::string& below, const std::string& payload,
                        std::chrono::milliseconds limit = std::chrono::seconds(20)) const;
  [[nodiscard]] bool is_online();
  /// 0 while it is unknown.
  [[nodiscard]] double number(const std::string& below) const;
  /// A charge by hand; true once the relay is on.
  [[nodiscard]] bool start_charge();
  /// A charge by hand, up to constant current.
  [[nodiscard]] bool charge();
  [[nodiscard]] bool wait_event(std::vector<std::string> words, std::size_t from,
                                std::chrono::milliseconds limit = std::chrono::seconds(20)) const;
  /// All finished charges, as CSV.
  [[nodiscard]] std::string exported();
  /// What happened to a plug, or to one socket of a strip: its lines after the first `from` bytes.
  [[nodiscard]] std::vector<std::string> lines_of(const std::string& plug, std::size_t from = 0);

  std::string garage_load = "curve = \"rad\"\nlevel = 0.5\n";  // of the simulated charger
  std::string charger_lines = "mode = \"manual\"\n";           // in the [[charger]]
  std::string charger_profile = "rad_48v";
  std::string lamp_mac = "C0:06:C3:00:00:02";  // in its match; empty: the host alone names it

  [[nodiscard]] virtual std::string world() const;
  /// `[[kasa]]` of the gateway; asked once the plugs are there.
  [[nodiscard]] virtual std::string plug_tables() const;
  [[nodiscard]] virtual std::vector<std::string> devices() const;
  [[nodiscard]] int port_of(const std::string& plug) const;

 private:
  [[nodiscard]] std::string charger_table() const;
};

}  // namespace b2m::test
