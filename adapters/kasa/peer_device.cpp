// SPDX-License-Identifier: MIT
#include "adapters/kasa/peer_device.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace b2m::kasa {
namespace {

// clang-format off
constexpr PeerModel kModels[] = {
    {"HS100",    "HS100(US)",  "1.0", "1.2.5 Build 171129 Rel.174814",  "Wi-Fi Smart Plug", false, PeerMeter::none, 1},
    {"HS110",    "HS110(EU)",  "1.0", "1.2.5 Build 171213 Rel.101523",  "Wi-Fi Smart Plug With Energy Monitoring", false, PeerMeter::float_units, 1},
    {"HS110/4.0", "HS110(EU)", "4.0", "1.0.4 Build 191111 Rel.143500",  "Smart Wi-Fi Plug With Energy Monitoring", false, PeerMeter::milli_units, 1},
    {"KP115",    "KP115(EU)",  "1.0", "1.0.16 Build 210205 Rel.163735", "Smart Wi-Fi Plug Mini", false, PeerMeter::milli_units, 1},
    {"KP125",    "KP125(US)",  "1.0", "1.0.6 Build 210928 Rel.185924",  "Smart Wi-Fi Plug Mini", false, PeerMeter::milli_units, 1},
    {"EP25",     "EP25(US)",   "1.0", "1.0.14 Build 221118 Rel.104500", "Smart Wi-Fi Plug Mini", false, PeerMeter::milli_units, 1},
    {"EP25/2.6", "EP25",       "2.6", "1.0.2 Build 231108 Rel.162012",  "", true, PeerMeter::milli_units, 1},
    {"HS300",    "HS300(US)",  "2.0", "1.0.12 Build 220121 Rel.175814", "Wi-Fi Smart Power Strip", false, PeerMeter::milli_units, 6},
    {"KP303",    "KP303(US)",  "2.0", "1.0.9 Build 240131 Rel.141407",  "Wi-Fi Smart Power Strip", false, PeerMeter::none, 3},
    {"KP125M",   "KP125M",     "1.0", "1.2.3 Build 240624 Rel.154806",  "", true, PeerMeter::milli_units, 1},
    {"P110",     "P110",       "1.0", "1.3.0 Build 230905 Rel.152200",  "", true, PeerMeter::milli_units, 1},
    {"P115",     "P115",       "1.0", "1.1.3 Build 240523 Rel.175054",  "", true, PeerMeter::milli_units, 1},
};
// clang-format on

constexpr SteadyDuration kLongest = std::chrono::hours(24 * 3650);

SteadyTime end_of(SteadyTime start, SteadyDuration lasts) {
  return lasts < kLongest ? start + lasts : SteadyTime::max();
}

bool is_of_socket(const PlugFault& fault, std::size_t socket) {
  return fault.socket == 0 || fault.socket == static_cast<int>(socket) + 1;
}

}  // namespace

const PeerModel* find_peer_model(std::string_view name) {
  const auto at = std::ranges::find(kModels, name, &PeerModel::name);
  return at == std::end(kModels) ? nullptr : &*at;
}

std::vector<std::string> peer_models() {
  std::vector<std::string> names;
  for (const PeerModel& model : kModels) names.emplace_back(model.name);
  return names;
}

std::size_t peer_sockets(std::string_view model) {
  const PeerModel* found = find_peer_model(model);
  return found ? found->sockets : 0;
}

PeerDevice::PeerDevice(const PlugPeerSettings& settings,
                       std::vector<std::unique_ptr<sim::WallLoad>> loads, SteadyTime now,
                       PeerSay say)
    : model(find_peer_model(settings.model) ? *find_peer_model(settings.model) : kModels[0]),
      alias(settings.alias),
      settings_(settings),
      say_(std::move(say)),
      now_(now) {
  sockets.resize(settings.sockets > 0 ? settings.sockets : model.sockets);
  loads.resize(sockets.size());
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    PeerSocket& socket = sockets[i];
    socket.alias = i < settings.child_aliases.size() ? settings.child_aliases[i]
                                                     : fmt::format("{} {}", alias, i + 1);
    socket.load = loads[i] ? std::move(loads[i]) : std::make_unique<sim::Lamp>(Watts(0));
    socket.load->advance_to(now);
  }
}

bool PeerDevice::is_strip() const { return sockets.size() > 1; }

std::string PeerDevice::mac() const {
  std::string text = settings_.mac;
  if (has(PlugFaultKind::other_identity)) text.replace(text.size() - 2, 2, "99");
  return text;
}

