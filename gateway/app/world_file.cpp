// SPDX-License-Identifier: MIT
#include "gateway/app/world_file.hpp"

#include <algorithm>
#include <charconv>
#include <span>
#include <sstream>

#include <fmt/format.h>

#include "gateway/sim/charger_load.hpp"

namespace b2m::app {
namespace {

using config::at_least;
using config::range;

constexpr double kMostId = 0x1FFF'FFFF;

using Words = std::span<const std::string_view>;

/// Some kinds are the same word for several.
config::Rule fault_kinds() {
  std::vector<std::string> kinds;
  for (const Words all :
       {Words(can::kFaultKinds), Words(kasa::kPlugFaultKinds), Words(tesla_uart::kRingFaultKinds),
        Words(spi_nodes::kNodeFaultKinds), Words(sim::kPackFaultKinds)})
    for (const std::string_view kind : all)
      if (std::ranges::find(kinds, kind) == kinds.end()) kinds.emplace_back(kind);
  return config::one_of(std::move(kinds));
}

config::Rule words(Words all) {
  return config::one_of(std::vector<std::string>(all.begin(), all.end()));
}

const config::Schema<WorldPack>& pack_schema() {
  const config::Rule id = config::hex_range(0, kMostId);
  static const config::Schema<WorldPack> kSchema =
      with_battery(config::Schema<WorldPack>("can.pack", "A battery with its BMS board"))
          .option("part", &WorldPack::part, "Its number on the bus", range(1, 1000))
          .option("cells", &WorldPack::cells, "In series", range(1, 15))
          .option("data_id", &WorldPack::data_id, "Of the frames with voltages and temperatures",
                  id)
          .option("error_id", &WorldPack::error_id, "Of error frames; 0: none", id)
          .option("charge_id", &WorldPack::charge_id, "Of charge commands; 0: not obeyed", id)
          .option("ack_id", &WorldPack::ack_id, "Of acknowledgements; 0: none", id)
          .option("interval_ms", &WorldPack::interval_ms, "Each value is sent once in this time",
                  range(1, 3'600'000));
  return kSchema;
}

const config::Schema<WorldCan>& can_schema() {
  static const config::Schema<WorldCan> kSchema =
      config::Schema<WorldCan>("can", "A CAN bus with its boards")
          .required("id", &WorldCan::id, "Its name in faults", config::slug())
          .required("transport", &WorldCan::transport,
                    "slcan-pty:PATH, socketcan:INTERFACE or candump:FILE", config::not_empty())
          .list("pack", &WorldCan::packs, pack_schema());
  return kSchema;
}

const config::Schema<WorldLoad>& load_schema() {
  static const config::Schema<WorldLoad> kSchema =
      config::Schema<WorldLoad>("kasa.load", "What is plugged into a socket")
          .option("socket", &WorldLoad::socket, "From 1", range(1, 16))
          .option("kind", &WorldLoad::kind, "What it is",
                  config::one_of({"charger", "lamp", "none"}))
          .option("alias", &WorldLoad::alias, "Of the socket")
          .option("watts", &WorldLoad::watts, "At its peak; 0: what the curve has", range(0, 5000))
          .option("curve", &WorldLoad::curve, "Of a charger", words(sim::kChargerCurves))
          .option("capacity_wh", &WorldLoad::capacity_wh,
                  "From empty to full, at the wall; 0: what the curve has", range(0, 1e6))
          .option("level", &WorldLoad::level, "Of the battery at the start", range(0, 1))
          .option("charges", &WorldLoad::charges,
                  "BUS/PART or RING/modules: a charger there, which shows in the cells")
          .option("efficiency", &WorldLoad::efficiency, "Of that charger", range(0.1, 1));
  return kSchema;
}

const config::Schema<WorldPlug>& plug_schema() {
  static const config::Schema<WorldPlug> kSchema =
      config::Schema<WorldPlug>("kasa", "A smart plug or strip")
          .required("id", &WorldPlug::id, "Its name in faults", config::slug())
          .option("model", &WorldPlug::model, "Which device; hardware 4.0 as in HS110/4.0",
                  config::one_of(kasa::peer_models()))
          .option("address", &WorldPlug::address, "Where it listens", config::not_empty())
          .option("port", &WorldPlug::port, "TCP, with XOR also UDP; 0: a free one",
                  range(0, 65535))
          .option("transport", &WorldPlug::transport, "What it speaks",
                  words(kasa::kPeerTransports))
          .option("tdp_port", &WorldPlug::tdp_port, "UDP, for discovery of KLAP plugs; -1: none",
                  range(-1, 65535))
          .option("klap_port", &WorldPlug::klap_port,
                  "Where it speaks KLAP after drops_9999; -1: none", range(-1, 65535))
          .option("username", &WorldPlug::username, "Of the account it is bound to")
          .option("password", &WorldPlug::password, "Of the account it is bound to")
          .option("sockets", &WorldPlug::sockets, "0: what the model has", range(0, 16))
          .option("alias", &WorldPlug::alias, "Not set: the id")
          .option("mac", &WorldPlug::mac, "Not set: one of its own")
          .list("load", &WorldPlug::loads, load_schema());
  return kSchema;
}

const config::Schema<WorldRing>& ring_schema() {
  static const config::Schema<WorldRing> kSchema =
      with_battery(config::Schema<WorldRing>("tesla_uart", "Tesla modules in a ring, in series"))
          .required("id", &WorldRing::id, "Its name in faults", config::slug())
          .required("transport", &WorldRing::transport, "pty:PATH", config::not_empty())
          .option("modules", &WorldRing::modules, "Of six cells each", range(1, 62))
          .option("bleed_ohm", &WorldRing::bleed_ohm, "A bleed resistor", range(1, 10'000))
          .option("wiring_mohm", &WorldRing::wiring_mohm, "A sense wire", range(0, 10'000))
          .option("settle_ms", &WorldRing::settle_ms,
                  "Time constant of the voltage after a bleed was switched", range(0, 10'000))
          .option("paced", &WorldRing::paced, "Bytes take their time on the line")
          .option("baud", &WorldRing::baud, "Where it is paced", range(300, 10'000'000))
          .option("turnaround_us", &WorldRing::turnaround_us, "Of a board, before its data",
                  range(0, 1e6))
          .option("conversion_us", &WorldRing::conversion_us, "On top of the chip's own time",
                  range(0, 1e6))
          .option("read_form", &WorldRing::read_form, "Which read requests the boards take",
                  words(tesla_uart::kReadForms));
  return kSchema;
}

const config::Schema<WorldNode>& node_schema() {
  static const config::Schema<WorldNode> kSchema =
      config::Schema<WorldNode>("spi_nodes.node", "The node of one cell, from pack minus")
          .option("select", &WorldNode::select, "Its select line", range(0, 255))
          .option("address", &WorldNode::address, "Of protocol v2; 0: its place", range(0, 62))
          .option("protocol", &WorldNode::protocol, "What it speaks",
                  config::one_of({"v2", "legacy"}))
          .option("serial", &WorldNode::serial, "12 hexadecimal digits; not set: one of its own")
          .option("bleed_ohm", &WorldNode::bleed_ohm, "Its bleed resistor; 0: none",
                  range(0, 10'000))
          .option("wiring_mohm", &WorldNode::wiring_mohm, "The wires to its cell", range(0, 10'000))
          .option("gain", &WorldNode::gain, "Of its reference; 1.05: reads 5 % too much",
                  range(0.5, 2))
          .option("divider", &WorldNode::divider, "As wired; its program reckons with 5.7",
                  range(1, 100))
          .option("sensor", &WorldNode::sensor, "Of temperature");
  return kSchema;
}

const config::Schema<WorldNodeGroup>& node_group_schema() {
  static const config::Schema<WorldNodeGroup> kSchema =
      with_battery(config::Schema<WorldNodeGroup>("spi_nodes", "Cells in series, a node on each"))
          .required("id", &WorldNodeGroup::id, "Its name in faults", config::slug())
          .required("transport", &WorldNodeGroup::transport, "socket:PATH", config::not_empty())
          .option("arrangement", &WorldNodeGroup::arrangement,
                  "cells: a node measures its cell; taps: all cells below as well",
                  config::one_of({"cells", "taps"}))
          .option("paced", &WorldNodeGroup::paced, "Bits take their time on the wire")
          .list("node", &WorldNodeGroup::nodes, node_schema());
  return kSchema;
}

const config::Schema<WorldFault>& fault_schema() {
  static const config::Schema<WorldFault> kSchema =
      config::Schema<WorldFault>("fault", "Something that goes wrong")
          .required("kind", &WorldFault::kind, "What", fault_kinds())
          .option("at_s", &WorldFault::at_s, "When, from the start", at_least(0))
          .option("for_s", &WorldFault::for_s, "For how long; 0: for ever", at_least(0))
          .option("can", &WorldFault::can, "On which bus; not set: on every one")
          .option("pack", &WorldFault::pack, "Which part; 0: all", at_least(0))
          .option("cell", &WorldFault::cell, "From 1; 0: all", at_least(0))
          .option("kasa", &WorldFault::kasa, "On which plug; not set: on every one")
          .option("socket", &WorldFault::socket, "From 1; 0: all", at_least(0))
          .option("tesla_uart", &WorldFault::tesla_uart, "On which ring; not set: on every one")
          .option("module", &WorldFault::module, "From 1; 0: all, or the line", at_least(0))
          .option("spi_nodes", &WorldFault::spi_nodes, "On which nodes; not set: on all")
          .option("node", &WorldFault::node, "From 1; 0: all", at_least(0))
          .option("battery", &WorldFault::battery,
                  "In which battery itself: BUS/PART, RING/modules or NODES/cells")
          .option("value", &WorldFault::value, "Volts, degrees, raw number, length or id, by kind");
  return kSchema;
}

const config::Schema<WorldSite>& site_schema() {
  static const config::Schema<WorldSite> kSchema =
      config::Schema<WorldSite>("site", "Around everything")
          .option("seed", &WorldSite::seed, "The same seed gives the same cells", at_least(0))
          .option("speed", &WorldSite::speed, "Times as fast as real time", range(0.01, 1000));
  return kSchema;
}

bool is_one_of(Words all, std::string_view word) {
  return std::ranges::find(all, word) != all.end();
}

/// A fault of a peer whose kinds are these words, in the order of its enumeration.
template <class Fault>
std::optional<Fault> fault_of(const WorldFault& entry, Words kinds) {
  const auto at = std::ranges::find(kinds, entry.kind);
  if (at == kinds.end()) return std::nullopt;
  Fault fault;
  fault.kind = static_cast<decltype(fault.kind)>(at - kinds.begin());
  fault.value = entry.value;
  if (entry.for_s > 0) fault.lasts = from_seconds(entry.for_s);
  return fault;
}

bool read_number(std::string_view text, double& out) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  return failed == std::errc{} && end == text.data() + text.size();
}

bool take(WorldFault& fault, std::string_view key, const std::string& text) {
  if (key == "kind") return fault.kind = text, true;
  if (key == "can") return fault.can = text, true;
  if (key == "kasa") return fault.kasa = text, true;
  if (key == "tesla_uart") return fault.tesla_uart = text, true;
  if (key == "spi_nodes") return fault.spi_nodes = text, true;
  if (key == "battery") return fault.battery = text, true;
  double number = 0;
  if (!read_number(text, number) || (key != "value" && (number < 0 || number > 1e6))) return false;
  if (key == "at_s") return fault.at_s = number, true;
  if (key == "for_s") return fault.for_s = number, true;
  if (key == "pack") return fault.pack = static_cast<int>(number), true;
  if (key == "cell") return fault.cell = static_cast<int>(number), true;
  if (key == "socket") return fault.socket = static_cast<int>(number), true;
  if (key == "module") return fault.module = static_cast<int>(number), true;
  if (key == "node") return fault.node = static_cast<int>(number), true;
  if (key == "value") return fault.value = number, true;
  return false;
}

}  // namespace

const config::Schema<WorldFile>& world_schema() {
  static const config::Schema<WorldFile> kSchema =
      config::Schema<WorldFile>("world", "A virtual site")
          .table("site", &WorldFile::site, site_schema())
          .list("can", &WorldFile::can, can_schema())
          .list("kasa", &WorldFile::kasa, plug_schema())
          .list("tesla_uart", &WorldFile::tesla_uart, ring_schema())
          .list("spi_nodes", &WorldFile::spi_nodes, node_group_schema())
          .list("fault", &WorldFile::faults, fault_schema());
  return kSchema;
}

FaultPlace place_of(const WorldFault& entry) {
  if (!entry.battery.empty()) return FaultPlace::battery;
  if (!entry.can.empty()) return FaultPlace::bus;
  if (!entry.kasa.empty()) return FaultPlace::plug;
  if (!entry.tesla_uart.empty() || entry.module > 0) return FaultPlace::ring;
  if (!entry.spi_nodes.empty() || entry.node > 0) return FaultPlace::node;
  if (is_one_of(can::kFaultKinds, entry.kind)) return FaultPlace::bus;
  if (is_one_of(kasa::kPlugFaultKinds, entry.kind)) return FaultPlace::plug;
  if (is_one_of(tesla_uart::kRingFaultKinds, entry.kind)) return FaultPlace::ring;
  return is_one_of(spi_nodes::kNodeFaultKinds, entry.kind) ? FaultPlace::node : FaultPlace::battery;
}

std::optional<can::Fault> bus_fault(const WorldFault& entry) {
  auto fault = fault_of<can::Fault>(entry, can::kFaultKinds);
  if (!fault) return fault;
  fault->pack = entry.pack;
  fault->cell = entry.cell;
  return fault;
}

std::optional<kasa::PlugFault> plug_fault(const WorldFault& entry) {
  auto fault = fault_of<kasa::PlugFault>(entry, kasa::kPlugFaultKinds);
  if (fault) fault->socket = entry.socket;
  return fault;
}

std::optional<tesla_uart::RingFault> ring_fault(const WorldFault& entry) {
  auto fault = fault_of<tesla_uart::RingFault>(entry, tesla_uart::kRingFaultKinds);
  if (!fault) return fault;
  fault->module = entry.module;
  fault->cell = entry.cell;
  return fault;
}

std::optional<spi_nodes::NodeFault> node_fault(const WorldFault& entry) {
  auto fault = fault_of<spi_nodes::NodeFault>(entry, spi_nodes::kNodeFaultKinds);
  if (fault) fault->node = entry.node;
  return fault;
}

std::optional<sim::PackFault> battery_fault(const WorldFault& entry) {
  auto fault = fault_of<sim::PackFault>(entry, sim::kPackFaultKinds);
  if (fault) fault->cell = entry.cell;
  return fault;
}

Result<WorldFault> parse_fault_line(std::string_view line) {
  std::istringstream words{std::string(line)};
  std::string word;
  WorldFault fault;
  words >> word;
  if (word != "fault")
    return Error(Errc::malformed, fmt::format("unknown word \"{}\"; use fault or clear", word));
  while (words >> word) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos ||
        !take(fault, word.substr(0, equals), word.substr(equals + 1)))
      return Error(Errc::malformed, fmt::format("cannot use \"{}\"", word));
  }
  if (!bus_fault(fault) && !plug_fault(fault) && !ring_fault(fault) && !node_fault(fault) &&
      !battery_fault(fault))
    return Error(Errc::unknown_key, fmt::format("unknown kind \"{}\"", fault.kind));
  return fault;
}

}  // namespace b2m::app
