// SPDX-License-Identifier: MIT
// What a user wants, what the rules make of it, and the step that goes to the hardware.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/model/report.hpp"
#include "gateway/model/session_record.hpp"
#include "gateway/result.hpp"

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
  bool resend = false;  // say it again now, although it was said
  bool asked = false;   // by a user just now: a failure is told, although it was told before
  std::string text{};   // of text points
  /// So long may the device stay on without hearing from us: it switches off by itself. 0: no such
  /// guard.
  double guard_s = 0;
  double refresh_s = 0;   // repeated this often while on; 0: as the entity says
  bool once = false;      // one order now, and no opinion afterwards
  bool keep = false;      // it is on already: renew its guard, but never switch it on again
  bool may_stay = false;  // may be on when the program ends
};

struct Alert {
  Slot slot = kNoSlot;  // the alarm's own point
  bool active = false;
  Severity severity = Severity::warning;
  std::string message;
};

/// A value that the rules want back after a restart.
struct Kept {
  std::string key;
  std::string value;
};

struct Decision {
  std::vector<Computed> computed;
  std::vector<std::pair<Slot, std::string>> texts;  // computed text points
  std::vector<Output> outputs;                      // all of them, at every tick
  std::vector<Alert> alerts;                        // those that have just been raised or cleared
  std::vector<Verdict> verdicts;
  std::vector<std::pair<DeviceId, Note>> notes;
  std::vector<Kept> kept;
  std::vector<SessionRecord> sessions;  // that have just ended

  void clear() {
    computed.clear();
    outputs.clear();
    alerts.clear();
    verdicts.clear();
    notes.clear();
    texts.clear();
    kept.clear();
    sessions.clear();
  }
};

/// An order that was not carried out.
struct Failure {
  Slot slot = kNoSlot;
  double value = 0;  // what was ordered
  std::string reason{};
  Errc code = Errc::io_error;
};

/// One step for one device.
struct Order {
  std::string part;  // of the adapter
  int module = 0;
  RowId row = kNoRow;
  int index = 0;  // from 0
  double value = 0;
  std::string text;    // of text points
  double guard_s = 0;  // before switching on: arm or renew the device's own timer, to this
  bool keep = false;   // renew only: fails, without switching, when the device is off
  SteadyTime deadline{};

  Order() = default;  // not an aggregate: g++ 12 destroys braced aggregates twice around co_await
};

}  // namespace b2m
