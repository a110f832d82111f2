// SPDX-License-Identifier: MIT
#include "gateway/app/simulation/wire_result.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "discovery/text.hpp"

namespace b2m::app::simulation_wire {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kNumberBytes = sizeof(double);
constexpr std::size_t kLongestHead = 64 * 1024;
constexpr std::size_t kLongestText = 4096;
constexpr std::size_t kMostColumns = 200;
constexpr int kDeepest = 4;

Error malformed(std::string_view what) {
  return {Errc::malformed, fmt::format("a worker's result: {}", what)};
}

/// FNV-1a: finds what was damaged on the way. It proves nothing against somebody who means harm;
/// the broker's access rules do that.
std::uint64_t sum_of(std::uint64_t sum, std::string_view bytes) {
  for (const char c : bytes) sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return sum;
}
constexpr std::uint64_t kEmptySum = 0xCBF29CE484222325;

std::uint64_t little_endian(std::uint64_t bits) {
  if constexpr (std::endian::native == std::endian::little) return bits;
  std::uint64_t turned = 0;
  for (int i = 0; i < 8; ++i) turned |= (bits >> (8 * i) & 0xFF) << (8 * (7 - i));
  return turned;
}

void append(std::string& to, const std::vector<double>& values) {
  const std::size_t begin = to.size();
  to.resize(begin + values.size() * kNumberBytes);
  char* at = to.data() + begin;
  for (const double value : values) {
    const std::uint64_t bits = little_endian(std::bit_cast<std::uint64_t>(value));
    std::memcpy(at, &bits, kNumberBytes);
    at += kNumberBytes;
  }
}

std::vector<double> numbers(std::string_view bytes) {
  std::vector<double> values(bytes.size() / kNumberBytes);
  const char* at = bytes.data();
  for (double& value : values) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, at, kNumberBytes);
    value = std::bit_cast<double>(little_endian(bits));
    at += kNumberBytes;
  }
  return values;
}

std::string cut(const std::string& text) { return text.substr(0, kLongestText); }

std::string content_of(const JobResult& result) {
  const sim::SimulationEnd& end = result.output.end;
  const Json head{{"state", kJobStates[static_cast<int>(result.state)]},
                  {"error", cut(result.error)},
                  {"calculated_s", result.calculated_s},
                  {"columns", result.output.table.columns},
                  {"end",
                   {{"reason", sim::kEndReasons[static_cast<int>(end.reason)]},
                    {"text", cut(end.text)},
                    {"time_s", end.time_s},
                    {"voltage_v", end.voltage_v},
                    {"step", end.step},
                    {"solver_steps", end.solver_steps}}}};
  std::string content = head.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  append(content, result.output.table.values);
  return content;
}

JobResult too_large(const JobResult& result) {
  JobResult refused;
  refused.calculated_s = result.calculated_s;
  refused.error = fmt::format(
      "the result has {} rows, which is too much to send; ask for fewer rows or columns",
      result.output.table.rows());
  return refused;
}

/// Position of a word in its list; the list's length when it is not there.
template <std::size_t N>
std::size_t index_of(const char* const (&words)[N], const Json& word) {
  if (!word.is_string()) return N;
  const auto& text = word.get_ref<const std::string&>();
  return static_cast<std::size_t>(std::find(words, words + N, text) - words);
}

