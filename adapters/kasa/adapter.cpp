// SPDX-License-Identifier: MIT
#include "adapters/kasa/adapter.hpp"

#include <algorithm>
#include <array>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

namespace b2m::kasa {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr double kMaxAgeS = 60;
constexpr double kPollsAPlugMayMiss = 3;
constexpr SteadyDuration kOrderSlack = 250ms;
constexpr SteadyDuration kNaming = 10s;
constexpr SteadyDuration kNamingAgain = 15min;  // after a login that failed: do not hammer

Locator::Options search_options(const KasaSettings& s) {
  Locator::Options options;
  options.broadcast = s.discovery;
  options.interval_s = s.discovery_interval_s;
  options.addresses = s.broadcast;
  options.xor_port = static_cast<std::uint16_t>(s.discovery_port);
  options.tdp_port = static_cast<std::uint16_t>(s.tdp_port);
  return options;
}

/// Old plugs with a sensor for their temperature; SMART ones have both warnings.
void add_warnings(OutletPlan& plan) {
  constexpr std::array<std::string_view, 5> kWithSensor{"KP115", "KP125", "EP25", "KP303", "EP40"};
  const Model* model = plan.model.empty() ? nullptr : find_model(plan.model);
  if (!model || model->family == Family::smart) return;
  plan.may_overload = false;
  plan.may_overheat = std::ranges::find(kWithSensor, model->name) != kWithSensor.end();
}

bool has_meter(const std::string& model, const std::optional<bool>& said) {
  if (said) return *said;
  const Model* known = model.empty() ? nullptr : known_model(model);
  return !known || known->has_meter.value_or(true);
}

}  // namespace

KasaAdapter::KasaAdapter(const KasaSettings& settings, Resources& resources, MakeDevice make_device)
    : id_(settings.id),
      executor_(resources.executor),
      clock_(resources.clock),
      timeout_s_(settings.timeout_s),
      make_device_(make_device ? std::move(make_device)
                               : device_maker(resources.network, resources.clock,
                                              {settings.username, settings.password.reveal()})),
      locator_(executor_, resources.network, clock_, search_options(settings)),
      shared_{.executor = executor_,
              .clock = clock_,
              .locator = locator_,
              .make_device = make_device_,
              .poll_s = settings.poll_s,
              .fast_poll_s = settings.fast_poll_s,
              .timeout_s = settings.timeout_s,
              .xor_port = static_cast<std::uint16_t>(settings.discovery_port)},
      stopped_(executor_) {
  const double max_age_s = std::max(kMaxAgeS, kPollsAPlugMayMiss * settings.poll_s);
  for (const StripSettings& strip : settings.strips) add_strip(strip, max_age_s);
  for (const PlugSettings& plug : settings.plugs) add_plug(plug, max_age_s);
}

Outlet& KasaAdapter::add_outlet(OutletPlan plan, const Match& match) {
  plan.alias = match.alias;
  add_warnings(plan);
  Outlet& outlet = *outlets_.emplace_back(std::make_unique<Outlet>(std::move(plan)));
  auto at = std::ranges::find_if(
      plugs_, [&](const auto& plug) { return plug->match().same_device(match); });
  if (at == plugs_.end()) {
    plugs_.push_back(std::make_unique<Plug>(shared_, match));
    at = plugs_.end() - 1;
  }
  (*at)->add(outlet);
  return outlet;
}

void KasaAdapter::add_plug(const PlugSettings& plug, double max_age_s) {
  OutletPlan plan;
  plan.slug = plug.id;
  plan.name = plug.name;
  plan.model = plug.model;
  plan.child = plug.match.child;
  plan.has_meter = has_meter(plug.model, plug.meter);
  plan.max_age_s = max_age_s;
  add_outlet(std::move(plan), plug.match);
}

void KasaAdapter::add_strip(const StripSettings& strip, double max_age_s) {
  OutletPlan whole;
  whole.slug = strip.id;
  whole.name = strip.name.empty() ? name_from_slug(strip.id) : strip.name;
  whole.model = strip.model;
  whole.kind = DeviceKind::strip;
  whole.has_meter = false;
  whole.max_age_s = max_age_s;
  const std::string name = whole.name;
  add_outlet(std::move(whole), strip.match);
  for (int n = 1; n <= strip.sockets; ++n) {
    OutletPlan socket;
    socket.slug = fmt::format("{}_socket{}", strip.id, n);
    socket.name = fmt::format("{} socket {}", name, n);
    socket.parent = strip.id;
    socket.model = strip.model;
    socket.child = ChildKey{n, ""};
    socket.has_meter = has_meter(strip.model, strip.meter);
    socket.max_age_s = max_age_s;
    add_outlet(std::move(socket), strip.match);
  }
}

std::vector<Offer> KasaAdapter::offers() const {
  std::vector<Offer> all;
  for (const auto& outlet : outlets_)
    for (Offer& offer : outlet->offers()) all.push_back(std::move(offer));
  return all;
}

std::vector<DeviceOffer> KasaAdapter::devices() const {
  std::vector<DeviceOffer> all;
  for (const auto& outlet : outlets_) all.push_back(outlet->device());
  return all;
}

void KasaAdapter::bind(const Site& site, AdapterIndex self) {
  for (const auto& outlet : outlets_) outlet->bind(site, self);
}