// 40 hexadecimal digits, as long as the real ones, made from the MAC.
std::string PeerDevice::device_id() const {
  std::string digits;
  for (const char c : mac())
    if (c != ':') digits += c;
  return "8006" + digits + digits + digits;
}

std::string PeerDevice::child_id(std::size_t socket) const {
  return is_strip() ? fmt::format("{}{:02}", device_id(), socket) : "";
}

void PeerDevice::say(const std::string& what) const {
  if (say_) say_(fmt::format("kasa id={} {}", settings_.id, what));
}

void PeerDevice::say_of(std::size_t socket, const std::string& what) const {
  say(is_strip() ? fmt::format("socket={} {}", socket + 1, what) : what);
}

void PeerDevice::advance_to(SteadyTime now) {
  for (SteadyTime at = next(); at <= now; at = next()) {
    pass_to(std::max(at, now_));
    if (is_booting_ && back_at_ <= now_) come_back();
    for (std::size_t i = 0; i < sockets.size(); ++i) fire(i);
    end_faults();
  }
  pass_to(std::max(now, now_));
}

void PeerDevice::pass_to(SteadyTime now) {
  now_ = now;
  for (PeerSocket& socket : sockets) socket.load->advance_to(now);
}

SteadyTime PeerDevice::next() const {
  SteadyTime at = is_booting_ ? back_at_ : SteadyTime::max();
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    if (sockets[i].timer.is_enabled) at = std::min(at, sockets[i].timer.end);
    if (const auto off = auto_off_at(i)) at = std::min(at, *off);
  }
  for (const ActiveFault& fault : faults_) at = std::min(at, fault.until);
  return at;
}

std::optional<SteadyTime> PeerDevice::auto_off_at(std::size_t socket) const {
  const PeerSocket& s = sockets[socket];
  if (!has_auto_off || !s.is_on || has_lost_mains_ || has(PlugFaultKind::ignores_off, socket))
    return std::nullopt;
  return s.since + from_seconds(auto_off_s);
}

void PeerDevice::fire(std::size_t socket) {
  PeerTimer& timer = sockets[socket].timer;
  if (const auto off = auto_off_at(socket); off && *off <= now_)
    switch_relay(socket, false, "auto_off");
  if (!timer.is_enabled || timer.end > now_) return;
  const bool turns_on = timer.turns_on;
  timer.is_enabled = false;
  timer.delay_s = 0;
  log_timer(socket, "fired");
  switch_relay(socket, turns_on, "timer");
}

void PeerDevice::switch_relay(std::size_t socket, bool is_on, std::string_view by) {
  PeerSocket& s = sockets[socket];
  if (s.is_on == is_on) return;
  if (has(is_on ? PlugFaultKind::ignores_on : PlugFaultKind::ignores_off, socket)) return;
  s.is_on = is_on;
  s.since = now_;
  s.load->switch_on(is_on && !has_lost_mains_);
  say_of(socket, fmt::format("relay={} by={}", is_on ? "on" : "off", by));
}

std::string PeerDevice::next_rule_id() {
  return fmt::format("{:016X}{:016X}", 0x5A17C0DEB2ULL, ++rules_made_);
}

void PeerDevice::log_timer(std::size_t socket, std::string_view what) const {
  const PeerTimer& timer = sockets[socket].timer;
  say_of(socket, fmt::format("timer={} seconds={:.0f} act={}", what, timer.delay_s,
                             timer.turns_on ? "on" : "off"));
}

std::optional<std::string> PeerDevice::add_timer(std::size_t socket, PeerTimer rule) {
  PeerTimer& timer = sockets[socket].timer;
  if (!timer.id.empty()) return std::nullopt;
  rule.id = next_rule_id();
  rule.end = now_ + from_seconds(rule.delay_s);
  timer = std::move(rule);
  log_timer(socket, timer.is_enabled ? "armed" : "stored");
  return timer.id;
}

bool PeerDevice::edit_timer(std::size_t socket, const PeerTimer& rule) {
  PeerTimer& timer = sockets[socket].timer;
  if (timer.id.empty() || timer.id != rule.id) return false;
  timer = rule;
  timer.end = now_ + from_seconds(rule.delay_s);
  log_timer(socket, timer.is_enabled ? "renewed" : "stopped");
  return true;
}

