// SPDX-License-Identifier: MIT
#include "tests/support/accuracy_table.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include <fmt/format.h>

namespace b2m::test {
namespace {

const char* const kPage = B2M_SOURCE_DIR "/docs/simulation.md";
const std::string kBegin = "<!-- accuracy: made by tests/unit/simulation_reference_test.cpp -->\n";
const std::string kEnd = "<!-- end of accuracy -->\n";
const std::string kHeading =
    "| run | RMS mV | largest mV | current mA | temperature K | end s | runtime ms |\n"
    "|---|---|---|---|---|---|---|\n";

std::string read_page() {
  std::ifstream file(kPage);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string line_of(const std::string& run, const Difference& off) {
  return fmt::format("| {} | {:.3f} | {:.3f} | {:.3f} | {:.4f} | {:.4f} | {:.2f} |\n", run,
                     off.rms_mv, off.max_mv, off.max_ma, off.max_mk / 1000, off.event_s,
                     off.milliseconds);
}

std::string name_of(const std::string& line) {
  const auto end = line.find(" |", 2);
  return end == std::string::npos ? std::string() : line.substr(2, end - 2);
}

/// Values of one time and quantity of a profile, in order.
using Profiles = std::map<double, std::map<std::string, std::vector<double>>>;

Profiles read_profiles(const std::string& name) {
  std::ifstream file(reference_folder() + "/pybamm26/" + name + ".csv");
  Profiles profiles;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string time, quantity, place, value;
    std::getline(fields, time, ',');
    std::getline(fields, quantity, ',');
    std::getline(fields, place, ',');
    std::getline(fields, value, ',');
    profiles[std::stod(time)][quantity].push_back(std::stod(value));
  }
  return profiles;
}

/// Of a particle's shells, as PyBaMM extrapolates.
double surface(const std::vector<double>& shells) {
  return 1.5 * shells.back() - 0.5 * shells[shells.size() - 2];
}

}  // namespace

bool accuracy_table_has(const std::string& run) {
  if (std::getenv("B2M_UPDATE_GOLDEN")) return true;
  static const std::string page = read_page();
  return page.find("\n| " + run + " |") != std::string::npos;
}

void update_accuracy_table(const std::string& run, const Difference& off) {
  if (!std::getenv("B2M_UPDATE_GOLDEN")) return;
  const std::string page = read_page();
  const auto begin = page.find(kBegin), end = page.find(kEnd);
  if (begin == std::string::npos || end == std::string::npos) return;
  std::map<std::string, std::string> lines;
  std::istringstream old(page.substr(begin + kBegin.size(), end - begin - kBegin.size()));
  for (std::string line; std::getline(old, line);)
    if (line.find("---") == std::string::npos && name_of(line) != "run" && !name_of(line).empty())
      lines[name_of(line)] = line + "\n";
  lines[run] = line_of(run, off);
  std::string table = kHeading;
  for (const auto& [name, line] : lines) table += line;
  std::ofstream(kPage) << page.substr(0, begin) << kBegin << table << page.substr(end);
}

ProfileDifference compare_profile(const std::string& name) {
  const Profiles profiles = read_profiles(name);
  sim::SimulationInput input = reference_run("cc" + name.substr(7)).input;
  input.row_times_s.clear();
  for (const auto& [time, values] : profiles) input.row_times_s.push_back(time);
  input.columns = {"stoichiometry_negative", "stoichiometry_positive", "electrolyte_min",
                   "electrolyte_max"};
  const auto table = sim::run(input).value().table;
  ProfileDifference off;
  const auto differ = [&](double& largest, double ours, double theirs) {
    largest = std::max(largest, std::abs(ours - theirs));
    ++off.values;
  };
  std::size_t row = 0;
  for (const auto& [time, values] : profiles) {
    const double* ours = &table.values[row++ * input.columns.size()];
    differ(off.stoichiometry, ours[0],
           surface(values.at("c_s_n_xav_mol_m3")) / input.set.negative.concentration_max);
    differ(off.stoichiometry, ours[1],
           surface(values.at("c_s_p_xav_mol_m3")) / input.set.positive.concentration_max);
    if (!values.count("c_e_mol_m3")) continue;
    const auto& salt = values.at("c_e_mol_m3");
    differ(off.salt_mol_m3, ours[2], *std::min_element(salt.begin(), salt.end()));
    differ(off.salt_mol_m3, ours[3], *std::max_element(salt.begin(), salt.end()));
  }
  return off;
}

}  // namespace b2m::test
