// SPDX-License-Identifier: MIT
// Drive cycles as text: two numbers a line.
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "gateway/sim/cell/experiment.hpp"
#include "gateway/sim/cell/text.hpp"

namespace b2m::sim {
namespace {

constexpr std::size_t kMaxPoints = 1'000'000;
constexpr std::size_t kMaxBytes = 64u << 20;
constexpr double kMaxTime_s = 1e9;

bool is_separator(char c) { return c == ',' || c == ';' || is_blank(c); }

/// The next field of a line, and the line without it. Two commas in a row are an empty field.
std::string_view cut_field(std::string_view& line) {
  line = trimmed(line);
  std::size_t end = 0;
  while (end < line.size() && !is_separator(line[end])) ++end;
  const std::string_view field = line.substr(0, end);
  line = trimmed(line.substr(end));
  if (!line.empty() && (line.front() == ',' || line.front() == ';')) line.remove_prefix(1);
  return field;
}

bool parse_number(std::string_view field, double& number) {
  if (!field.empty() && field.front() == '+') field.remove_prefix(1);
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
  return error == std::errc() && end == field.data() + field.size() && !field.empty();
}

class CycleParser {
 public:
  explicit CycleParser(bool charge_positive) : sign_(charge_positive ? -1 : 1) {}

  Result<DriveCycle> parse(std::string_view csv) {
    if (csv.substr(0, 3) == "\xEF\xBB\xBF") csv.remove_prefix(3);
    while (!csv.empty()) {
      const std::size_t end = std::min(csv.find('\n'), csv.size());
      ++line_;
      if (auto fine = add(csv.substr(0, end)); !fine) return fine.error();
      csv.remove_prefix(std::min(end + 1, csv.size()));
    }
    if (cycle_.time_s.size() < 2)
      return Error(Errc::malformed,
                   fmt::format("the cycle has {} points; it needs 2 at least, each a line "
                               "\"time,current\" such as \"0,1.5\"",
                               cycle_.time_s.size()));
    return std::move(cycle_);
  }

 private:
  [[nodiscard]] Error wrong(const std::string& what) const {
    return {Errc::malformed, fmt::format("line {}: {}", line_, what)};
  }

  Result<> add(std::string_view line) {
    line = trimmed(line.substr(0, line.find('#')));
    if (line.empty()) return {};
    const std::string_view whole = line;
    const std::string_view fields[] = {cut_field(line), cut_field(line)};
    std::array<double, 2> numbers{};
    for (std::size_t i = 0; i < 2; ++i) {
      if (parse_number(fields[i], numbers[i])) continue;
      // One line of words is a heading.
      if (i == 0 && !has_heading_ && cycle_.time_s.empty()) {
        has_heading_ = true;
        return {};
      }
      return wrong(quoted(fields[i]) +
                   " is not a number; expected is \"time,current\" such as "
                   "\"12.5,-3\" with a point in decimals");
    }
    if (!line.empty())
      return wrong(quoted(whole) + " has more than two columns; expected is \"time,current\"");
    return add_point(numbers[0], numbers[1]);
  }

  Result<> add_point(double time_s, double current_a) {
    if (!std::isfinite(time_s) || !std::isfinite(current_a)) return wrong("a number is not finite");
    if (cycle_.time_s.empty() && time_s != 0)
      return wrong(fmt::format("the first time is {:.9g} s; a cycle starts at 0", time_s));
    if (!cycle_.time_s.empty() && !(time_s > cycle_.time_s.back()))
      return wrong(fmt::format("{:.9g} s does not come after {:.9g} s; times have to rise", time_s,
                               cycle_.time_s.back()));
    if (time_s > kMaxTime_s) return wrong(fmt::format("{:.9g} s is too long a time", time_s));
    if (cycle_.time_s.size() >= kMaxPoints)
      return wrong(fmt::format("a cycle has at most {} points", kMaxPoints));
    cycle_.time_s.push_back(time_s);
    cycle_.current_a.push_back(sign_ * current_a);
    return {};
  }

  double sign_;
  DriveCycle cycle_;
  std::size_t line_ = 0;
  bool has_heading_ = false;
};

}  // namespace

Result<DriveCycle> parse_cycle(std::string_view csv, bool charge_positive) {
  if (csv.size() > kMaxBytes)
    return Error(Errc::out_of_range, fmt::format("the cycle has {} MB; at most {} are possible",
                                                 csv.size() >> 20, kMaxBytes >> 20));
  return CycleParser(charge_positive).parse(csv);
}

}  // namespace b2m::sim
