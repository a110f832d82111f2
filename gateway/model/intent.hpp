// SPDX-License-Identifier: MIT
// What a user wants, what the rules make of it, and the step that goes to the hardware.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/model/report.hpp"

namespace b2m {

/// A command that has passed every check of form: point exists, is writable, value is in range.
struct Intent {
  Slot slot = kNoSlot;
  double value = 0;
  std::string text;          // of text points
  std::uint64_t ticket = 0;  // names the command in its Verdict; 0: nobody waits for an answer
};

struct Verdict {
  std::uint64_t ticket = 0;
  Slot slot = kNoSlot;
  bool accepted = false;
  std::string reason;  // why not
};

struct Computed {
  Slot slot = kNoSlot;
  double value = 0;
  Quality quality = Quality::good;
};

/// An output as it shall be. The reconciler sees to it.
struct Output {
  Slot slot = kNoSlot;
  double value = 0;
  bool resend = false;  // a user has just asked for it again
};

struct Alert {
  Slot slot = kNoSlot;  // the alarm's own point
  bool active = false;
  Severity severity = Severity::warning;
  std::string message;
};

struct Decision {
  std::vector<Computed> computed;
  std::vector<Output> outputs;  // all of them, at every tick
  std::vector<Alert> alerts;    // those that have just been raised or cleared
  std::vector<Verdict> verdicts;
  std::vector<std::pair<DeviceId, Note>> notes;

  void clear() {
    computed.clear();
    outputs.clear();
    alerts.clear();
    verdicts.clear();
    notes.clear();
  }
};

/// One step for one device.
struct Order {
  std::string part;  // of the adapter
  int module = 0;
  RowId row = kNoRow;
  int index = 0;  // from 0
  double value = 0;
  SteadyTime deadline{};

  Order() = default;  // not an aggregate: g++ 12 destroys braced aggregates twice around co_await
};

}  // namespace b2m
