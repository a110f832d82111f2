// SPDX-License-Identifier: MIT
// The countdown in the plug, which both command sets have exactly one of per socket: what is in
// that slot, what to do to have our timer run in it, and how to be sure of it
// (docs/protocols/kasa.md, 1.6).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "adapters/kasa/device.hpp"

namespace b2m::kasa {

struct TimerRule {
  std::string id;
  std::optional<bool> is_enabled;  // false once it has fired
  std::optional<bool> ends_on;     // what it does at its end
  std::optional<double> delay_s;
  std::optional<double> remaining_s;  // some implementations leave it out
  bool is_ours = false;
};
using TimerRules = std::vector<TimerRule>;

/// Whole seconds, rounded up; plugs miss delays of a few seconds. Errc::out_of_range for no number
/// and for more than a day.
Result<int> timer_delay(double seconds);

/// What the slot means for safety: is there a timer that switches off?
GuardState guard_of(const TimerRules& rules);

/// The rule that runs out after `delay_s`, give or take what the requests take. One that does not
/// say how long it has left is believed only when it was just written.
const TimerRule* armed_for(const TimerRules& rules, int delay_s, bool just_written);

enum class TimerStep { add, edit, replace };
struct TimerPlan {
  TimerStep step = TimerStep::add;
  std::string id;  // to edit or to replace
};
/// Errc::refused when somebody else's timer runs. `unedited` is the id of a rule that did not
/// change when it was edited.
Result<TimerPlan> plan_timer(const TimerRules& rules, const std::string& unedited,
                             bool can_edit_elapsed);

/// The slot of one socket.
class TimerSlot {
 public:
  virtual ~TimerSlot() = default;
  virtual Awaitable<Result<TimerRules>> read(SteadyTime deadline) = 0;
  virtual Awaitable<Result<>> add(int delay_s, SteadyTime deadline) = 0;
  virtual Awaitable<Result<>> edit(std::string id, int delay_s, SteadyTime deadline) = 0;
  virtual Awaitable<Result<>> replace(std::string id, int delay_s, SteadyTime deadline) = 0;
  virtual Awaitable<Result<>> remove(TimerRule rule, SteadyTime deadline) = 0;
  [[nodiscard]] virtual bool can_edit_elapsed() const = 0;
};

/// What we have put into a slot, as far as we know: kept between calls, by it we see that a rule
/// with our name was changed by somebody else.
struct OwnTimer {
  double delay_s = 0;
  SteadyTime ends{};
};

/// Reads first: somebody may have set a timer of his own since. Then arms or renews, and reads
/// back. A renewal is one edit, without a moment in which nothing is armed.
Awaitable<Result<GuardState>> arm_timer(TimerSlot& slot, Clock& clock, std::optional<OwnTimer>& own,
                                        double seconds, SteadyTime deadline);
/// Only ours. A device without timers has nothing to remove.
Awaitable<Result<>> remove_timer(TimerSlot& slot, SteadyTime deadline);

}  // namespace b2m::kasa
