// SPDX-License-Identifier: MIT
#include "discovery/announcer.hpp"

#include <algorithm>
#include <functional>
#include <iterator>

#include <fmt/format.h>

namespace b2m::discovery {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// For the retained messages of a former run to arrive before the first of ours goes out.
constexpr auto kFirstDelay = milliseconds(200);
/// Retained messages that come later than this after connecting are no leftovers.
constexpr auto kLearning = seconds(10);
/// Home Assistant must have worked off one message before the next about the same component.
constexpr auto kBetweenSteps = seconds(1);
constexpr auto kAfterDeletion = seconds(5);
/// After a birth message: values after 1 to 4 s, the last discovery message within 10 s.
constexpr int kBirthDelayMin_ms = 1000, kBirthDelayMax_ms = 4000;
constexpr auto kAfterStates = milliseconds(500);
constexpr auto kSpread = seconds(4);
constexpr SteadyDuration kLargestGap = milliseconds(50);
constexpr std::size_t kMaxOverwrites = 5;  // a minute
constexpr auto kOverwritePeriod = std::chrono::minutes(1);
constexpr std::size_t kHashesKept = 8;
constexpr std::size_t kMaxEntries = 4000;

std::size_t hash_of(std::string_view payload) { return std::hash<std::string_view>{}(payload); }

void remember(std::vector<std::size_t>& sent, std::string_view payload) {
  if (sent.size() == kHashesKept) sent.erase(sent.begin());
  sent.push_back(hash_of(payload));
}

std::vector<std::string> topics_of(const Site& site, const Topics& topics) {
  std::vector<std::string> all;
  for (const Device& device : site.devices()) {
    all.push_back(topics.availability(device.slug));
    all.push_back(topics.summary(device.slug));
    for (const Entity& entity : site.entities(device.id))
      all.push_back(topics.value(device, entity));
  }
  std::ranges::sort(all);
  return all;
}

}  // namespace

Announcer::Announcer(const Site& site, const Topics& topics, AnnouncerSettings settings,
                     Announced former)
    : topics_(topics),
      settings_(std::move(settings)),
      topics_in_use_(topics_of(site, topics)),
      random_(settings_.seed) {
  if (settings_.enabled) take_current(site);
  take_former(former);
  save_ = announced() != former;
}

void Announcer::take_current(const Site& site) {
  std::vector<const Device*> devices;
  for (const Device& device : site.devices()) devices.push_back(&device);
  std::ranges::stable_sort(devices, {}, &Device::kind);  // parents before their children
  for (const Device* device : devices) {
    Entry& entry = entries_.emplace_back();
    entry.topic = topics_.config(device->slug);
    entry.device = device->id;
    entry.retraction = Retraction(device_config(site, *device, topics_, settings_.options));
  }
}

void Announcer::take_former(const Announced& announced) {
  for (const auto& [key, payload] : announced) {
    const auto hash = key.find('#');
    const std::string topic = key.substr(0, hash);
    Entry* entry = find(topic);
    if (hash == std::string::npos) {
      if (!entry) {
        Retraction gone;
        if (!gone.add_former(payload)) continue;
        entry = &entries_.emplace_back();
        entry->topic = topic;
        entry->retraction = std::move(gone);
      } else {
        entry->retraction.add_former(payload);
      }
      remember(entry->sent, payload);
    } else if (entry) {
      const auto slash = key.find('/', hash);
      if (slash == std::string::npos) continue;
      entry->retraction.add_ghost(key.substr(hash + 1, slash - hash - 1), key.substr(slash + 1),
                                  payload);
    }
  }
}

std::vector<std::string> Announcer::filters() const {
  if (entries_.empty()) return {};
  return {settings_.status_topic, topics_.config_filter()};
}

void Announcer::on_online(SteadyTime now) {
  online_ = true;
  clear_values_ = true;
  online_since_ = now;
  states_due_ = now;
  for (Entry& entry : entries_) entry.is_heard = entry.is_deleted = false;
  schedule_all(was_online_ ? now : now + kFirstDelay, false);
  was_online_ = true;
}

