// SPDX-License-Identifier: MIT
// What one frame or reply said about one device.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gateway/model/reading.hpp"
#include "gateway/model/site.hpp"

namespace b2m {

enum class Severity { info, warning, error };
inline constexpr std::string_view kSeverities[] = {"info", "warning", "error"};

struct Sample {
  RowId row;
  std::uint16_t index;  // of the cell or sensor, from 0
  Quality quality;      // good, suspect, missing or absent
  double value;
};

struct TextSample {
  RowId row;
  std::string text;
  int index = 0;  // of the cell or sensor, from 0
};

/// Something that happened, as opposed to a value: ends on bridge/event.
struct Note {
  std::string type;  // "bms_error"
  Severity severity = Severity::info;
  std::string key;  // entity key it belongs to; may be empty
  std::string message;
};

struct Report {
  Target target{};
  std::vector<Sample> samples;
  std::vector<TextSample> texts;
  std::vector<Note> notes;

  Report() = default;
  explicit Report(Target t) : target(t) {}

  /// `index` counts from 0 although keys and names count from 1.
  template <class Unit>
  Report& add(Handle<Unit> point, Unit value, int index = 0) {
    return add(point.row, value.value, index);
  }
  Report& add(Handle<OnOff> point, bool on, int index = 0) {
    return add(point.row, on ? 1 : 0, index);
  }
  Report& add(Handle<Plain> point, double value, int index = 0) {
    return add(point.row, value, index);
  }
  /// Where rows come from a file instead of the program.
  Report& add(RowId row, double value, int index = 0, Quality quality = Quality::good) {
    samples.push_back({row, static_cast<std::uint16_t>(index), quality, value});
    return *this;
  }
  Report& add_text(RowId row, std::string text, int index = 0) {
    texts.push_back({row, std::move(text), index});
    return *this;
  }
  void clear() {
    samples.clear();
    texts.clear();
    notes.clear();
  }
};

/// Where reports go: never waits, never fails.
class Inbox {
 public:
  virtual ~Inbox() = default;
  virtual void post(const Report& report) = 0;
};

}  // namespace b2m
