// SPDX-License-Identifier: MIT
#include "tests/support/kasa_adapter_fixture.hpp"

#include <stdexcept>

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>

#include "gateway/sim/wall_load.hpp"

namespace b2m::test {

void NotingInbox::post(const Report& report) {
  values_.post(report);
  const std::string device = site_->device(report.target.device).slug;
  for (const Note& note : report.notes) notes_.emplace_back(device, note);
  for (const Sample& s : report.samples) {
    const Entity& entity = site_->entity(site_->slot(report.target.device, s.row, s.index));
    std::string& course = courses_[device + "/" + entity.key];
    const std::string now =
        s.quality == Quality::missing ? "unknown" : fmt::format("{:.0f}", s.value);
    const std::size_t space = course.rfind(' ');
    const std::string before = space == std::string::npos ? course : course.substr(space + 1);
    if (before != now) course += (course.empty() ? "" : " ") + now;
  }
}

std::vector<std::string> NotingInbox::notes(const std::string& type) const {
  std::vector<std::string> list;
  for (const auto& [device, note] : notes_)
    if (note.type == type) list.push_back(device + ": " + note.message);
  return list;
}

std::string NotingInbox::course(const std::string& device, const std::string& key) const {
  const auto at = courses_.find(device + "/" + key);
  return at == courses_.end() ? "" : at->second;
}

void NotingInbox::forget() {
  values_.forget();
  notes_.clear();
  courses_.clear();
}

KasaAdapterFixture::~KasaAdapterFixture() {
  if (running_) running_->cancel();
}

kasa::PlugPeerSettings KasaAdapterFixture::peer(const std::string& address,
                                                const std::string& alias, const std::string& mac) {
  kasa::PlugPeerSettings s;
  s.id = alias;
  s.address = address;
  s.port = 9999;
  s.alias = alias;
  s.mac = mac;
  s.username = "user@example.com";
  s.password = "great_password";
  return s;
}

kasa::PlugPeer& KasaAdapterFixture::add(kasa::PlugPeerSettings s) {
  std::vector<std::unique_ptr<sim::WallLoad>> loads;
  for (std::size_t i = 0; i < kasa::peer_sockets(s.model); ++i)
    loads.push_back(std::make_unique<sim::Lamp>(Watts(60)));
  peers.push_back(std::make_unique<kasa::PlugPeer>(clock.executor(), network, clock, std::move(s),
                                                   std::move(loads)));
  if (const Result<> opened = peers.back()->open(); !opened)
    throw std::runtime_error(opened.error().text());
  return *peers.back();
}

kasa::PlugSettings KasaAdapterFixture::plug(const std::string& id, kasa::Match match) {
  kasa::PlugSettings s;
  s.id = id;
  s.match = std::move(match);
  return s;
}

kasa::Match KasaAdapterFixture::by_alias(const std::string& alias) {
  kasa::Match match;
  match.alias = alias;
  return match;
}

kasa::Match KasaAdapterFixture::by_mac(const std::string& mac) {
  kasa::Match match;
  match.mac = mac;
  return match;
}

kasa::Match KasaAdapterFixture::by_host(const std::string& host) {
  kasa::Match match;
  match.host = host;
  return match;
}

std::optional<std::string> MapMemory::recall(std::string_view key) const {
  const auto at = kept.find(std::string(key));
  return at == kept.end() ? std::nullopt : std::optional(at->second);
}

void MapMemory::keep(std::string key, std::string value) {
  kept.insert_or_assign(std::move(key), std::move(value));
}

void KasaAdapterFixture::start(SteadyDuration warm_up) {
  settings.id = "plugs";
  resources_ =
      std::make_unique<Resources>(Resources{clock.executor(), clock, points_, {}, network, {}});
  auto made = kasa::make_kasa(settings, *resources_);
  if (!made) throw std::runtime_error(made.error().text());
  adapter = std::move(*made);
  SitePlan plan;
  plan.adapters.push_back({"plugs", "kasa", adapter->offers(), adapter->devices()});
  plan.allowed = {Control::plugs, Control::charging};
  site = std::make_unique<Site>(points_, plan);
  adapter->bind(*site, 0);
  adapter->attach(memory);
  inbox.attach(*site);
  running_ = std::make_unique<Running<>>(clock, adapter->run(inbox));
  clock.advance(warm_up);
}

KasaAdapterFixture::Outcome KasaAdapterFixture::order(const std::string& part, RowId row,
                                                      double value, double guard_s,
                                                      const std::string& text, bool keep) {
  auto outcome = std::make_shared<std::optional<Result<>>>();
  Order o;
  o.part = part;
  o.row = row;
  o.value = value;
  o.guard_s = guard_s;
  o.text = text;
  o.keep = keep;
  o.deadline = clock.now() + std::chrono::seconds(5);
  boost::asio::co_spawn(clock.executor(), adapter->execute(std::move(o)),
                        [outcome](std::exception_ptr error, Result<> result) {
                          *outcome = error ? Result<>(Errc::cancelled) : std::move(result);
                        });
  clock.settle();
  return outcome;
}

std::string KasaAdapterFixture::ended(const Outcome& outcome, SteadyDuration within) {
  for (SteadyDuration passed{}; !*outcome && passed < within;
       passed += std::chrono::milliseconds(50))
    clock.advance(std::chrono::milliseconds(50));
  if (!*outcome) return "still going on";
  return **outcome ? "ok" : (*outcome)->error().text();
}

void KasaAdapterFixture::fault(kasa::PlugPeer& peer, kasa::PlugFaultKind kind,
                               SteadyDuration lasts) {
  kasa::PlugFault fault;
  fault.kind = kind;
  fault.lasts = lasts;
  if (!peer.inject(fault)) throw std::runtime_error("the simulated plug cannot do that");
}

std::uint64_t KasaAdapterFixture::counter(const std::string& name) const {
  for (const Counter& c : adapter->counters())
    if (c.name == name) return c.value;
  throw std::out_of_range(name);
}

std::string KasaAdapterFixture::detail(const std::string& name) const {
  for (const Detail& d : adapter->details())
    if (d.name == name) return d.text;
  return "nothing";
}

}  // namespace b2m::test