/// JSON has no word for "not a number"; it comes as null.
double number(const Json& value) {
  return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

Result<sim::SimulationEnd> parse_end(const Json& json) {
  const std::size_t reason = index_of(sim::kEndReasons, json.value("reason", Json()));
  const Json step = json.value("step", Json()), steps = json.value("solver_steps", Json());
  if (reason >= std::size(sim::kEndReasons)) return malformed("an unknown reason of the end");
  if (!json.value("text", Json()).is_string() || !step.is_number_integer() ||
      !steps.is_number_integer())
    return malformed("its end is incomplete");
  sim::SimulationEnd end;
  end.reason = static_cast<sim::EndReason>(reason);
  end.text = json["text"].get<std::string>();
  end.time_s = number(json.value("time_s", Json()));
  end.voltage_v = number(json.value("voltage_v", Json()));
  end.step = step.get<int>();
  end.solver_steps = steps.get<std::int64_t>();
  return end;
}

bool is_column(const Json& name) {
  const auto& known = sim::output_columns();
  return name.is_string() && std::ranges::any_of(known, [&](const sim::OutputColumn& column) {
           return column.name == name.get_ref<const std::string&>();
         });
}

Result<sim::SimulationTable> parse_table(const Json& columns, std::string_view bytes) {
  sim::SimulationTable table;
  if (!columns.is_array() || columns.size() > kMostColumns) return malformed("no list of columns");
  for (const Json& column : columns) {
    if (!is_column(column)) return malformed("a column that no run has");
    table.columns.push_back(column.get<std::string>());
  }
  const std::size_t row = table.columns.size() * kNumberBytes;
  if (row == 0 ? !bytes.empty() : bytes.size() % row != 0) return malformed("half a row");
  table.values = numbers(bytes);
  return table;
}

Result<JobResult> parse_content(std::string_view content) {
  const std::size_t line = content.find('\n');
  if (line == std::string_view::npos || line > kLongestHead) return malformed("no first line");
  const std::string_view text = content.substr(0, line);
  if (discovery::nests_deeper(text, kDeepest)) return malformed("the JSON is nested too deep");
  const Json head = Json::parse(text, nullptr, false);
  if (!head.is_object() || !head.value("end", Json()).is_object())
    return malformed("no JSON object with an end");
  const std::size_t state = index_of(kJobStates, head.value("state", Json()));
  if (state >= std::size(kJobStates) || !is_over(static_cast<JobState>(state)))
    return malformed("it is not over");
  auto end = parse_end(head["end"]);
  if (!end) return end.error();
  auto table = parse_table(head.value("columns", Json()), content.substr(line + 1));
  if (!table) return table.error();
  JobResult result;
  result.state = static_cast<JobState>(state);
  if (const Json error = head.value("error", Json()); error.is_string())
    result.error = error.get<std::string>();
  result.output = {std::move(*table), std::move(*end)};
  result.calculated_s = number(head.value("calculated_s", Json()));
  return result;
}

}  // namespace

std::vector<ResultPart> encode_result(const Ticket& ticket, const JobResult& result) {
  std::string content;
  if (result.output.table.values.size() < kMostResultBytes / kNumberBytes)
    content = content_of(result);
  if (content.empty() || content.size() > kMostResultBytes) content = content_of(too_large(result));
  const std::uint64_t check = sum_of(kEmptySum, content);
  const std::size_t count = (content.size() + kPartBytes - 1) / kPartBytes;
  std::vector<ResultPart> parts(count);
  for (std::size_t i = 0; i < count; ++i)
    parts[i] = {ticket,
                static_cast<int>(i + 1),
                static_cast<int>(count),
                content.size(),
                check,
                content.substr(i * kPartBytes, kPartBytes)};
  return parts;
}

Result<std::optional<JobResult>> ResultAssembly::add(ResultPart part) {
  if (part.size > kMostResultBytes) return malformed("too large");
  const auto count = static_cast<std::size_t>(part.parts);
  if (part.check != check_ || part.size != size_ || count != parts_.size()) {
    *this = {};  // calculated twice: the newer one
    check_ = part.check;
    size_ = part.size;
    parts_.resize(count);
    missing_ = part.parts;
  }
  if (part.bytes.empty()) return malformed("an empty part");
  std::string& place = parts_.at(static_cast<std::size_t>(part.part - 1));
  if (place.empty()) --missing_;
  collected_ += part.bytes.size() - place.size();
  place = std::move(part.bytes);
  if (collected_ > size_) {
    *this = {};
    return malformed("its parts are longer than the whole");
  }
  if (missing_ > 0) return std::optional<JobResult>();
  auto result = finish();
  *this = {};
  if (!result) return result.error();
  return std::optional<JobResult>(std::move(*result));
}

Result<JobResult> ResultAssembly::finish() {
  std::string content;
  content.reserve(size_);
  for (std::string& part : parts_) {
    content += part;
    part = {};
  }
  if (content.size() != size_ || sum_of(kEmptySum, content) != check_)
    return malformed("damaged on the way");
  return parse_content(content);
}

}  // namespace b2m::app::simulation_wire