void Announcer::on_offline() {
  online_ = false;
  states_due_.reset();
  for (Entry& entry : entries_) entry.stage = Stage::idle;
}

void Announcer::rediscover(SteadyTime now) {
  if (!online_) return;
  states_due_ = now;
  for (Entry& entry : entries_)
    if (entry.stage == Stage::idle) schedule(entry, now, false);
}

void Announcer::schedule(Entry& entry, SteadyTime due, bool is_home_assistant_up) const {
  const Retraction& r = entry.retraction;
  if (is_home_assistant_up)
    entry.stage = r.is_settled() ? Stage::rest : Stage::ghosts;
  else
    entry.stage = r.has_conflict() && !r.is_gone() ? Stage::clear : Stage::rest;
  entry.due = due;
}

void Announcer::schedule_all(SteadyTime start, bool is_home_assistant_up) {
  SteadyDuration gap{};
  if (is_home_assistant_up && !entries_.empty())
    gap = std::min<SteadyDuration>(kLargestGap, SteadyDuration(kSpread) / entries_.size());
  for (Entry& entry : entries_) {
    schedule(entry, start, is_home_assistant_up);
    start += gap;
  }
}

void Announcer::on_message(std::string_view topic, std::string_view payload, bool retained,
                           SteadyTime now) {
  if (topic == settings_.status_topic) {
    if (payload == "online") on_birth(now);
    if (payload == "offline") on_death(now);
    return;
  }
  const auto address = topics_.parse(topic);
  if (address && address->verb == Verb::config) on_config(topic, payload, retained, now);
}

void Announcer::on_birth(SteadyTime now) {
  if (!online_) return;
  std::uniform_int_distribution<int> delay_ms(kBirthDelayMin_ms, kBirthDelayMax_ms);
  states_due_ = now + milliseconds(delay_ms(random_));
  schedule_all(*states_due_ + kAfterStates, true);
}

/// What is being taken back must be taken back again after the next birth message.
void Announcer::on_death(SteadyTime now) {
  for (Entry& entry : entries_)
    if (entry.stage >= Stage::ghosts) schedule(entry, now, false);
}

Announcer::Entry* Announcer::find(std::string_view topic) {
  const auto at = std::ranges::find(entries_, topic, &Entry::topic);
  return at == entries_.end() ? nullptr : &*at;
}

bool Announcer::is_learning(SteadyTime now) const {
  return online_ && now - online_since_ < kLearning;
}

void Announcer::on_config(std::string_view topic, std::string_view payload, bool retained,
                          SteadyTime now) {
  Entry* entry = find(topic);
  const bool is_leftover = retained && is_learning(now) && !(entry && entry->is_heard);
  if (entry) {
    entry->is_heard = true;
    if (std::ranges::find(entry->sent, hash_of(payload)) != entry->sent.end()) return;
  }
  if (is_leftover && !payload.empty()) return learn(entry, topic, payload, now);
  if (!entry || entry->retraction.is_gone()) return;
  if (payload.empty())
    on_deleted(*entry, now);
  else
    on_foreign(*entry, now);
}

/// Home Assistant empties the topic once for each entity of a device when one is deleted.
void Announcer::on_deleted(Entry& entry, SteadyTime now) {
  if (!entry.is_deleted)
    note(entry, "discovery_deleted",
         fmt::format("The discovery message {} was deleted, as Home Assistant does when one of the "
                     "device's entities is deleted there; it is sent again. To hide an entity, "
                     "disable it in Home Assistant.",
                     entry.topic));
  entry.is_deleted = true;
  if (entry.stage < Stage::ghosts) entry.stage = Stage::rest;
  if (entry.stage > Stage::ghosts) entry.stage = Stage::ghosts;
  entry.due = now + kAfterDeletion;
}

