// SPDX-License-Identifier: MIT
// Configurations for the footprint benchmark: the shipped two-pack profile with one pack, and an
// invented BMS with 1,000 cells in a hundred modules; both fed by a candump file that runs in a
// loop, one cycle a second.
#pragma once

#include <string>

#include <fmt/format.h>

#include "tests/bench/child.hpp"

namespace b2m::bench {

struct SiteFiles {
  std::string name;    // of the case
  std::string config;  // path of the configuration
  std::string state;   // its state folder
  int devices = 0;     // that are announced, the gateway itself included
  std::string value_topic, module_topic;
};

constexpr int kBigPacks = 10;
constexpr int kBigModules = 10;  // a pack
constexpr int kBigCells = 10;    // a module; three messages: four, four and two cells, temperatures

inline std::string site_config(int port, const std::string& state, const std::string& profile,
                               const std::string& log) {
  return fmt::format(
      "[gateway]\nid = \"bench\"\nstate_dir = \"{}\"\n[mqtt]\nurl = \"mqtt://127.0.0.1:{}\"\n"
      "[control]\nallow = []\n[[can]]\nid = \"bus\"\ninterface = \"candump:{}\"\n"
      "profile = \"{}\"\nreplay_loop = true\n",
      state, port, log, profile);
}

inline SiteFiles make_small_site(const WorkFolder& folder, int port) {
  std::string log;
  for (int i = 0; i < 12; ++i)
    log += fmt::format("({:.6f}) can0 600#{}{:02X}\n", 0.05 * i, i < 6 ? "E204" : "C409",
                       i < 6 ? 0x21 + i : 0x11 + i - 6);
  log += "(1.000000) can0 600#E30421\n";
  SiteFiles site{.name = "one pack",
                 .config = {},
                 .state = folder / "state-small",
                 .devices = 2,
                 .value_topic = "bench/pack1/cell_06_voltage",
                 .module_topic = {}};
  const std::string text =
      site_config(port, site.state, "two_packs", folder.write("small.log", log));
  site.config = folder.write("small.toml", text +
                                               "[[pack]]\nid = \"pack1\"\nchemistry = "
                                               "\"lead_12v\"\ncells_in_series = 6\n"
                                               "source = \"bus/1\"\n");
  return site;
}

inline std::uint32_t big_id(int pack, int module, int message) {
  return 0x18F0'0000U + static_cast<std::uint32_t>(pack * 0x1000 + module * 0x10 + message);
}

inline std::string big_dbc() {
  std::string text = "VERSION \"1\"\n\nNS_ :\n\nBS_:\n\nBU_: BMS Gateway\n";
  const auto signal = [&](const std::string& name, int start, bool is_cell) {
    text += fmt::format(" SG_ {} : {}|16@1{} ({},0) [{}] \"{}\" Gateway\n", name, start,
                        is_cell ? '+' : '-', is_cell ? "0.001" : "0.1",
                        is_cell ? "0|65" : "-45|150", is_cell ? "V" : "°C");
  };
  for (int pack = 1; pack <= kBigPacks; ++pack)
    for (int module = 1; module <= kBigModules; ++module)
      for (int message = 0; message < 3; ++message) {
        text +=
            fmt::format("\nBO_ {} P{}M{:02}{}: 8 BMS\n",
                        big_id(pack, module, message) | 0x8000'0000U, pack, module, "ABC"[message]);
        for (int i = 0; i < (message < 2 ? 4 : 2); ++i)
          signal(fmt::format("Cell{}", 4 * message + i + 1), 16 * i, true);
        if (message < 2) continue;
        signal("Temperature1", 32, false);
        signal("Temperature2", 48, false);
      }
  return text;
}

inline std::string big_profile() {
  std::string text = "dbc = \"big.dbc\"\ninterval_s = 1\n";
  for (int pack = 1; pack <= kBigPacks; ++pack) {
    text += fmt::format("\n[[part]]\nid = \"{}\"\nname = \"Pack {}\"\n", pack, pack);
    const auto row = [&](char message, const char* signal, const char* point, int first, int last) {
      text += fmt::format(
          "\n[[signal]]\npart = \"{0}\"\nfirst_module = 1\nlast_module = {1}\n"
          "message = \"P{0}M{{mm}}{2}\"\nsignal = \"{3}\"\npoint = \"{4}\"\nfirst = {5}\n"
          "last = {6}\n",
          pack, kBigModules, message, signal, point, first, last);
    };
    row('A', "Cell{n}", "cell_{n}_voltage", 1, 4);
    row('B', "Cell{n}", "cell_{n}_voltage", 5, 8);
    row('C', "Cell{n}", "cell_{n}_voltage", 9, 10);
    row('C', "Temperature{n}", "temperature_{n}", 1, 2);
  }
  return text;
}

/// One cycle: every value of the site, spread over a second; two variants, so that values move.
inline std::string big_log() {
  std::string text;
  for (int cycle = 0; cycle < 2; ++cycle)
    for (int i = 0; i < kBigPacks * kBigModules * 3; ++i) {
      const int pack = i / (kBigModules * 3) + 1, module = i / 3 % kBigModules + 1;
      const char* cells = cycle == 0 ? "420E" : "4C0E";
      text += fmt::format("({:.6f}) can0 {:08X}#{}{}{}{}\n", cycle + 0.003 * i,
                          big_id(pack, module, i % 3), cells, cells, i % 3 == 2 ? "F000" : cells,
                          i % 3 == 2 ? "FA00" : cells);
    }
  return text + "(2.000000) can0 18F01010#420E420E420E420E\n";
}

inline SiteFiles make_big_site(const WorkFolder& folder, int port) {
  folder.write("big/big.dbc", big_dbc());
  folder.write("big/profile.toml", big_profile());
  SiteFiles site{.name = "1000 cells",
                 .config = {},
                 .state = folder / "state-big",
                 .devices = 1 + kBigPacks * (1 + kBigModules),
                 .value_topic = "bench/pack10_module10/cell_10_voltage",
                 .module_topic = "homeassistant/device/bench_pack1_module1/config"};
  std::string text = site_config(port, site.state, "./big", folder.write("big.log", big_log()));
  for (int pack = 1; pack <= kBigPacks; ++pack)
    text += fmt::format(
        "[[pack]]\nid = \"pack{0}\"\nchemistry = \"nmc\"\ncells_in_series = {1}\n"
        "source = \"bus/{0}\"\n",
        pack, kBigModules * kBigCells);
  site.config = folder.write("big.toml", text);
  return site;
}

}  // namespace b2m::bench
