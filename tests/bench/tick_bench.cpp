// SPDX-License-Identifier: MIT
// What the middle costs without any I/O: taking a report, one tick of the rules, and the choice of
// what to publish, for a pack of 62 modules with six cells and two temperatures each.
#include <memory>

#include "gateway/app/engine.hpp"
#include "gateway/app/value_publisher.hpp"
#include "tests/bench/measure.hpp"
#include "tests/support/recording_link.hpp"
#include "tests/support/virtual_clock.hpp"

namespace {

using namespace b2m;
using namespace b2m::bench;

constexpr int kModules = 62;
constexpr int kCells = 6;
constexpr int kSensors = 2;
constexpr int kRounds = 2000;
constexpr auto kInterval = std::chrono::milliseconds(250);

SitePlan make_plan() {
  SitePlan plan;
  AdapterPlan& adapter = plan.adapters.emplace_back();
  adapter.id = "bench";
  adapter.kind = "can";
  for (int module = 1; module <= kModules; ++module) {
    Offer offer;
    offer.part = "1";
    offer.module = module;
    offer.row = point::cell_voltage.row;
    offer.count = kCells;
    adapter.offers.push_back(offer);
    offer.row = point::temperature.row;
    offer.count = kSensors;
    adapter.offers.push_back(offer);
  }
  return plan;
}

rules::PackLimits make_limits() {
  rules::PackLimits limits;
  limits.cell_high_v = rules::Limit{4.2, 0.03, 2};
  limits.cell_low_v = rules::Limit{3.0, 0.1, 5};
  limits.cell_spread_v = rules::Limit{0.1, 0.02, 60};
  limits.temperature_high_c = rules::Limit{55, 2, 5};
  limits.temperature_low_c = rules::Limit{0, 2, 5};
  return limits;
}

/// Thread CPU time of one call in microseconds.
template <class Work>
double cost_us(Work work) {
  const std::int64_t begin = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
  work();
  return static_cast<double>(nanoseconds(CLOCK_THREAD_CPUTIME_ID) - begin) / 1000;
}

class Bench {
 public:
  Bench() {
    SitePlan plan = make_plan();
    PackPlan& pack = plan.packs.emplace_back();
    pack.slug = "pack1";
    pack.name = "Pack 1";
    pack.sources.push_back({0, "1"});
    pack.cell_low = 1.5;
    pack.cell_high = 5;
    pack.alarms = rules::alarm_keys(make_limits());
    site_ = std::make_unique<Site>(points_, plan);
    limits_[site_->find("pack1")->id] = make_limits();
    engine_ = std::make_unique<app::Engine>(*site_, limits_, clock_);
    values_ =
        std::make_unique<app::ValuePublisher>(engine_->model(), *site_, topics_, link_, clock_);
    engine_->set(site_->slot(kBridge, point::adapter_connected, 0), 1);
    for (int module = 1; module <= kModules; ++module)
      reports_.emplace_back(*site_->target(0, "1", module));
  }

  /// Every value is another one than in the round before.
  void round(int number) {
    clock_.advance(kInterval);
    for (Report& report : reports_) {
      report.clear();
      for (int cell = 0; cell < kCells; ++cell)
        report.add(point::cell_voltage, Volts{3.6 + 0.001 * cell + 0.005 * (number % 7)}, cell);
      for (int sensor = 0; sensor < kSensors; ++sensor)
        report.add(point::temperature, Celsius{20 + 0.5 * sensor + number % 5}, sensor);
    }
    const double apply_us = cost_us([&] {
      for (const Report& report : reports_) engine_->apply(report);
    });
    tick_us_.push_back(cost_us([&] { engine_->tick(); }));
    publish_us_.push_back(cost_us([&] {
      values_->flush();
      values_->tick();
    }));
    report_us_.push_back(apply_us / kModules);
    messages_ += link_.sent.size();
    link_.sent.clear();
  }

  void print() const {
    Figures figures("tick", "62 modules");
    figures.count("entities", site_->entities().size()).count("ticks", tick_us_.size());
    figures.add("tick_p50_us", percentile(tick_us_, 50), 1);
    figures.add("tick_p99_us", percentile(tick_us_, 99), 1);
    figures.add("report_p50_us", percentile(report_us_, 50));
    figures.add("report_p99_us", percentile(report_us_, 99));
    figures.add("sample_p50_ns", 1000 * percentile(report_us_, 50) / (kCells + kSensors), 1);
    figures.add("publish_p50_us", percentile(publish_us_, 50), 1);
    figures.add("messages_a_round", static_cast<double>(messages_) / kRounds, 1);
    figures.print();
  }

 private:
  test::VirtualClock clock_;
  PointTable points_;
  std::unique_ptr<Site> site_;
  rules::LimitsOf limits_;
  discovery::Topics topics_{"battery2mqtt", "homeassistant", "battery2mqtt"};
  test::RecordingLink link_;
  std::unique_ptr<app::Engine> engine_;
  std::unique_ptr<app::ValuePublisher> values_;
  std::vector<Report> reports_;
  std::vector<double> tick_us_, report_us_, publish_us_;
  std::size_t messages_ = 0;
};

}  // namespace

int main() {
  Bench bench;
  for (int number = 0; number < kRounds; ++number) bench.round(number);
  bench.print();
}
