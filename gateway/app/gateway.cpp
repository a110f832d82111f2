// SPDX-License-Identifier: MIT
#include "gateway/app/gateway.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "gateway/app/mail_child.hpp"
#include "gateway/app/rescan.hpp"
#include "gateway/app/service.hpp"
#include "gateway/app/session_export.hpp"
#include "gateway/app/version.hpp"
#include "gateway/rules/balancing.hpp"
#include "gateway/rules/charge_manager.hpp"
#include "gateway/rules/device_commands.hpp"
#include "gateway/rules/plug_energy.hpp"

namespace b2m::app {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr SteadyDuration kOutputsOffLimit = 5s;
constexpr SteadyDuration kAdaptersLimit = 1s;
constexpr SteadyDuration kFarewellLimit = 800ms;
constexpr SteadyDuration kHoldBackStep = 20ms;
constexpr SteadyDuration kAnnouncingStep = 50ms;  // a message may bring the next step forward

/// A loop that dies must not leave the rest running: the program ends, outputs end by themselves.
constexpr auto rethrow = [](const std::exception_ptr& e) {
  if (e) std::rethrow_exception(e);
};

std::string base_topic(const config::Config& c) {
  return c.mqtt.base_topic.empty() ? c.gateway.id : c.mqtt.base_topic;
}

}  // namespace

Gateway::Gateway(Executor executor, Clock& clock, Clock& real_clock, const config::Config& config,
                 Wired wired, std::unique_ptr<mqtt::Link> link)
    : executor_(std::move(executor)),
      clock_(clock),
      real_clock_(real_clock),
      config_(config),
      wired_(std::move(wired)),
      site_(*wired_.site),
      topics_(base_topic(config), config.homeassistant.discovery_prefix, config.gateway.id),
      link_(std::move(link)),
      engine_(site_, wired_.limits, clock),
      values_(engine_.model(), site_, topics_, *link_, clock),
      events_(site_, topics_, *link_, clock),
      watchdog_(config.gateway.watchdog ? watchdog_interval() : std::nullopt) {
  open_store();
  keeper_ = std::make_unique<Keeper>(database_.get());
  memory_ = std::make_unique<AdapterMemory>(*keeper_);
  add_charging();
  make_mail();
  engine_.set_hooks(engine_hooks());
  supervisor_ = std::make_unique<Supervisor>(
      executor_, clock_,
      Supervisor::Hooks{[this](const Report& r) { engine_.apply(r); },
                        [this](AdapterIndex i) { adapter_changed(i); }});
  for (auto& named : wired_.adapters) {
    named.adapter->attach(*memory_);
    supervisor_->add(named.id, std::move(named.adapter));
  }
  was_connected_.assign(supervisor_->size(), false);
  reconciler_ = std::make_unique<Reconciler>(
      site_,
      [this](AdapterIndex a, Order o, std::function<void(Result<>)> done) {
        supervisor_->execute(a, std::move(o), std::move(done));
      },
      [this](DeviceId d, const Note& n) { events_.publish(d, n); },
      [this](Failure f) {
        values_.publish_now(f.slot);  // what a user interface shows by now is not true
        engine_.order_failed(std::move(f));
      });
  router_ = std::make_unique<CommandRouter>(site_, topics_, *link_, clock_, router_hooks());
  bridge_ = std::make_unique<Bridge>(config_, site_, engine_.model(), *supervisor_, *link_, clock_,
                                     bridge_actions());
  values_.set_summary_interval(from_seconds(config_.mqtt.summary_interval_s));
  make_announcer();
  make_simulations();
}

Gateway::~Gateway() {
  *alive_ = false;
  log::set_tap(nullptr);
}

void Gateway::open_store() {
  auto opened = store::Database::open(config_.gateway.state_dir + "/battery2mqtt.db");
  if (!opened) {
    log::error("store", "{}; going on without: nothing is kept over a restart",
               opened.error().text());
    return;
  }
  database_ = std::move(*opened);
  if (!config_.mqtt.history) return;
  backlog_ = std::make_unique<store::Backlog>(*database_);
  values_.set_offline_sample([this](const Entity& e, const std::string& text, WallTime measured) {
    backlog_->add(site_.device(e.device).slug, e.key, text, measured);
  });
}

void Gateway::make_mail() {
  if (!config_.mail.is_set) return;
  MailChild child;
  child.config_file = config_.file;
  mail_ = std::make_unique<MailQueue>(
      executor_, real_clock_,
      [this, child](Letter letter) { return send_by_child(real_clock_, child, std::move(letter)); },
      [this](const Note& note) { events_.publish(kBridge, note); });
}