/// By the host and not by the table: a plug that gets another host is another plug.
void KasaAdapter::attach(Memory& memory) {
  for (const auto& plug : plugs_)
    plug->attach(memory,
                 fmt::format("{}.mac_at.{}:{}", id_, plug->match().host, plug->match().port));
}

// Every conversation is a coroutine of its own; all end with this one.
Awaitable<Result<>> KasaAdapter::run(Inbox& inbox) {
  struct Stopping {  // orders must not outlive us either
    explicit Stopping(KasaAdapter& a) : adapter(a) { adapter.is_running_ = true; }
    ~Stopping() {
      adapter.is_running_ = false;
      adapter.stopped_.ring();
    }
    Stopping(const Stopping&) = delete;
    Stopping& operator=(const Stopping&) = delete;
    KasaAdapter& adapter;
  };
  const Stopping stopping(*this);
  for (const auto& outlet : outlets_) outlet->attach(inbox);
  const auto start = [this](Awaitable<Result<>> work) {
    return asio::co_spawn(executor_, std::move(work), asio::deferred);
  };
  std::vector<decltype(start(locator_.run()))> tasks;
  tasks.push_back(start(locator_.run()));
  tasks.push_back(start(name_unknown()));
  for (const auto& plug : plugs_) tasks.push_back(start(plug->run()));
  auto group = asio::experimental::make_parallel_group(std::move(tasks));
  const auto [order, failures, results] =
      co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  const std::size_t first = order.empty() ? 0 : order.front();
  if (first < failures.size() && failures[first]) std::rethrow_exception(failures[first]);
  co_return first < results.size() ? results[first] : Result<>(Errc::cancelled);
}

Awaitable<Result<>> KasaAdapter::execute(Order order) {
  using namespace asio::experimental::awaitable_operators;
  const auto outlet =
      std::ranges::find(outlets_, order.part, [](const auto& o) { return o->slug(); });
  if (outlet == outlets_.end()) co_return Errc::unknown_device;
  const auto plug = std::ranges::find_if(plugs_, [&](const auto& p) { return p->has(**outlet); });
  if (!is_running_ || plug == plugs_.end())
    co_return Error(Errc::disconnected, fmt::format("{} is not being talked to", order.part));
  const std::string slug = order.part;
  const SteadyTime deadline = order.deadline + kOrderSlack;
  const auto ended =
      co_await ((*plug)->execute(**outlet, std::move(order)) || until_stopped(deadline));
  if (ended.index() == 0) co_return std::get<0>(ended);
  co_return Error(std::get<1>(ended).error().code, fmt::format("{} did not answer in time", slug));
}

/// Never a success.
Awaitable<Result<>> KasaAdapter::until_stopped(SteadyTime deadline) {
  const Result<> stopped = co_await stopped_.wait(clock_, deadline);
  co_return stopped ? Result<>(Errc::cancelled) : stopped;
}

/// A plug that speaks KLAP tells its name only after a login.
bool KasaAdapter::are_names_wanted() const {
  return std::ranges::any_of(plugs_, [&](const auto& plug) {
    const Match& match = plug->match();
    const bool by_login = !match.alias.empty() || match.device_id.size() == 40;
    return by_login && match.mac.empty() && match.host.empty() && !plug->is_found();
  });
}

Awaitable<Result<>> KasaAdapter::name_unknown() {
  for (;;) {
    if (are_names_wanted()) {
      const SteadyTime now = clock_.now();
      std::vector<Locator::Known> nameless;
      for (const auto& [mac, known] : locator_.known())
        if (!known.is_named && known.found.transport == Transport::klap &&
            known.next_login <= now && !shared_.claims.contains(mac))
          nameless.push_back(known);
      for (const Locator::Known& known : nameless) {
        const Result<> named = co_await name(known);
        if (!named) co_return named;
      }
    }
    const Result<> news = co_await locator_.news().wait(clock_, clock_.now() + kNaming);
    if (!news && news.error().code != Errc::timeout) co_return news;
  }
}

/// Fails only when cancelled.
Awaitable<Result<>> KasaAdapter::name(const Locator::Known& known) {
  const std::string mac = known.found.mac;
  const auto device = make_device_(contact_of(known.found));
  if (!device) co_return Result<>();
  const auto state = co_await device->identify(clock_.now() + from_seconds(timeout_s_));
  device->link().close();
  if (!state && state.error().code == Errc::cancelled) co_return state.error();
  if (state)
    locator_.learn(mac, *state);
  else
    locator_.learn_trouble(mac, state.error().text(), clock_.now() + kNamingAgain);
  co_return Result<>();
}

std::vector<Counter> KasaAdapter::counters() const {
  return {{"requests", shared_.requests},     {"timeouts", shared_.timeouts},
          {"reconnects", shared_.reconnects}, {"bad_replies", shared_.bad_replies},
          {"orders", shared_.orders},         {"answers_to_search", locator_.answers()}};
}

std::vector<Detail> KasaAdapter::details() const {
  std::vector<Detail> list;
  for (const auto& plug : plugs_) list.push_back(plug->detail());
  for (const auto& [mac, known] : locator_.known())
    if (!known.trouble.empty())
      list.push_back(
          {mac, fmt::format("{} {}: {}", known.found.address, known.found.model, known.trouble)});
  if (!locator_.trouble().empty()) list.push_back({"search", locator_.trouble()});
  return list;
}

}  // namespace b2m::kasa
