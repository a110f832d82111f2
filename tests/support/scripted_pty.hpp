// SPDX-License-Identifier: MIT
// The far end of a serial line: a pseudo terminal whose other side a test plays by hand.
#pragma once

#include <functional>
#include <string>

#include "tests/support/virtual_clock.hpp"

namespace b2m::test {

class ScriptedPty {
 public:
  explicit ScriptedPty(VirtualClock& clock);
  ScriptedPty(const ScriptedPty&) = delete;
  ScriptedPty& operator=(const ScriptedPty&) = delete;
  ~ScriptedPty() { unplug(); }

  [[nodiscard]] const std::string& path() const { return path_; }
  /// Answers every line that ends with CR (which is not part of it); "" says nothing.
  void answer(std::function<std::string(const std::string&)> script) {
    script_ = std::move(script);
  }
  void say(const std::string& bytes) const;
  void unplug();
  /// All lines heard so far.
  [[nodiscard]] const std::vector<std::string>& heard() const { return heard_; }

 private:
  Awaitable<> listen();

  VirtualClock& clock_;
  int master_ = -1;
  std::string path_;
  std::string partial_;
  std::vector<std::string> heard_;
  std::function<std::string(const std::string&)> script_;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

}  // namespace b2m::test