/// Behind the rules that every gateway has.
void Gateway::add_charging() {
  inputs_ = std::make_unique<TopicInputs>(
      site_, config_.chargers,
      [this](Slot slot, double value, Quality quality) { engine_.set(slot, value, quality); });
  const rules::Recall recall = [this](std::string_view key) { return keeper_->recall(key); };
  engine_.add(std::make_unique<rules::Balancing>(site_, wired_.limits, wired_.balancing, recall));
  engine_.add(std::make_unique<rules::PlugEnergy>(site_, recall));
  if (!wired_.chargers.empty())
    engine_.add(std::make_unique<rules::ChargeManager>(site_, wired_.chargers, wired_.circuits,
                                                       wired_.limits, recall));
  engine_.add(std::make_unique<rules::DeviceCommands>(site_));
}

void Gateway::make_announcer() {
  discovery::AnnouncerSettings settings;
  settings.enabled = config_.homeassistant.enabled;
  settings.status_topic = config_.homeassistant.status_topic;
  settings.seed = static_cast<std::uint32_t>(std::hash<std::string>{}(config_.gateway.id));
  settings.options.software_version = version();
  discovery::Announced former;
  if (database_) former = database_->load_announcements();
  announcer_ = std::make_unique<discovery::Announcer>(site_, topics_, settings, std::move(former));
}

Engine::Hooks Gateway::engine_hooks() {
  Engine::Hooks hooks;
  hooks.flush_wanted = [this] { want_flush(); };
  hooks.tick_wanted = [this] { want_tick(); };
  hooks.note = [this](DeviceId d, const Note& n) { events_.publish(d, n); };
  hooks.decided = [this](const Snapshot& now, const Decision& d) { decided(now, d); };
  return hooks;
}

CommandRouter::Hooks Gateway::router_hooks() {
  CommandRouter::Hooks hooks;
  hooks.submit = [this](Intent intent) { engine_.submit(std::move(intent)); };
  hooks.note = [this](DeviceId d, const Note& n) { events_.publish(d, n); };
  hooks.publish_now = [this](Slot slot) { values_.publish_now(slot); };
  hooks.own = [this](const Entity& e, const discovery::Command& c) {
    return bridge_->command(e, c);
  };
  hooks.request = [this](const Request& r) { return bridge_->request(r); };
  return hooks;
}

Bridge::Actions Gateway::bridge_actions() {
  Bridge::Actions actions;
  actions.restart = [this] { stop(End::restart); };
  actions.rediscover = [this] {
    announcer_->rediscover(real_clock_.now());
    poll_announcer();
    publish_bridge();
  };
  actions.set_log_level = [this](log::Level level) { set_log_level(level); };
  actions.backlog = [this] { return backlog_ ? backlog_->stats_json() : std::string("null"); };
  actions.export_sessions = [this](const std::string& payload) {
    keeper_->flush();
    return export_sessions(keeper_->sessions(), payload);
  };
  actions.rescan = [this](const std::string& payload) { return rescan(*supervisor_, payload); };
  actions.simulate = [this](const Request& r) { return simulate(r); };
  actions.simulations = [this] { return simulations_health(); };
  return actions;
}

void Gateway::start() {
  std::vector<std::string> filters = topics_.command_filters();
  for (std::string& filter : announcer_->filters()) filters.push_back(std::move(filter));
  for (std::string& filter : inputs_->filters()) filters.push_back(std::move(filter));
  link_->subscribe(std::move(filters));
  set_bridge_values();
  tap_logs();
  supervisor_->start();
  start_simulations();
  asio::co_spawn(executor_, tick_loop(), rethrow);
  link_->start(*this);
  tell_service_manager("READY=1");
  log::info("gateway", "version {} ({}): {} devices, {} entities, {} adapters", version(), commit(),
            site_.devices().size(), site_.entities().size(), supervisor_->size());
}

void Gateway::decided(const Snapshot& now, const Decision& decision) {
  for (const Alert& alert : decision.alerts) events_.publish(alert);
  for (const auto& [device, note] : decision.notes) {
    events_.publish(device, note);
    if (!mail_) continue;
    if (auto letter = letter_for(config_.mail, site_.device(device), note))
      mail_->add(std::move(*letter));
  }
  router_->on_verdicts(decision.verdicts);
  reconciler_->step(now, decision);
  keeper_->keep(decision);
}

void Gateway::want_tick() {
  if (std::exchange(is_tick_posted_, true)) return;
  asio::post(executor_, [this, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired()) return;
    is_tick_posted_ = false;
    engine_.tick();
  });
}

void Gateway::want_flush() {
  if (std::exchange(is_flush_posted_, true)) return;
  asio::post(executor_, [this, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired()) return;
    is_flush_posted_ = false;
    flush();
  });
}

void Gateway::flush() {
  values_.flush();
  if (values_.next_due() == ValuePublisher::kNever || std::exchange(is_holding_back_, true)) return;
  asio::co_spawn(executor_, held_back_loop(), rethrow);
}

