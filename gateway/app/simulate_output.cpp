// SPDX-License-Identifier: MIT
#include "gateway/app/simulate_output.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace b2m::app {
namespace {

using Json = nlohmann::ordered_json;

std::vector<double> column(const sim::SimulationTable& table, std::string_view name) {
  const auto at = std::ranges::find(table.columns, name);
  std::vector<double> values;
  if (at == table.columns.end()) return values;
  const std::size_t width = table.columns.size();
  for (auto i = static_cast<std::size_t>(at - table.columns.begin()); i < table.values.size();
       i += width)
    values.push_back(table.values[i]);
  return values;
}

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json end_json(const sim::SimulationEnd& end) {
  return {{"reason", sim::kEndReasons[static_cast<int>(end.reason)]},
          {"text", end.text},
          {"time_s", number(end.time_s)},
          {"voltage_v", number(end.voltage_v)},
          {"step", end.step}};
}

Json rows_json(const sim::SimulationTable& table) {
  Json rows = Json::array();
  const std::size_t width = table.columns.size();
  for (std::size_t row = 0; row < table.rows(); ++row) {
    Json cells = Json::array();
    for (std::size_t i = 0; i < width; ++i) cells.push_back(number(table.values[row * width + i]));
    rows.push_back(std::move(cells));
  }
  return rows;
}

struct TimeUnit {
  double seconds;
  const char* label;
};

TimeUnit time_unit(std::span<const FinishedRun> runs) {
  double longest = 0;
  for (const FinishedRun& run : runs) longest = std::max(longest, run.output.end.time_s);
  if (longest <= 900) return {1, "Time (s)"};
  return longest <= 2 * 3600 ? TimeUnit{60, "Time (min)"} : TimeUnit{3600, "Time (h)"};
}

Panel panel_of(std::span<const FinishedRun> runs, const char* name, const char* label,
               TimeUnit unit) {
  Panel panel{label, {}};
  for (const FinishedRun& run : runs) {
    Curve curve{run.run.name, column(run.output.table, "time_s"), column(run.output.table, name)};
    curve.x.resize(std::min(curve.x.size(), curve.y.size()));
    curve.y.resize(curve.x.size());
    for (double& x : curve.x) x /= unit.seconds;
    panel.curves.push_back(std::move(curve));
  }
  return panel;
}

std::string title_of(std::span<const FinishedRun> runs) {
  if (runs.empty()) return "Simulation";
  const sim::CellSet& set = runs.front().run.input.set;
  const bool is_one = std::ranges::all_of(
      runs, [&](const FinishedRun& r) { return r.run.input.set.name == set.name; });
  return is_one && !set.title.empty() ? set.title : "Simulation";
}

/// In quotes where CSV needs them.
std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

}  // namespace

std::string simulate_csv(std::span<const FinishedRun> runs) {
  if (runs.size() == 1) return sim::to_csv(runs.front().output.table);
  std::string out;
  for (const FinishedRun& run : runs) {
    std::istringstream lines(sim::to_csv(run.output.table));
    std::string line;
    std::getline(lines, line);
    if (out.empty()) out = "run," + line + "\n";
    while (std::getline(lines, line)) out += csv_cell(run.run.name) + "," + line + "\n";
  }
  return out;
}

std::string simulate_json(std::span<const FinishedRun> runs) {
  Json all = Json::array();
  for (const FinishedRun& run : runs) {
    Json json{{"name", run.run.name},
              {"model", sim::kModelNames[static_cast<std::size_t>(run.run.input.model)]},
              {"parameters", run.run.input.set.name},
              {"end", end_json(run.output.end)},
              {"columns", run.output.table.columns}};
    json["rows"] = rows_json(run.output.table);
    all.push_back(std::move(json));
  }
  return Json{{"runs", std::move(all)}}.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Figure simulate_figure(std::span<const FinishedRun> runs) {
  const TimeUnit unit = time_unit(runs);
  Figure figure{title_of(runs), unit.label, {}};
  figure.panels.push_back(panel_of(runs, "voltage_v", "Voltage (V)", unit));
  figure.panels.push_back(panel_of(runs, "current_a", "Current (A), discharge positive", unit));
  const bool is_thermal =
      std::ranges::any_of(runs, [](const FinishedRun& r) { return r.run.input.is_thermal; });
  if (is_thermal)
    figure.panels.push_back(panel_of(runs, "temperature_c", "Temperature (°C)", unit));
  return figure;
}

}  // namespace b2m::app
