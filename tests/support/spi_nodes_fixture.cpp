// SPDX-License-Identifier: MIT
#include "tests/support/spi_nodes_fixture.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "gateway/io/memory_network.hpp"

namespace b2m::test {

using namespace spi_nodes;
using namespace std::chrono_literals;

namespace {

constexpr int kBleedDrop_mv = 80;           // the resistor's current in the cell's wires
constexpr SteadyDuration kRecovery = 50ms;  // until the cell shows its voltage again

}  // namespace

std::vector<std::uint8_t> LegacyDevice::exchange(Bytes mosi) {
  std::vector<std::uint8_t> miso;
  for (const std::uint8_t b : mosi) {
    miso.push_back(loaded);
    loaded = static_cast<std::uint8_t>(b == 1 ? centivolts & 0xFF : centivolts >> 8);
  }
  return miso;
}

V2Read V2Device::sample() const {
  V2Read read;
  const bool is_low = is_bleeding() || clock_.now() < bled_until_ + kRecovery;
  read.voltage_mv = static_cast<std::uint16_t>(millivolts - (is_low ? kBleedDrop_mv : 0));
  read.temperature = temperature;
  read.duty = is_bleeding() ? duty_ : std::uint8_t{0};
  read.flags =
      static_cast<std::uint8_t>(flags | (is_bleeding() ? v2_flag::kBleeding : std::uint8_t{0}));
  return read;
}

V2Payload V2Device::payload_of(const V2Request& request) {
  switch (request.command) {
    case V2Command::read:
      return to_payload(sample());
    case V2Command::read_stats:
      return to_payload(V2Stats{3001, 4102, 9});
    case V2Command::identify:
      return to_payload(identity);
    case V2Command::serial:
      return serial;
    case V2Command::set_limits:
      return to_payload(limits);
    case V2Command::set_bleed: {
      const auto left = std::chrono::ceil<std::chrono::seconds>(bleed_end_ - clock_.now());
      const bool is_on = is_bleeding();
      return to_payload(V2Bleed{is_on ? duty_ : std::uint8_t{0},
                                static_cast<std::uint16_t>(is_on ? left.count() : 0), inhibited,
                                static_cast<std::uint16_t>(millivolts)});
    }
    default:
      return {};
  }
}

V2Reply V2Device::answer() {
  V2Reply reply;
  reply.legacy_high = 1;
  reply.address = static_cast<std::uint8_t>(address_);
  reply.status = pending_status_;
  if (!pending_) return reply;
  reply.sequence = pending_->sequence;
  reply.command = pending_->command;
  reply.payload = payload_of(*pending_);
  return reply;
}

void V2Device::obey(const V2Request& request) {
  heard.push_back(request);
  pending_status_ = V2Status::ok;
  const auto& a = request.arguments;
  if (request.command == V2Command::set_limits && !obeys_limits)
    pending_status_ = V2Status::unknown_command;
  else if (request.command == V2Command::set_limits)
    limits = {static_cast<std::uint16_t>(a[0] | a[1] << 8),
              static_cast<std::uint16_t>(a[2] | a[3] << 8)};
  if (request.command == V2Command::locate) ++blinked;
  if (request.command != V2Command::set_bleed) return;
  if (is_bleeding()) bled_until_ = clock_.now();
  duty_ = inhibited != 0 ? std::uint8_t{0} : a[0];
  if (duty_ > 0) bleed_timeouts_s.push_back(a[1] | a[2] << 8);
  bleed_end_ = clock_.now() + std::chrono::seconds(a[1] | a[2] << 8);
  if (inhibited != 0 && a[0] > 0) pending_status_ = V2Status::inhibited;
}

std::vector<std::uint8_t> V2Device::exchange(Bytes mosi) {
  const bool is_mine = !pending_ || pending_->address == 0 || pending_->address == address_;
  const V2Frame frame = encode(answer());
  std::vector<std::uint8_t> miso(mosi.size(), 0xFF);
  if (is_mine && mosi.size() == frame.size()) std::ranges::copy(frame, miso.begin());
  const auto request = parse_request(mosi);
  if (!request) {
    pending_status_ = V2Status::request_damaged;
    return miso;
  }
  pending_ = request;
  if (request->address == 0 || request->address == address_ || request->address == kAllNodes)
    obey(*request);
  return miso;
}

void V2Device::restart() {
  pending_.reset();
  pending_status_ = V2Status::restarted;
  duty_ = 0;
  limits = {};
}

SpiNodesFixture::~SpiNodesFixture() {
  if (running_) running_->cancel();
}

std::string SpiNodesFixture::device(int n) { return fmt::format("/dev/spidev0.{}", n); }

NodeSettings& SpiNodesFixture::add_node() {
  settings.id = "nodes";
  NodeSettings& node = settings.nodes.emplace_back();
  node.cell = static_cast<int>(settings.nodes.size());
  node.device = device(node.cell);
  return node;
}

LegacyDevice& SpiNodesFixture::add_legacy() {
  LegacyDevice& made = *legacy.emplace_back(std::make_unique<LegacyDevice>());
  bus.attach(add_node().device, [&made](Bytes mosi) { return made.exchange(mosi); });
  return made;
}

V2Device& SpiNodesFixture::add_v2() {
  const std::string path = add_node().device;
  V2Device& made =
      *v2.emplace_back(std::make_unique<V2Device>(clock, static_cast<int>(settings.nodes.size())));
  bus.attach(path, [&made](Bytes mosi) { return made.exchange(mosi); });
  return made;
}

V2Device& SpiNodesFixture::add_shared() {
  NodeSettings& node = add_node();
  node.device = device(0);
  node.address = node.cell;
  V2Device& made = *v2.emplace_back(std::make_unique<V2Device>(clock, node.cell));
  bus.attach(node.device, [this](Bytes mosi) {  // wired-or of all of them, with a pull-up
    std::vector<std::uint8_t> miso(mosi.size(), 0xFF);
    for (const auto& one : v2) {
      const auto mine = one->exchange(mosi);
      for (std::size_t i = 1; i < miso.size(); ++i) miso[i] &= mine[i];
    }
    return miso;
  });
  return made;
}

void SpiNodesFixture::start(SteadyDuration warm_up) {
  network_ = std::make_unique<MemoryNetwork>(clock.executor(), clock);
  resources_ = std::make_unique<Resources>(
      Resources{clock.executor(), clock, points_, {}, *network_, {}, {}, bus.opener()});
  auto made = make_spi_nodes(settings, *resources_);
  if (!made) throw std::runtime_error(made.error().text());
  adapter = std::move(*made);
  SitePlan plan;
  plan.adapters.push_back({settings.id, "spi_nodes", adapter->offers()});
  PackPlan pack;
  pack.slug = "pack";
  pack.name = "Pack";
  pack.sources.push_back({0, "cells"});
  pack.cell_low = cell_low;
  pack.cell_high = cell_high;
  plan.packs.push_back(std::move(pack));
  plan.allowed = allowed;
  site = std::make_unique<Site>(points_, plan);
  adapter->bind(*site, 0);
  adapter->attach(*this);
  running_ = std::make_unique<Running<>>(clock, adapter->run(*this));
  clock.advance(warm_up);
}

std::string SpiNodesFixture::key(const Report& report, RowId row, int index) const {
  const Slot slot = site->slot(report.target.device, row, index);
  if (slot == kNoSlot) throw std::logic_error("a report about a point that the site does not have");
  return site->entity(slot).key;
}

void SpiNodesFixture::post(const Report& report) {
  for (const Sample& s : report.samples) {
    Said& said = said_[key(report, s.row, s.index)];
    said.value = s.value;
    said.quality = s.quality;
    if (s.quality == Quality::good) ++said.times;
  }
  for (const auto& [row, text, index] : report.texts) said_[key(report, row, index)].text = text;
  notes_.insert(notes_.end(), report.notes.begin(), report.notes.end());
}

std::string SpiNodesFixture::last(const std::string& which, int decimals) const {
  const auto at = said_.find(which);
  if (at == said_.end()) return "nothing";
  if (!at->second.text.empty()) return at->second.text;
  if (at->second.quality == Quality::missing) return "unknown";
  return fmt::format("{:.{}f}", at->second.value, decimals);
}

int SpiNodesFixture::times(const std::string& which) const {
  const auto at = said_.find(which);
  return at == said_.end() ? 0 : at->second.times;
}

std::vector<std::string> SpiNodesFixture::notes(const std::string& type) const {
  std::vector<std::string> list;
  for (const Note& note : notes_)
    if (note.type == type) list.push_back(note.message);
  return list;
}

void SpiNodesFixture::forget() {
  said_.clear();
  notes_.clear();
}

std::string SpiNodesFixture::order(std::string_view row, int cell, double value, double guard_s) {
  Order o;
  o.part = "cells";
  o.row = core_row(row);
  o.index = cell - 1;
  o.value = value;
  o.guard_s = guard_s;
  o.deadline = clock.now() + 5s;
  const Running<> done(clock, adapter->execute(std::move(o)));
  for (int i = 0; i < 60 && !done.is_done(); ++i) clock.advance(100ms);
  if (!done.is_done()) return "never ended";
  return done.result() ? "ok" : done.result().error().text();
}

std::uint64_t SpiNodesFixture::counter(const std::string& name) const {
  for (const Counter& c : adapter->counters())
    if (c.name == name) return c.value;
  throw std::out_of_range(name);
}

std::optional<std::string> SpiNodesFixture::recall(std::string_view which) const {
  const auto at = memory.find(which);
  return at == memory.end() ? std::nullopt : std::optional(at->second);
}

void SpiNodesFixture::keep(std::string which, std::string value) {
  if (value.empty())
    memory.erase(which);
  else
    memory[std::move(which)] = std::move(value);
}

}  // namespace b2m::test