/// Runs only while values wait for their minimum interval to pass.
Awaitable<> Gateway::held_back_loop() {
  while (values_.next_due() != ValuePublisher::kNever && !is_over_) {
    const SteadyTime when = std::min(values_.next_due(), clock_.now() + kHoldBackStep);
    const auto slept = co_await clock_.sleep_until(when);
    if (!slept) break;
    values_.flush();
  }
  is_holding_back_ = false;
}

Awaitable<> Gateway::tick_loop() {
  const SteadyDuration interval = std::chrono::milliseconds(config_.gateway.control_interval_ms);
  SteadyTime next = clock_.now();
  while (!is_over_) {
    next = std::max(next + interval, clock_.now());
    const auto slept = co_await clock_.sleep_until(next);
    if (!slept || is_over_) co_return;
    lag_.last_ms = to_seconds(clock_.now() - next) * 1000;
    lag_.max_ms = std::max(lag_.max_ms, lag_.last_ms);
    tick();
  }
}

void Gateway::tick() {
  engine_.tick();
  values_.tick();
  pump_history();
  if (simulations_) simulations_->tick();
  const SteadyTime now = real_clock_.now();
  if (watchdog_ && now >= next_watchdog_) {
    next_watchdog_ = now + *watchdog_ / 2;
    tell_service_manager("WATCHDOG=1");
  }
  if (clock_.now() < next_health_) return;
  next_health_ = clock_.now() + from_seconds(config_.mqtt.health_interval_s);
  publish_health();
}

void Gateway::on_online() {
  publish_bridge();
  if (simulations_) simulations_->publish_all();
  announcer_->on_online(real_clock_.now());
  poll_announcer();
  publish_health();
}

void Gateway::on_offline(std::string_view reason) {
  log::warn("mqtt", "offline: {}", reason);
  announcer_->on_offline();
}

void Gateway::on_message(const mqtt::Incoming& message) {
  if (const auto address = topics_.parse(message.topic);
      address && address->verb != discovery::Verb::config)
    return router_->on_message(message, *address);
  if (inputs_->on_message(message)) return;
  const std::string_view payload =
      message.too_large ? "(too large)" : std::string_view(message.payload);
  announcer_->on_message(message.topic, payload, message.retained, real_clock_.now());
  poll_announcer();
}

void Gateway::poll_announcer() {
  carry_out(announcer_->poll(real_clock_.now()));
  if (!announcer_->next_due() || std::exchange(is_announcing_, true)) return;
  asio::co_spawn(executor_, announcing_loop(), rethrow);
}

/// Runs only while the announcer has something to do.
Awaitable<> Gateway::announcing_loop() {
  while (!is_over_) {
    const auto due = announcer_->next_due();
    if (!due) break;
    const auto slept =
        co_await real_clock_.sleep_until(std::min(*due, real_clock_.now() + kAnnouncingStep));
    if (!slept || is_over_) break;
    carry_out(announcer_->poll(real_clock_.now()));
  }
  is_announcing_ = false;
}

void Gateway::carry_out(const discovery::Announcement& a) {
  if (a.save && database_) {
    if (const auto saved = database_->save_announcements(announcer_->announced()); !saved)
      log::error("store", "{}", saved.error().text());
  }
  if (a.availability) values_.publish_availability_again();
  if (a.states) values_.publish_all();
  for (const discovery::Message& m : a.messages) {
    mqtt::Outgoing out;
    out.topic = m.topic;
    out.payload = m.payload;
    out.qos = m.qos;
    out.retain = m.retain;
    link_->send(std::move(out));
  }
  for (const auto& [device, note] : a.notes) events_.publish(device, note);
}

std::string Gateway::dump() const { return bridge_->dump_json(lag_, router_->refused()); }

void Gateway::stop(End end) {
  if (is_stopping_) {
    is_hurried_ = true;
    return;
  }
  is_stopping_ = true;
  end_ = end;
  tell_service_manager("STOPPING=1");
  asio::co_spawn(executor_, shut_down(), rethrow);
}

Awaitable<> Gateway::outputs_off() {
  engine_.shut_down();
  engine_.tick();
  const SteadyTime deadline = real_clock_.now() + kOutputsOffLimit;
  while (!reconciler_->all_off(engine_.view()) && !is_hurried_) {
    if (real_clock_.now() >= deadline) {
      log::error("gateway",
                 "an output could not be confirmed off within {} s; its own time-out has to end it",
                 to_seconds(kOutputsOffLimit));
      break;
    }
    const auto slept = co_await real_clock_.sleep_for(10ms);
    if (!slept) break;
    engine_.tick();
  }
}

Awaitable<> Gateway::shut_down() {
  log::info("gateway", "stopping");
  co_await outputs_off();
  co_await stop_simulations();
  co_await supervisor_->stop(clock_.now() + kAdaptersLimit);
  values_.publish_offline();
  co_await link_->stop(real_clock_.now() + (is_hurried_ ? SteadyDuration::zero() : kFarewellLimit));
  if (backlog_) backlog_->save();
  is_over_ = true;
  log::info("gateway", "stopped");
}

}  // namespace b2m::app
