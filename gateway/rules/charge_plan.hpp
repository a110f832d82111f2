// SPDX-License-Identifier: MIT
// Whether a charger shall charge just now, to what goal, and when it will start next: from its
// settings, the calendar, the price and what was learned. Remembers nothing by itself.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/result.hpp"
#include "gateway/rules/charge_session.hpp"
#include "gateway/rules/charge_settings.hpp"

namespace b2m::rules {

/// What the plan has to know of the past. Kept over restarts as text.
struct PlanMemory {
  bool by_hand = false;                      // the user has started it; runs until its end
  bool is_full_charge = false;               // a full charge was due when this session began
  Occurrence served_window = kNoOccurrence;  // has had its charge
  Occurrence served_ready_by = kNoOccurrence;
  Occurrence runs_for = kNoOccurrence;         // the ready-by time that began to need a charge
  std::int64_t skip_from = 0, skip_until = 0;  // Unix seconds
  std::int64_t last_end = 0;                   // of a session, Unix seconds; 0: none yet
  double level_base_wh = 0;  // of this session, when the user said where the battery stands

  bool operator==(const PlanMemory&) const = default;
  [[nodiscard]] std::string to_text() const;
  /// Whatever is not understood keeps its default.
  static PlanMemory from_text(std::string_view text);
};

struct PlanInput {
  const ChargerSettings& charger;
  const ChargeOptions& options;
  const Learned& learned;
  const SessionFigures& session;
  const PlanMemory& memory;
  WallTime wall{};
  std::optional<double> price{};        // per kWh, now
  std::optional<double> soc_percent{};  // of the bound pack
  std::optional<double> cell_max_v{};
  bool spread_alarm = false;  // of the bound pack
  // By the steady clock, so that no jump of the wall clock changes them:
  double open_for_s = 0;   // the schedule may start, since
  double asked_for_s = 0;  // the user pressed start, since
  double on_for_s = 0;     // relay on without a break; 0: it is off
};

/// The part of a plan that only changes with the minute or the settings.
struct Calendar {
  LocalTime local;
  bool is_clock_set = false;
  bool is_open = false;
  std::string window;  // that is open: "22:00-06:00"
  Occurrence occurrence = kNoOccurrence;
  std::optional<WallTime> opening;   // the next one, while none is open
  std::optional<Deadline> ready_by;  // the next one
};
Calendar calendar(const ChargeOptions& options, WallTime wall);

struct Plan {
  ChargeWish wish;
  bool becomes_full = false;         // a full charge is due: for a session that begins now
  std::optional<Deadline> deadline;  // of a charge that a ready-by time needs
  std::string waits_for;             // why nothing starts although it might; empty: nothing to say
};
Plan make_plan(const PlanInput& in, const Calendar& calendar);

/// When the schedule or a pressed button will start a charge. Empty: not foreseen.
std::optional<WallTime> next_start(const PlanInput& in, const Calendar& calendar);

/// What a charge in this mode shall reach, or why it cannot.
Result<ChargeGoal> goal_of(const PlanInput& in, ChargeMode mode);
/// Highest power at the wall, learned or from the profile. 0: unknown.
double known_peak_w(const ChargerSettings& charger, const Learned& learned);
/// The same, else what the charger's current lets expect.
double expected_peak_w(const ChargerSettings& charger, const Learned& learned);
/// From now to the goal, if charged without a break.
double hours_to(const ChargeGoal& goal, const PlanInput& in);
/// The last moment at which a charge must begin, to be ready.
WallTime latest_start(const PlanInput& in, WallTime ready_by);
bool is_full_due(const PlanInput& in, const LocalTime& local);

/// Marks that the window and the ready-by time of this moment have had their charge.
void mark_served(PlanMemory& memory, const PlanInput& in, const Calendar& calendar, bool by_user);
/// Leaves out the next start; says what is wrong when none is planned.
Result<> skip_next(PlanMemory& memory, const PlanInput& in, const Calendar& calendar);

}  // namespace b2m::rules
