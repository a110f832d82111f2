// SPDX-License-Identifier: MIT
#include "config/mistake.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/core.h>

namespace b2m::config {

std::string Mistake::text() const {
  std::string where = place.file;
  if (place.line > 0) where += fmt::format(":{}:{}", place.line, place.column);
  const char* kind = level == Level::error ? "error" : "warning";
  const std::string mend = hint.empty() ? "" : "; hint: " + hint;
  return fmt::format("{}: {}: {}{}", where, kind, what, mend);
}

bool has_errors(const Mistakes& mistakes) {
  return std::any_of(mistakes.begin(), mistakes.end(),
                     [](const Mistake& m) { return m.level == Level::error; });
}

void sort_by_place(Mistakes& mistakes, std::string_view main_file) {
  const auto rank = [main_file](const Mistake& m) {
    return std::make_tuple(m.place.file != main_file, std::string_view(m.place.file), m.place.line,
                           m.place.column);
  };
  std::stable_sort(mistakes.begin(), mistakes.end(),
                   [&rank](const Mistake& a, const Mistake& b) { return rank(a) < rank(b); });
}

std::string list(const Mistakes& mistakes) {
  std::string all;
  for (const Mistake& m : mistakes) {
    if (!all.empty()) all += '\n';
    all += m.text();
  }
  return all;
}

}  // namespace b2m::config