bool PeerDevice::delete_timer(std::size_t socket, const std::string& id) {
  if (sockets[socket].timer.id.empty() || sockets[socket].timer.id != id) return false;
  delete_timers(socket);
  return true;
}

void PeerDevice::delete_timers(std::size_t socket) {
  if (sockets[socket].timer.id.empty()) return;
  log_timer(socket, "removed");
  sockets[socket].timer = {};
}

double PeerDevice::remaining_s(const PeerTimer& timer) const {
  return timer.is_enabled ? std::max(0.0, to_seconds(timer.end - now_)) : 0;
}

void PeerDevice::reboot(SteadyDuration without_mains, std::string_view cause) {
  has_lost_mains_ = has_lost_mains_ || cause == "power_cut";
  is_booting_ = true;
  back_at_ = now_ + without_mains + from_seconds(settings_.boot_s);
  for (PeerSocket& socket : sockets) {
    socket.timer = {};  // whether a real one survives is unknown: the worse of the two
    if (has_lost_mains_) socket.load->switch_on(false);
  }
  say(fmt::format("state=away cause={}", cause));
}

// The relays are as they were, the counters start anew.
void PeerDevice::come_back() {
  is_booting_ = false;
  has_lost_mains_ = false;
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    sockets[i].since = now_;
    sockets[i].load->switch_on(sockets[i].is_on);
    restart_total(i);
  }
  say("state=back");
}

bool PeerDevice::inject(const PlugFault& fault) {
  if (fault.socket < 0 || fault.socket > static_cast<int>(sockets.size())) return false;
  const SteadyDuration lasts = fault.lasts < kLongest ? fault.lasts : SteadyDuration::zero();
  if (fault.kind == PlugFaultKind::power_cut) return reboot(lasts, "power_cut"), true;
  if (fault.kind == PlugFaultKind::reboot) return reboot(SteadyDuration::zero(), "reboot"), true;
  set_loads(fault, true);
  const bool is_moment =
      fault.kind == PlugFaultKind::battery_connected || fault.kind == PlugFaultKind::level ||
      fault.kind == PlugFaultKind::button || fault.kind == PlugFaultKind::session_lost;
  if (!is_moment) faults_.push_back({fault, end_of(now_, fault.lasts)});
  return true;
}

void PeerDevice::set_loads(const PlugFault& fault, bool begins) {
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    if (!is_of_socket(fault, i)) continue;
    sim::WallLoad& load = *sockets[i].load;
    if (fault.kind == PlugFaultKind::charger_unplugged) load.plug_in(!begins);
    if (fault.kind == PlugFaultKind::battery_unplugged) load.connect_battery(!begins);
    if (!begins) continue;
    if (fault.kind == PlugFaultKind::battery_connected) load.connect_battery(true);
    if (fault.kind == PlugFaultKind::level) load.set_level(fault.value.value_or(0));
    if (fault.kind == PlugFaultKind::timer_full) put_foreign_timer(i);
    if (fault.kind == PlugFaultKind::button)
      switch_relay(i, fault.value ? *fault.value != 0 : !sockets[i].is_on, "button");
  }
}

// As the user of the phone app would have made it; it stays after the fault.
void PeerDevice::put_foreign_timer(std::size_t socket) {
  sockets[socket].timer = {};
  PeerTimer rule;
  rule.name = "My timer";
  rule.is_enabled = true;
  rule.delay_s = 7200;
  add_timer(socket, rule);
}

void PeerDevice::end_faults() {
  for (const ActiveFault& a : faults_)
    if (a.until <= now_) set_loads(a.fault, false);
  std::erase_if(faults_, [&](const ActiveFault& a) { return a.until <= now_; });
}

void PeerDevice::clear_faults() {
  for (ActiveFault& a : faults_) a.until = now_;
  end_faults();
}

const PlugFault* PeerDevice::active(PlugFaultKind kind, std::size_t socket) const {
  for (const ActiveFault& a : faults_)
    if (a.fault.kind == kind && is_of_socket(a.fault, socket)) return &a.fault;
  return nullptr;
}

double PeerDevice::total_wh(std::size_t socket) const {
  return sockets[socket].load->energy_wh() - sockets[socket].counted_wh;
}

void PeerDevice::restart_total(std::size_t socket) {
  sockets[socket].counted_wh = sockets[socket].load->energy_wh();
}

double PeerDevice::on_time_s(std::size_t socket) const {
  return sockets[socket].is_on ? to_seconds(now_ - sockets[socket].since) : 0;
}

}  // namespace b2m::kasa
