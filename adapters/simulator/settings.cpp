// SPDX-License-Identifier: MIT
#include "adapters/simulator/settings.hpp"

#include <fmt/format.h>

namespace b2m::simulator {
namespace {

/// Cells times speed: what takes about one part in a hundred of a core.
constexpr double kMostWork = 20'000;

void check(const SimulatorSettings& s, config::Complaints& complaints) {
  const double work = s.all_cells() * s.speed;
  if (work <= kMostWork) return;
  complaints.about("speed",
                   fmt::format("{} cells at {} times real time would hold up the gateway",
                               s.all_cells(), s.speed),
                   fmt::format("modules x cells x speed is at most {}", kMostWork));
}

auto make_schema() {
  using S = SimulatorSettings;
  return config::with_battery(
             config::Schema<S>("simulator",
                               "A battery without hardware, simulated inside the gateway")
                 .required("id", &S::id, "Name of this battery", config::slug())
                 .option("modules", &S::modules, "In series; of several, each is a device",
                         config::range(1, 100))
                 .option("cells", &S::cells, "Of a module, in series", config::range(1, 200)))
      .option("bleed_ohm", &S::bleed_ohm, "Bleed resistor of each cell; 0: none",
              config::range(0, 100'000))
      .option("interval_s", &S::interval_s, "How often it reports", config::range(0.1, 60))
      .option("speed", &S::speed,
              "Times as fast as real time; timers of charging, bleeds and heater stay real",
              config::range(0.01, 1000))
      .option("seed", &S::seed, "The same seed gives the same cells", config::at_least(0))
      .option("contactor_open", &S::contactor_open, "The contactor is open at the start")
      .place(&S::place)
      .check(check);
}

}  // namespace

const config::TableSchema& simulator_schema() {
  static const auto kSchema = make_schema();
  return kSchema;
}

}  // namespace b2m::simulator
