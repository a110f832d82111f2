// SPDX-License-Identifier: MIT
// The middle: reports and intents in, model and rules in one synchronous call, decision out.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/io/clock.hpp"
#include "gateway/model/model.hpp"
#include "gateway/rules/limits.hpp"
#include "gateway/rules/rule.hpp"

namespace b2m::app {

class Engine {
 public:
  struct Hooks {
    std::function<void()> flush_wanted;  // something has changed
    std::function<void()> tick_wanted;   // at once instead of at the next interval
    std::function<void(DeviceId, const Note&)> note;
    std::function<void(const Snapshot&, const Decision&)> decided;
  };

  Engine(const Site& site, const rules::LimitsOf& limits, Clock& clock);
  /// A rule that comes after all that are there.
  void add(std::unique_ptr<rules::Rule> rule) { rules_.push_back(std::move(rule)); }
  void set_hooks(Hooks hooks) { hooks_ = std::move(hooks); }

  void apply(const Report& report);
  void submit(Intent intent);
  /// For the rules of the next tick.
  void order_failed(Failure failure);
  /// Points that the program itself knows: versions, connections of adapters.
  void set(Slot slot, double value, Quality quality = Quality::good);
  void set_text(Slot slot, std::string text);
  void tick();
  /// From now on no output may be on.
  void shut_down();

  [[nodiscard]] Model& model() { return model_; }
  [[nodiscard]] const Site& site() const { return site_; }
  [[nodiscard]] Snapshot view() const { return model_.view(clock_.now()); }

 private:
  void want_flush();

  const Site& site_;
  Clock& clock_;
  Model model_;
  std::vector<std::unique_ptr<rules::Rule>> rules_;
  std::vector<Intent> intents_;
  std::vector<Failure> failures_;
  Decision decision_;
  Hooks hooks_;
  bool is_shutting_down_ = false;
};

}  // namespace b2m::app
