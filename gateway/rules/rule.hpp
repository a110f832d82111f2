// SPDX-License-Identifier: MIT
// A rule: values in, decision out. No I/O, no clock of its own, no logging.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/model/intent.hpp"
#include "gateway/model/snapshot.hpp"

namespace b2m::rules {

struct Input {
  const Snapshot& now;
  std::span<const Intent> intents;
  bool shutting_down = false;
  WallTime wall{};
  std::span<const Failure> failures{};  // since the last tick
};

/// What an earlier run of the program kept under this key.
using Recall = std::function<std::optional<std::string>(std::string_view key)>;

class Rule {
 public:
  virtual ~Rule() = default;
  virtual void step(const Input& in, Decision& out) = 0;
};

/// Reading a value that an earlier rule of the same tick has computed.
[[nodiscard]] inline Reading latest(const Input& in, const Decision& out, Slot slot) {
  for (const Computed& c : out.computed)
    if (c.slot == slot) return {c.value, in.now.now(), c.quality};
  return in.now[slot];
}

}  // namespace b2m::rules
