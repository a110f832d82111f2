// SPDX-License-Identifier: MIT
#include "gateway/app/simulation/rows.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "discovery/text.hpp"

namespace b2m::app {
namespace {

constexpr std::size_t kWidest = 19;  // characters of a number and its comma

/// Ten digits: finer than any of the models, and half as long as all sixteen.
void append_number(std::string& text, double value, const char* unknown) {
  if (std::isfinite(value)) {
    fmt::format_to(std::back_inserter(text), "{:.10g}", value);
  } else {
    text += unknown;
  }
}

sim::SimulationTable cut(const sim::SimulationTable& table, std::size_t first, std::size_t last) {
  const auto width = static_cast<std::ptrdiff_t>(table.columns.size());
  sim::SimulationTable part;
  part.columns = table.columns;
  part.values.assign(table.values.begin() + static_cast<std::ptrdiff_t>(first) * width,
                     table.values.begin() + static_cast<std::ptrdiff_t>(last) * width);
  return part;
}

std::string csv_fields(const sim::SimulationTable& rows, bool has_heading) {
  std::string csv = sim::to_csv(rows);
  if (!has_heading) csv.erase(0, std::min(csv.find('\n'), csv.size() - 1) + 1);
  std::string fields = "\"csv\":";
  discovery::append_json_string(fields, csv);
  return fields;
}

std::string json_fields(const sim::SimulationTable& rows) {
  std::string text = R"("columns":[)";
  for (const std::string& name : rows.columns) {
    if (&name != &rows.columns.front()) text += ',';
    discovery::append_json_string(text, name);
  }
  text += R"(],"rows":[)";
  const std::size_t width = rows.columns.size();
  for (std::size_t i = 0; i < rows.values.size(); ++i) {
    if (i % width == 0) text += i == 0 ? "[" : "],[";
    if (i % width != 0) text += ',';
    append_number(text, rows.values[i], "null");
  }
  return text + (rows.values.empty() ? "]" : "]]");
}

}  // namespace

std::size_t rows_in_part(const sim::SimulationTable& table, PartSize size) {
  const std::size_t row_bytes = std::max<std::size_t>(table.columns.size(), 1) * kWidest;
  return std::clamp<std::size_t>(size.bytes / row_bytes, 1, size.rows);
}

std::size_t count_parts(const sim::SimulationTable& table, PartSize size) {
  const std::size_t rows = rows_in_part(table, size);
  return std::max<std::size_t>((table.rows() + rows - 1) / rows, 1);
}

std::string part_fields(const sim::SimulationTable& table, std::size_t part, ResultFormat format,
                        PartSize size) {
  const std::size_t rows = rows_in_part(table, size);
  const std::size_t first = std::min((part - 1) * rows, table.rows());
  const auto piece = cut(table, first, std::min(first + rows, table.rows()));
  return format == ResultFormat::csv ? csv_fields(piece, part == 1) : json_fields(piece);
}

}  // namespace b2m::app
