// SPDX-License-Identifier: MIT
#include "tests/support/can_adapter_fixture.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>

namespace b2m::test {
namespace {

std::string as_text(const CanFrame& f) {
  return fmt::format("{:0{}X}#{}", f.id, f.extended ? 8 : 3, to_hex(f.payload()));
}

}  // namespace

void RecordingInbox::post(const Report& report) {
  for (const Sample& s : report.samples) values_[name(report, s.row, s.index)] = s;
  for (const auto& [row, text, index] : report.texts) texts_[name(report, row, index)] = text;
  notes_.insert(notes_.end(), report.notes.begin(), report.notes.end());
}

std::pair<std::string, std::string> RecordingInbox::name(const Report& r, RowId row,
                                                         int index) const {
  const Slot slot = site_->slot(r.target.device, row, index);
  if (slot == kNoSlot) throw std::logic_error("a report about a point that the site does not have");
  return {site_->device(r.target.device).slug, site_->entity(slot).key};
}

std::string RecordingInbox::last(const std::string& device, const std::string& key,
                                 int decimals) const {
  const auto text = texts_.find({device, key});
  if (text != texts_.end()) return text->second;
  const auto value = values_.find({device, key});
  if (value == values_.end()) return "nothing";
  if (value->second.quality == Quality::missing) return "unknown";
  return fmt::format("{:.{}f}", value->second.value, decimals);
}

std::size_t RecordingInbox::said_of_packs() const {
  const auto of_a_pack = [](const auto& said) { return said.first.first != "bridge"; };
  return static_cast<std::size_t>(std::ranges::count_if(values_, of_a_pack) +
                                  std::ranges::count_if(texts_, of_a_pack));
}

std::size_t RecordingInbox::notes(const std::string& type) const {
  return static_cast<std::size_t>(std::ranges::count(notes_, type, &Note::type));
}

can::CanSettings CanAdapterFixture::settings() {
  can::CanSettings s;
  s.id = "bench";
  s.interface = "can0";
  s.profile = "two_packs";
  s.charge_control = true;
  return s;
}

CanAdapterFixture::CanAdapterFixture(can::CanSettings with) {
  const auto find = [](std::string_view area, std::string_view name) -> Result<std::string> {
    return fmt::format("{}/config/profiles/{}/{}", B2M_SOURCE_DIR, area, name);
  };
  resources_ = std::make_unique<Resources>(
      Resources{clock.executor(), clock, points_, bus.opener(), *network_, find});
  bus.observe([this](const CanFrame& f) { sent_.push_back(as_text(f)); });
  auto made = can::make_can(with, *resources_);
  if (!made) throw std::runtime_error(made.error().text());
  adapter = std::move(*made);
  SitePlan plan;
  plan.adapters.push_back({with.id, "can", adapter->offers()});
  for (const std::string part : {"1", "2"}) {
    PackPlan pack;
    pack.slug = "pack" + part;
    pack.name = "Pack " + part;
    pack.sources.push_back({0, part});
    plan.packs.push_back(std::move(pack));
  }
  plan.allowed = {Control::charging};
  site = std::make_unique<Site>(points_, plan);
  adapter->bind(*site, 0);
  inbox.attach(*site);
}

CanAdapterFixture::~CanAdapterFixture() { stop(); }

void CanAdapterFixture::start() {
  ended_.reset();
  boost::asio::co_spawn(clock.executor(), adapter->run(inbox),
                        boost::asio::bind_cancellation_slot(
                            cancel_.slot(), [this](std::exception_ptr error, Result<> result) {
                              ended_ = error ? Result<>(Errc::cancelled) : std::move(result);
                            }));
  clock.settle();
}

void CanAdapterFixture::stop() {
  cancel_.emit(boost::asio::cancellation_type::terminal);
  clock.settle();
}

std::shared_ptr<std::optional<Result<>>> CanAdapterFixture::order(const std::string& part, bool on,
                                                                  SteadyDuration patience) {
  auto outcome = std::make_shared<std::optional<Result<>>>();
  Order o;
  o.part = part;
  o.row = point::charging.row;
  o.value = on ? 1 : 0;
  o.deadline = clock.now() + patience;
  boost::asio::co_spawn(clock.executor(), adapter->execute(std::move(o)),
                        [outcome](std::exception_ptr error, Result<> result) {
                          *outcome = error ? Result<>(Errc::cancelled) : std::move(result);
                        });
  clock.settle();
  return outcome;
}

void CanAdapterFixture::inject(const std::string& text) {
  const auto hash = text.find('#');
  CanFrame f;
  f.id = static_cast<std::uint32_t>(std::stoul(text.substr(0, hash), nullptr, 16));
  f.extended = hash == 8;
  f.remote = text.substr(hash + 1) == "R";
  for (std::size_t i = hash + 1; !f.remote && i + 1 < text.size(); i += 2)
    f.data[f.length++] = static_cast<std::uint8_t>(std::stoul(text.substr(i, 2), nullptr, 16));
  bus.inject(f);
  clock.settle();
}

std::vector<std::string> CanAdapterFixture::take_sent() { return std::exchange(sent_, {}); }

std::uint64_t CanAdapterFixture::counter(const std::string& name) const {
  for (const Counter& c : adapter->counters())
    if (c.name == name) return c.value;
  throw std::out_of_range(name);
}

}  // namespace b2m::test
