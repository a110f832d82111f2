// SPDX-License-Identifier: MIT
// Finished charges told once a day and once a week, in one line each.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/model/session_record.hpp"
#include "gateway/rules/local_time.hpp"

namespace b2m::rules {

class ChargeReports {
 public:
  struct Told {
    std::optional<std::string> daily, weekly;
  };

  void add(const SessionRecord& record);
  /// What is due now: the day's report at 06:00 local time, on mondays the week's as well.
  Told step(WallTime wall);
  /// Of the day before `wall`.
  [[nodiscard]] std::string yesterday(WallTime wall) const;
  /// Differs after every change that is worth keeping.
  [[nodiscard]] unsigned revision() const { return revision_; }

  [[nodiscard]] std::string to_text() const;
  /// Lines that are not understood are left out.
  void restore(std::string_view text);

 private:
  struct Charge {
    int day = 0;  // local, on which it ended
    std::int64_t started = 0, ended = 0;
    double energy_wh = 0, cost = 0;
    bool has_cost = false;
    std::string charger, result;
  };
  void forget(int today);
  [[nodiscard]] std::string week(int today) const;
  [[nodiscard]] static std::optional<Charge> from_line(std::string_view line);

  std::deque<Charge> charges_;  // the oldest first
  int reported_day_ = -1;
  unsigned revision_ = 0;
};

}  // namespace b2m::rules
