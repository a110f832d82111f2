// SPDX-License-Identifier: MIT
#include "tests/support/wired_rig_day.hpp"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>

#include "gateway/rules/balancing.hpp"
#include "gateway/rules/device_commands.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostComplaints = 20;

}  // namespace

WiredDay::~WiredDay() {
  if (!supervisor_) return;
  boost::asio::co_spawn(clock_.context(), supervisor_->stop(clock_.now() + 10s),
                        [](const std::exception_ptr&) {});
  clock_.advance(10s);
}

void WiredDay::make_site(const Adapter& adapter, const Plan& plan) {
  SitePlan site;
  site.adapters.push_back({"wired", plan.kind, adapter.offers()});
  PackPlan& pack = site.packs.emplace_back();
  pack.slug = "pack";
  pack.name = "Pack";
  pack.sources.push_back({0, plan.part});
  rules::PackLimits limits;
  limits.cell_low_v = rules::Limit{plan.cell_low_v, 0.1, 5};
  limits.cell_high_v = rules::Limit{plan.cell_high_v, 0.05, 5};
  pack.alarms = rules::alarm_keys(limits);
  site.allowed = {Control::balancing, Control::limits};
  site_ = std::make_unique<Site>(points_, site);
  limits_[this->pack()] = limits;
}

void WiredDay::start(std::unique_ptr<Adapter> adapter, const Plan& plan) {
  make_site(*adapter, plan);
  engine_ = std::make_unique<app::Engine>(*site_, limits_, clock_);
  rules::BalancePlan balance;
  balance.balance_voltage_v = plan.balance_voltage_v;
  engine_->add(std::make_unique<rules::Balancing>(
      *site_, limits_, rules::BalancePlans{{pack(), balance}}, rules::Recall{}));
  engine_->add(std::make_unique<rules::DeviceCommands>(*site_));
  app::Supervisor::Hooks hooks;
  hooks.report = [this](const Report& report) {
    if (heard) heard(report);
    engine_->apply(report);
  };
  hooks.changed = [this](AdapterIndex i) {
    engine_->set(site_->slot(kBridge, point::adapter_connected, i),
                 supervisor_->health(i).connected ? 1 : 0);
  };
  supervisor_ = std::make_unique<app::Supervisor>(clock_.executor(), clock_, std::move(hooks));
  reconciler_ = std::make_unique<app::Reconciler>(
      *site_, [this](auto i, Order o, auto done) { execute(i, std::move(o), std::move(done)); },
      [](DeviceId, const Note&) {}, [this](Failure f) { engine_->order_failed(std::move(f)); });
  app::Engine::Hooks middle;
  middle.note = [this](DeviceId, const Note& note) { ++seen[note.type]; };
  middle.decided = [this](const Snapshot& now, const Decision& decision) {
    for (const auto& [device, note] : decision.notes) ++seen[note.type];
    reconciler_->step(now, decision);
  };
  engine_->set_hooks(std::move(middle));
  adapter->bind(*site_, 0);
  adapter->attach(*this);
  supervisor_->add("wired", std::move(adapter));
  supervisor_->start();
}

void WiredDay::execute(AdapterIndex adapter, Order order, std::function<void(Result<>)> done) {
  if (order.row == point::cell_bleed.row) {
    SteadyTime& until = may_bleed_until_[{order.module, order.index}];
    const bool is_on = order.value != 0;
    if (is_on) until = std::max(until, clock_.now() + from_seconds(order.guard_s));
    ++seen[is_on ? "bleed orders" : "ends of bleeds"];
    const std::pair cell(order.module, order.index);
    const SteadyTime given = until;
    done = [this, is_on, cell, given, done](Result<> result) {
      // Off, and read back as off: from now on it may not be on, unless asked for again.
      SteadyTime& now_until = may_bleed_until_[cell];
      if (!is_on && result && now_until == given) now_until = clock_.now();
      done(std::move(result));
    };
  }
  supervisor_->execute(adapter, std::move(order), std::move(done));
}

SteadyTime WiredDay::may_bleed_until(int module, int cell) const {
  const auto at = may_bleed_until_.find({module, cell});
  return at == may_bleed_until_.end() ? SteadyTime{} : at->second;
}

void WiredDay::command(Slot slot, double value) {
  Intent intent;
  intent.slot = slot;
  intent.value = value;
  engine_->submit(std::move(intent));
}

void WiredDay::complain(std::string what) {
  if (broken.size() < kMostComplaints)
    broken.push_back(
        fmt::format("{:.1f} s: {}", to_seconds(clock_.now() - SteadyTime(1000h)), std::move(what)));
}

void WiredDay::second() {
  clock_.advance(1s);
  engine_->tick();
  clock_.settle();
  check_pack();
}

/// No value that has grown too old counts as good, and no figure of a pack is made from less than
/// all of its cells.
void WiredDay::check_pack() {
  const Snapshot now = view();
  bool are_all_known = true;
  for (const Entity& e : site_->entities()) {
    const Reading& r = now[e.slot];
    if (!r.is_good()) {
      are_all_known &= e.row_id != point::cell_voltage.row;
    } else if (e.max_age_s > 0 && now.now() - r.time > from_seconds(e.max_age_s)) {
      complain(
          fmt::format("{} is shown as good after {:.1f} s", e.key, to_seconds(now.now() - r.time)));
    }
  }
  ++seen[are_all_known ? "seconds with all cells" : "seconds without a cell"];
  const Reading& sum = now.at(pack(), point::voltage);
  if (sum.is_good() && !are_all_known) complain("the pack has a voltage, but a cell has none");
}

std::optional<std::string> WiredDay::recall(std::string_view key) const {
  const auto at = kept_.find(std::string(key));
  return at == kept_.end() ? std::nullopt : std::optional(at->second);
}

void WiredDay::keep(std::string key, std::string value) {
  kept_[std::move(key)] = std::move(value);
}

}  // namespace b2m::test
