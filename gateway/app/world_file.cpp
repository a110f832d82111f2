// SPDX-License-Identifier: MIT
#include "gateway/app/world_file.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>

#include <fmt/format.h>

namespace b2m::app {
namespace {

using config::at_least;
using config::range;

constexpr double kMostId = 0x1FFF'FFFF;

config::Rule fault_kinds() {
  return config::one_of(
      std::vector<std::string>(std::begin(can::kFaultKinds), std::end(can::kFaultKinds)));
}

const config::Schema<WorldPack>& pack_schema() {
  const config::Rule id = config::hex_range(0, kMostId);
  static const config::Schema<WorldPack> kSchema =
      config::Schema<WorldPack>("can.pack", "A battery with its BMS board")
          .option("part", &WorldPack::part, "Its number on the bus", range(1, 1000))
          .required("chemistry", &WorldPack::chemistry, "A shipped or own cell profile")
          .option("cells", &WorldPack::cells, "In series", range(1, 15))
          .option("capacity_ah", &WorldPack::capacity_ah, "Of a cell", range(0.01, 100'000))
          .option("soc", &WorldPack::soc, "State of charge at the start", range(0, 1))
          .option("series_mohm", &WorldPack::series_mohm, "Resistance of a cell that acts at once",
                  range(0.01, 1000))
          .option("polarisation_mohm", &WorldPack::polarisation_mohm,
                  "Resistance of a cell that takes a minute", range(0.01, 1000))
          .option("heat_capacity_j_per_k", &WorldPack::heat_capacity_j_per_k, "Of a cell",
                  range(1, 1e6))
          .option("cooling_w_per_k", &WorldPack::cooling_w_per_k, "Of a cell", range(0, 1000))
          .option("ambient_c", &WorldPack::ambient_c, "Around the pack", range(-60, 100))
          .option("charger_current_a", &WorldPack::charger_current_a, "At constant current",
                  at_least(0))
          .option("charger_voltage_v", &WorldPack::charger_voltage_v,
                  "At constant voltage; 0: all cells full and at rest", at_least(0))
          .option("load_current_a", &WorldPack::load_current_a, "Drawn all the time", at_least(0))
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

const config::Schema<WorldFault>& fault_schema() {
  static const config::Schema<WorldFault> kSchema =
      config::Schema<WorldFault>("fault", "Something that goes wrong")
          .required("kind", &WorldFault::kind, "What", fault_kinds())
          .option("at_s", &WorldFault::at_s, "When, from the start", at_least(0))
          .option("for_s", &WorldFault::for_s, "For how long; 0: for ever", at_least(0))
          .option("can", &WorldFault::can, "On which bus; not set: on every one")
          .option("pack", &WorldFault::pack, "Which part; 0: all", at_least(0))
          .option("cell", &WorldFault::cell, "From 1; 0: all", at_least(0))
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

bool read_number(std::string_view text, double& out) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  return failed == std::errc{} && end == text.data() + text.size();
}

bool take(WorldFault& fault, std::string_view key, const std::string& text) {
  if (key == "kind") return fault.kind = text, true;
  if (key == "can") return fault.can = text, true;
  double number = 0;
  if (!read_number(text, number) || (key != "value" && (number < 0 || number > 1e6))) return false;
  if (key == "at_s") return fault.at_s = number, true;
  if (key == "for_s") return fault.for_s = number, true;
  if (key == "pack") return fault.pack = static_cast<int>(number), true;
  if (key == "cell") return fault.cell = static_cast<int>(number), true;
  if (key == "value") return fault.value = number, true;
  return false;
}

}  // namespace

const config::Schema<WorldFile>& world_schema() {
  static const config::Schema<WorldFile> kSchema =
      config::Schema<WorldFile>("world", "A virtual site")
          .table("site", &WorldFile::site, site_schema())
          .list("can", &WorldFile::can, can_schema())
          .list("fault", &WorldFile::faults, fault_schema());
  return kSchema;
}

can::Fault fault_of(const WorldFault& entry) {
  can::Fault fault;
  const auto at = std::ranges::find(can::kFaultKinds, entry.kind);
  fault.kind = static_cast<can::FaultKind>(at - std::begin(can::kFaultKinds));
  fault.pack = entry.pack;
  fault.cell = entry.cell;
  fault.value = entry.value;
  if (entry.for_s > 0) fault.lasts = from_seconds(entry.for_s);
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
  if (std::ranges::find(can::kFaultKinds, fault.kind) == std::end(can::kFaultKinds))
    return Error(Errc::unknown_key, fmt::format("unknown kind \"{}\"", fault.kind));
  return fault;
}

}  // namespace b2m::app
