// SPDX-License-Identifier: MIT
// A pack of cells without any adapter behind it, for tests of model and rules.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/model/intent.hpp"
#include "gateway/model/model.hpp"
#include "gateway/rules/limits.hpp"
#include "gateway/rules/rule.hpp"

namespace b2m::test {

struct PackSpec {
  int cells = 6;
  int modules = 0;  // 0: the cells stand on the pack itself
  bool temperatures = true;
  bool charging = false;
  bool optimistic = true;
  bool confirms = false;
  bool current = false;
  bool allowed = true;
};

/// One pack "pack1" on an adapter "bench" (part "1"), lead_12v's limits.
class SiteFixture {
 public:
  explicit SiteFixture(PackSpec spec = {});

  [[nodiscard]] const Site& site() const { return *site_; }
  [[nodiscard]] Model& model() { return *model_; }
  [[nodiscard]] const rules::LimitsOf& limits() const { return limits_; }
  [[nodiscard]] DeviceId pack() const { return site_->find("pack1")->id; }
  [[nodiscard]] Slot slot(const std::string& key, const std::string& device = "pack1") const;
  [[nodiscard]] SteadyTime now() const { return now_; }
  void advance(SteadyDuration d) { now_ += d; }

  /// Every cell at this voltage and temperature, now.
  void fill(Volts voltage, Celsius temperature);
  void set_cell(int cell, Volts voltage);         // from 1
  void set_temperature(int cell, Celsius value);  // from 1
  void set(Slot slot, double value);
  void connect_adapter(bool on = true);
  /// One step of `rule` (after which its computed values stand in the model).
  Decision step(rules::Rule& rule, std::vector<Intent> intents = {}, bool shutting_down = false);
  [[nodiscard]] const Reading& reading(const std::string& key) {
    return model_->view(now_)[slot(key)];
  }

 private:
  PackSpec spec_;
  PointTable points_;
  std::unique_ptr<Site> site_;
  std::unique_ptr<Model> model_;
  rules::LimitsOf limits_;
  SteadyTime now_ = SteadyTime{} + std::chrono::hours(1);
};

}  // namespace b2m::test
