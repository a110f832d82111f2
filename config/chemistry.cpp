// SPDX-License-Identifier: MIT
#include "config/chemistry.hpp"

#include <algorithm>
#include <functional>

#include <fmt/core.h>

#include "config/tables.hpp"

namespace b2m::config {

namespace {

const Schema<Limit>& limit_schema() {
  static const auto kSchema =
      Schema<Limit>("limit", "A warning limit, in the unit at the end of its table's name.")
          .required("limit", &Limit::limit, "Beyond it the warning is raised; itself it is normal.")
          .option("hysteresis", &Limit::hysteresis,
                  "The warning ends when the value is back by this much.", at_least(0))
          .option("delay_s", &Limit::delay_s, "The value must be beyond the limit for this long.",
                  range(0, 3600))
          .present(&Limit::is_set);
  return kSchema;
}

bool rises(const std::vector<double>& values) {
  return std::adjacent_find(values.begin(), values.end(), std::greater_equal<>()) == values.end();
}

void check_ocv(const Chemistry& c, Complaints& complaints) {
  if (c.ocv_soc.size() != c.ocv_v.size())
    complaints.about(
        "ocv_v",
        fmt::format("ocv_v has {} values and ocv_soc {}", c.ocv_v.size(), c.ocv_soc.size()),
        "give one voltage for each state of charge");
  if (c.ocv_soc.size() == 1) complaints.about("ocv_soc", "a curve needs two points or more");
  if (!rises(c.ocv_soc))
    complaints.about("ocv_soc", "ocv_soc must rise from value to value", "sort it from 0 to 1");
  if (!rises(c.ocv_v))
    complaints.about("ocv_v", "ocv_v must rise from value to value",
                     "a flat stretch still rises by a millivolt");
}

void check_pair(std::string_view low_key, const Limit& low, const Limit& high,
                Complaints& complaints) {
  if (!low.is_set || !high.is_set) return;
  if (low.limit + low.hysteresis >= high.limit - high.hysteresis)
    complaints.about(low_key,
                     fmt::format("{} and its hysteresis reach up to the high limit", low_key),
                     "the low limit must be well below the high one");
}

void check_limits(const Chemistry& c, Complaints& complaints) {
  if (c.cell_plausible_low_v >= c.cell_plausible_high_v)
    complaints.about("cell_plausible_low_v",
                     "cell_plausible_low_v must be below cell_plausible_high_v", "swap them");
  if (c.cell_low_v.is_set && c.cell_low_v.limit <= c.cell_plausible_low_v)
    complaints.about("cell_low_v", "cell_low_v must be above cell_plausible_low_v",
                     "else a low cell counts as a wrong reading");
  if (c.cell_high_v.is_set && c.cell_high_v.limit >= c.cell_plausible_high_v)
    complaints.about("cell_high_v", "cell_high_v must be below cell_plausible_high_v",
                     "else a high cell counts as a wrong reading");
  if (c.cell_spread_v.is_set && c.cell_spread_v.limit <= 0)
    complaints.about("cell_spread_v", "cell_spread_v must be above 0", "for example limit = 0.1");
  if (c.balance_voltage_v > 0 && c.cell_low_v.is_set &&
      c.balance_voltage_v <= c.cell_low_v.limit + c.cell_low_v.hysteresis)
    complaints.about("balance_voltage_v", "balance_voltage_v must be above cell_low_v",
                     "else balancing empties a cell");
  check_pair("cell_low_v", c.cell_low_v, c.cell_high_v, complaints);
  check_pair("temperature_low_c", c.temperature_low_c, c.temperature_high_c, complaints);
  check_ocv(c, complaints);
}

}  // namespace

const Schema<Chemistry>& chemistry_schema() {
  using S = Chemistry;
  static const auto kSchema =
      Schema<S>("chemistry", "A cell profile: profiles/chemistry/NAME.toml.")
          .required("name", &S::name, "In words, for people.", not_empty())
          .required("cell_plausible_low_v", &S::cell_plausible_low_v,
                    "A reading below it is a wrong reading.", range(0, 1000))
          .required("cell_plausible_high_v", &S::cell_plausible_high_v,
                    "A reading above it is a wrong reading.", range(0, 1000))
          .table("cell_high_v", &S::cell_high_v, limit_schema())
          .table("cell_low_v", &S::cell_low_v, limit_schema())
          .table("cell_spread_v", &S::cell_spread_v, limit_schema())
          .table("temperature_high_c", &S::temperature_high_c, limit_schema())
          .table("temperature_low_c", &S::temperature_low_c, limit_schema())
          .option(
              "balance_voltage_v", &S::balance_voltage_v,
              "No cell is bled at or below it, unless the pack says otherwise; not set: the pack "
              "must say.",
              range(0.5, 60))
          .option("ocv_soc", &S::ocv_soc, "States of charge of the open-circuit curve, rising.",
                  range(0, 1))
          .option("ocv_v", &S::ocv_v, "Open-circuit voltage of one cell at each of them.",
                  range(0, 1000))
          .check(check_limits);
  return kSchema;
}

ChemistryRead load_chemistry(const std::string& path) {
  FileRead<Chemistry> read = read_file(chemistry_schema(), path);
  return {std::move(read.value), std::move(read.mistakes)};
}

}  // namespace b2m::config
