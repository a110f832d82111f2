// SPDX-License-Identifier: MIT
#include "tests/support/tesla_fixture.hpp"

#include <algorithm>
#include <stdexcept>

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>

#include "gateway/io/network.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;

/// The ring has no use for one.
class NoNetwork final : public Network {
 public:
  Awaitable<Result<std::unique_ptr<ByteStream>>> connect(Endpoint, SteadyTime) override {
    co_return Errc::not_supported;
  }
  Result<std::unique_ptr<Datagram>> open_datagram(const Endpoint&) override {
    return Errc::not_supported;
  }
  Result<std::unique_ptr<Listener>> listen(const Endpoint&) override { return Errc::not_supported; }
  std::vector<std::string> broadcast_addresses() override { return {}; }
};

NoNetwork& no_network() {
  static NoNetwork network;
  return network;
}

std::string slug_of(int module) { return fmt::format("pack1_module{}", module); }

}  // namespace

void ModuleInbox::post(const Report& report) {
  const std::string device = site_->device(report.target.device).slug;
  for (const Note& note : report.notes) notes_.emplace_back(device, note);
  for (const TextSample& t : report.texts) {
    const Slot slot = site_->slot(report.target.device, t.row, t.index);
    if (slot == kNoSlot) continue;
    Said& said = said_[{device, site_->entity(slot).key}];
    said.text = t.text;
    said.when = clock_.now();
  }
  for (const Sample& s : report.samples) {
    const Slot slot = site_->slot(report.target.device, s.row, s.index);
    if (slot == kNoSlot) continue;
    const Entity& entity = site_->entity(slot);
    Said& said = said_[{device, entity.key}];
    said.sample = s;
    said.when = clock_.now();
    if (s.quality == Quality::good) all_[std::string(entity.row->key)].push_back(s.value);
  }
}

std::string ModuleInbox::last(const std::string& device, const std::string& key,
                              int decimals) const {
  const auto at = said_.find({device, key});
  if (at == said_.end()) return "nothing";
  const Said& said = at->second;
  if (!said.text.empty()) return said.text;
  if (said.sample.quality == Quality::missing) return "unknown";
  if (said.sample.quality == Quality::absent) return "absent";
  if (said.sample.quality == Quality::suspect) return "suspect";
  return fmt::format("{:.{}f}", said.sample.value, decimals);
}

SteadyDuration ModuleInbox::age(const std::string& device, const std::string& key) const {
  const auto at = said_.find({device, key});
  return at == said_.end() ? SteadyDuration::max() : clock_.now() - at->second.when;
}

std::vector<std::string> ModuleInbox::notes(const std::string& type) const {
  std::vector<std::string> list;
  for (const auto& [device, note] : notes_)
    if (note.type == type) list.push_back(device + ": " + note.message);
  return list;
}

std::optional<std::string> MapOfMemory::recall(std::string_view key) const {
  const auto at = kept.find(std::string(key));
  return at == kept.end() ? std::nullopt : std::optional(at->second);
}

TeslaFixture::TeslaFixture() {
  settings.id = "ring1";
  settings.port = "/dev/serial/by-id/tesla";
  peer_settings.is_paced = true;
}

TeslaFixture::~TeslaFixture() {
  if (running_) running_->cancel();
  if (answering_) answering_->cancel();
}

void TeslaFixture::make_ring(int boards) {
  peer = std::make_unique<tesla_uart::RingPeer>(clock, peer_settings);
  for (int i = 0; i < boards; ++i) cells.push_back(&peer->add_fixed());
  answering_ = std::make_unique<Running<>>(clock, peer->run(line.device()));
  if (settings.modules == 0) settings.modules = boards;
}

void TeslaFixture::start(SteadyDuration warm_up) {
  const auto open = [this](const std::string&, int) { return line.open(); };
  resources_ = std::make_unique<Resources>(
      Resources{clock.executor(), clock, points_, {}, no_network(), {}, open});
  auto made = tesla_uart::make_tesla_uart(settings, *resources_);
  if (!made) throw std::runtime_error(made.error().text());
  adapter = std::move(*made);
  SitePlan plan;
  plan.adapters.push_back({"ring1", "tesla_uart", adapter->offers()});
  PackPlan pack;
  pack.slug = "pack1";
  pack.name = "Pack 1";
  pack.sources.push_back({0, "modules"});
  pack.cell_low = cell_range.first;
  pack.cell_high = cell_range.second;
  plan.packs.push_back(pack);
  plan.allowed = allowed;
  site = std::make_unique<Site>(points_, plan);
  adapter->bind(*site, 0);
  adapter->attach(memory);
  inbox.attach(*site);
  run_again(warm_up);
}

void TeslaFixture::run_again(SteadyDuration warm_up) {
  running_ = std::make_unique<Running<>>(clock, adapter->run(inbox));
  clock.advance(warm_up);
}

void TeslaFixture::supervise(SteadyDuration time) {
  for (const SteadyTime end = clock.now() + time; clock.now() < end;) {
    clock.advance(1s);
    if (!is_running()) run_again(SteadyDuration::zero());
  }
}

TeslaFixture::Outcome TeslaFixture::order(int module, RowId row, double value, int index,
                                          double guard_s, bool keep) {
  auto outcome = std::make_shared<std::optional<Result<>>>();
  Order o;
  o.part = "modules";
  o.module = module;
  o.row = row;
  o.index = index;
  o.value = value;
  o.guard_s = guard_s;
  o.keep = keep;
  o.deadline = clock.now() + patience;
  boost::asio::co_spawn(clock.executor(), adapter->execute(std::move(o)),
                        [outcome](std::exception_ptr error, Result<> result) {
                          *outcome = error ? Result<>(Errc::cancelled) : std::move(result);
                        });
  clock.settle();
  return outcome;
}

std::string TeslaFixture::ended(const Outcome& outcome, SteadyDuration within) {
  for (SteadyDuration passed{}; !*outcome && passed < within; passed += 10ms) clock.advance(10ms);
  if (!*outcome) return "still going on";
  return **outcome ? "ok" : (*outcome)->error().text();
}

std::string TeslaFixture::rescan() {
  Running<std::string> rescanning(clock, adapter->rescan());
  for (int i = 0; i < 1000 && !rescanning.is_done(); ++i) clock.advance(10ms);
  if (!rescanning.is_done()) return "still going on";
  return rescanning.result() ? *rescanning.result() : rescanning.result().error().text();
}

std::string TeslaFixture::last(int module, const std::string& key, int decimals) const {
  return inbox.last(slug_of(module), key, decimals);
}

SteadyDuration TeslaFixture::age(int module, const std::string& key) const {
  return inbox.age(slug_of(module), key);
}

std::uint64_t TeslaFixture::counter(const std::string& name) const {
  for (const Counter& c : adapter->counters())
    if (c.name == name) return c.value;
  throw std::out_of_range(name);
}

std::string TeslaFixture::detail(const std::string& name) const {
  for (const Detail& d : adapter->details())
    if (d.name == name) return d.text;
  return "nothing";
}

long TeslaFixture::heard(const std::string& hex) const {
  return std::ranges::count_if(peer->requests(),
                               [&](const auto& r) { return to_hex(r).starts_with(hex); });
}

}  // namespace b2m::test