void Announcer::on_foreign(Entry& entry, SteadyTime now) {
  if (entry.stage != Stage::idle) return;  // will be overwritten in a moment
  std::erase_if(entry.overwrote, [&](SteadyTime t) { return now - t >= kOverwritePeriod; });
  if (entry.overwrote.empty())
    note(entry, "discovery_foreign",
         fmt::format("Somebody else wrote to our discovery topic {}; it is overwritten. Is there "
                     "another gateway with the id \"{}\"? Give each its own gateway.id.",
                     entry.topic, topics_.gateway_id()));
  const bool is_calm = entry.overwrote.size() < kMaxOverwrites;
  schedule(entry, is_calm ? now : entry.overwrote.front() + kOverwritePeriod, false);
  if (!is_calm) entry.overwrote.erase(entry.overwrote.begin());
  entry.overwrote.push_back(entry.due);
}

/// A retained message that the broker kept: of a former run of ours, or rubbish.
void Announcer::learn(Entry* entry, std::string_view topic, std::string_view payload,
                      SteadyTime now) {
  const bool is_ours = base_of(payload) == topics_.base();
  if (!is_ours) {
    if (entry)
      note(*entry, "discovery_foreign",
           fmt::format("The broker kept a message of somebody else on our discovery topic {}; it "
                       "is overwritten.",
                       topic));
    return;
  }
  Retraction gone;
  Retraction& retraction = entry ? entry->retraction : gone;
  if (entries_.size() >= kMaxEntries || !retraction.add_former(payload)) return;
  if (!entry) {
    entry = &entries_.emplace_back();
    entry->topic = topic;
    entry->retraction = std::move(gone);
    remember(entry->sent, payload);
  }
  save_ = clear_values_ = true;
  const bool is_certain = entry->stage >= Stage::ghosts;
  const bool is_waiting = entry->stage != Stage::idle;
  schedule(*entry, is_waiting ? std::max(now, entry->due) : now, is_certain);
}

void Announcer::note(const Entry& entry, std::string_view type, std::string message) {
  notes_.emplace_back(entry.device,
                      Note{std::string(type), Severity::warning, {}, std::move(message)});
}

Announcement Announcer::poll(SteadyTime now) {
  Announcement out;
  out.notes = std::exchange(notes_, {});
  if (online_) {
    if (states_due_ && *states_due_ <= now) {
      out.availability = out.states = true;
      states_due_.reset();
    }
    if (std::exchange(clear_values_, false))
      for (const Entry& entry : entries_) clear_values(entry, out);
    for (Entry& entry : entries_)
      if (entry.stage != Stage::idle && entry.due <= now) step(entry, now, out);
    std::erase_if(entries_, [](const Entry& e) { return e.retraction.is_done(); });
  }
  out.save = std::exchange(save_, false);
  return out;
}

void Announcer::clear_values(const Entry& entry, Announcement& out) const {
  for (const std::string& topic : entry.retraction.value_topics())
    if (!std::ranges::binary_search(topics_in_use_, topic))
      out.messages.push_back({topic, {}, true, 0});
}

void Announcer::step(Entry& entry, SteadyTime now, Announcement& out) {
  Retraction& r = entry.retraction;
  const auto publish = [&](std::string payload, Stage next) {
    remember(entry.sent, payload);
    out.messages.push_back({entry.topic, std::move(payload), true, 1});
    entry.stage = next;
    entry.due = now + kBetweenSteps;
  };
  entry.is_deleted = false;
  switch (entry.stage) {
    case Stage::idle:
      return;
    case Stage::clear:
      return publish(r.with_removals(), Stage::rest);
    case Stage::rest:
      return publish(r.resting(), Stage::idle);
    case Stage::ghosts:
      return publish(r.with_ghosts(), r.has_ghosts() ? Stage::retract : Stage::last);
    case Stage::retract:
      return publish(r.with_removals(), Stage::last);
    case Stage::last:
      r.settle();
      save_ = true;
      return publish(r.config(), r.has_ghosts() ? Stage::ghosts : Stage::idle);
  }
}

std::optional<SteadyTime> Announcer::next_due() const {
  if (!online_) return std::nullopt;
  std::optional<SteadyTime> next = states_due_;
  for (const Entry& entry : entries_)
    if (entry.stage != Stage::idle && (!next || entry.due < *next)) next = entry.due;
  return next;
}

Announced Announcer::announced() const {
  Announced all;
  for (const Entry& entry : entries_) entry.retraction.save(entry.topic, all);
  return all;
}

}  // namespace b2m::discovery
