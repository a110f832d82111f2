// SPDX-License-Identifier: MIT
#include "adapters/kasa/plug.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "adapters/kasa/plug_ask.hpp"
#include "gateway/log.hpp"

namespace b2m::kasa {
namespace {

using namespace std::chrono_literals;

constexpr std::array<double, 4> kPausesS{2, 5, 15, 60};
constexpr double kLongestOnS = 5;
constexpr double kJitter = 0.2;
constexpr SteadyDuration kHopeless = 15min;  // unless something changes
constexpr SteadyDuration kWrongAccount = 60s;
constexpr SteadyDuration kHostAnswers = 1s;
constexpr int kAtOnce = 16;  // plugs that are polled at the same time
constexpr SteadyDuration kStagger = 50ms;
constexpr int kGroups = 16;
constexpr SteadyDuration kWakeUp = 2s;
constexpr int kLost = 3;  // failures in a row
constexpr std::uint16_t kHttpPort = 80;

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

bool is_called(const DeviceState& state, const std::string& alias) {
  const std::string normal = normal_alias(alias);
  return normal_alias(state.alias) == normal ||
         std::ranges::any_of(state.sockets,
                             [&](const SocketState& s) { return normal_alias(s.alias) == normal; });
}

std::string describe(const DeviceState& state) {
  return fmt::format("the {} \"{}\" with MAC {}", state.model, state.alias, state.mac);
}

bool is_about_line(Errc code) {
  return code == Errc::timeout || code == Errc::disconnected || code == Errc::malformed ||
         code == Errc::truncated || code == Errc::io_error || code == Errc::cancelled;
}

}  // namespace

Contact contact_of(const Found& found) {
  Contact contact;
  contact.at = {found.address, found.port};
  contact.transport = found.transport;
  contact.family = found.family;
  contact.found_id = found.device_id;
  contact.trouble = found.trouble;
  return contact;
}

Plug::Plug(Shared& shared, Match match)
    : shared_(shared),
      clock_(shared.clock),
      match_(std::move(match)),
      turn_(shared.executor),
      dice_(static_cast<unsigned>(std::hash<std::string>{}(match_.text()))),
      ordered_(shared.executor) {}

bool Plug::has(const Outlet& outlet) const {
  return std::ranges::find(outlets_, &outlet) != outlets_.end();
}

const std::string& Plug::name() const {
  static const std::string kNone = "plug";
  return outlets_.empty() ? kNone : outlets_.front()->slug();
}

std::string Plug::expected() const {
  return known_mac().empty() ? fmt::format("{} ({})", name(), match_.text())
                             : fmt::format("{} (MAC {})", name(), known_mac());
}

void Plug::attach(Memory& memory, std::string key) {
  if (!is_known_by_host_alone()) return;
  memory_ = &memory;
  memory_key_ = std::move(key);
  kept_mac_ = memory.recall(memory_key_).value_or("");
}

void Plug::keep_mac() {
  if (!memory_ || kept_mac_ == mac_) return;
  kept_mac_ = mac_;
  memory_->keep(memory_key_, mac_);
}

Awaitable<Result<>> Plug::run() {
  is_met_ = false;
  // Neither the network nor our memory should have to hold the requests to all plugs at once.
  const int group = shared_.started++ / kAtOnce % kGroups;
  if (group > 0) {
    if (const Result<> slept = co_await clock_.sleep_for(group * kStagger); !slept) co_return slept;
  }
  for (;;) {
    if (is_dormant_) co_return co_await clock_.sleep_until(SteadyTime::max());
    const SteadyTime began = clock_.now();
    Result<> done = co_await poll();
    if (!done && done.error().code == Errc::cancelled) co_return done;
    if (done) {
      forget_failures();
      done = co_await rest(began);
    } else {
      const Error error = done.error();
      failed(error);
      done = co_await back_off(error);
    }
    if (!done) co_return done;
  }
}

void Plug::forget_failures() {
  failures_ = 0;
  silent_since_.reset();
  is_account_refused_ = false;
}

Contact Plug::host_contact() const {
  if (good_ && good_->at.host == match_.host && failures_ < kLost) return *good_;
  const Locator::Known* known = shared_.locator.at_address(match_.host);
  if (match_.transport == "auto" && match_.port == 0 && known) return contact_of(known->found);
  Contact contact;
  const bool is_xor = match_.transport == "xor" || match_.port == shared_.xor_port ||
                      (match_.transport == "auto" && tries_ % 3 == 0);
  contact.transport = is_xor ? Transport::xor_tcp : Transport::klap;
  contact.family = !is_xor && tries_ % 3 == 2 ? Family::smart : Family::iot;
  if (!is_xor && known) contact.family = known->found.family;
  const std::uint16_t usual = is_xor ? shared_.xor_port : kHttpPort;
  contact.at = {match_.host, match_.port > 0 ? static_cast<std::uint16_t>(match_.port) : usual};
  return contact;
}

Result<Contact> Plug::choose() const {
  if (!match_.host.empty() && !is_displaced_) return host_contact();
  Match wanted = match_;
  wanted.host.clear();
  if (!known_mac().empty()) wanted.mac = known_mac();
  if (wanted.is_empty()) return host_contact();
  const auto found = shared_.locator.find(wanted);
  if (found) return contact_of(*found);
  if (!match_.host.empty()) return host_contact();
  const std::string& trouble = shared_.locator.trouble();
  if (trouble.empty()) return found.error();
  return Error(Errc::not_found, fmt::format("searching does not work: {}", trouble));
}

/// A fixed host may tell by UDP what it speaks.
Awaitable<Result<>> Plug::ask_host() {
  if (match_.host.empty() || match_.transport != "auto" || match_.port != 0 || tries_ > 0 ||
      shared_.locator.at_address(match_.host))
    co_return Result<>();
  shared_.locator.probe(match_.host);
  const SteadyTime until = clock_.now() + kHostAnswers;
  while (!shared_.locator.at_address(match_.host)) {
    const Result<> news = co_await shared_.locator.news().wait(clock_, until);
    if (!news && news.error().code == Errc::timeout) break;
    if (!news) co_return news;
  }
  co_return Result<>();
}

/// Within a turn.
Awaitable<Result<>> Plug::meet(SteadyTime deadline) {
  is_met_ = false;
  if (const Result<> asked = co_await ask_host(); !asked) co_return asked;
  const auto contact = choose();
  if (!contact) co_return contact.error();
  if (!device_ || contact_ != *contact) {
    contact_ = *contact;
    device_ = shared_.make_device(*contact_);
  } else {
    ++shared_.reconnects;
  }
  if (!device_)
    co_return Error(Errc::not_supported,
                    contact_->trouble.empty()
                        ? fmt::format("{} speaks {}, which is not supported", contact_->at.host,
                                      kTransports[static_cast<std::size_t>(contact_->transport)])
                        : contact_->trouble);
  auto state = co_await ask(device_->identify(deadline));
  if (state) co_return accept(*state);
  if (contact_->transport != Transport::tpap) co_return state.error();
  co_return Error(Errc::not_supported,
                  fmt::format("{} (KLAP was tried: {})", contact_->trouble, state.error().text()));
}

Result<> Plug::compare(const DeviceState& state) const {
  const auto refuse = [&](const std::string& what) {
    std::string text =
        fmt::format("{} answers {}: it is left alone", what, "instead of " + expected());
    if (is_known_by_host_alone())
      text += fmt::format(". If it is {} from now on, add mac = \"{}\" to its match", name(),
                          state.mac);
    return Error(Errc::unknown_device, text);
  };
  if (state.mac.empty()) return Error(Errc::malformed, "the answer names no MAC address");
  if (!known_mac().empty())
    return state.mac == known_mac() ? Result<>() : Result<>(refuse(describe(state)));
  if (!match_.mac.empty() && state.mac != match_.mac) return refuse(describe(state));
  const bool has_id = match_.device_id.empty() || upper(state.device_id) == match_.device_id ||
                      (contact_ && upper(contact_->found_id) == match_.device_id);
  if (!has_id) return refuse(describe(state) + fmt::format(", device id {},", state.device_id));
  if (!match_.alias.empty() && !is_called(state, match_.alias)) return refuse(describe(state));
  return {};
}

/// What identify() has said.
Result<> Plug::accept(const DeviceState& state) {
  if (const Result<> same = compare(state); !same) return same;
  const auto [claim, is_ours] = shared_.claims.emplace(state.mac, this);
  if (!is_ours && claim->second != this) {
    hand_over(*claim->second);
    return {};
  }
  mac_ = state.mac;
  model_ = state.model;
  firmware_ = state.firmware;
  family_ = state.family;
  has_meter_ = state.has_meter;
  is_strip_ = state.is_strip;
  can_guard_ = true;
  is_refused_ = is_displaced_ = false;
  good_ = contact_;
  complaint_.clear();
  shared_.locator.learn(mac_, state);
  for (Outlet* outlet : outlets_) outlet->forget_guard_time();
  settle(state);
  is_met_ = true;
  take(state);
  if (is_known_by_host_alone() && kept_mac_.empty() && !outlets_.empty())
    warn_once(*outlets_.front(),
              fmt::format("{} is known by its host alone, so the plug that has answered there "
                          "first is taken for it; if it is the right one, add mac = \"{}\" to "
                          "its match",
                          name(), mac_));
  keep_mac();
  return {};
}

bool Plug::is_known_by_host_alone() const {
  return match_.mac.empty() && match_.device_id.empty() && match_.alias.empty();
}

void Plug::settle(const DeviceState& state) {
  for (std::size_t i = 0; i < outlets_.size(); ++i) {
    Outlet& outlet = *outlets_[i];
    const Result<> settled = outlet.settle(state);
    if (!settled) {
      outlet.say_unknown();
      warn(outlet, settled.error().text());
      continue;
    }
    const auto is_same = [&](const Outlet* other) {
      return !outlet.plan().is_strip() && !other->plan().is_strip() &&
             other->position() == outlet.position();
    };
    const auto earlier = outlets_.begin() + static_cast<std::ptrdiff_t>(i);
    const auto twin = std::find_if(outlets_.begin(), earlier, is_same);
    if (twin == earlier) continue;
    outlet.unsettle();
    outlet.say_unknown();
    warn(outlet, fmt::format("{} is already {}: remove one of the two tables", describe(state),
                             (*twin)->slug()));
  }
}

/// Two entries of the configuration are sockets of one strip: it has one conversation only.
void Plug::hand_over(Plug& other) {
  for (Outlet* outlet : outlets_) other.outlets_.push_back(outlet);
  other.is_met_ = false;
  other.fast_until_ = clock_.now() + kWakeUp;
  outlets_.clear();
  drop_connection();
  is_dormant_ = true;
}

void Plug::warn(Outlet& outlet, const std::string& text) {
  if (std::exchange(warned_[&outlet], text) == text) return;
  outlet.note("plug_warning", Severity::warning, "", text);
  log::warn("kasa", "{}: {}", outlet.slug(), text);
}

void Plug::count(const Error& error) {
  if (error.code == Errc::timeout) ++shared_.timeouts;
  if (error.code == Errc::malformed || error.code == Errc::truncated) ++shared_.bad_replies;
  if (is_about_line(error.code)) drop_connection();
}

/// Somebody else may stand behind the address the next time: nothing is sent before that is known.
void Plug::drop_connection() {
  is_met_ = false;
  if (device_) device_->link().close();
}

void Plug::failed(const Error& error) {
  ++failures_;
  ++tries_;
  is_met_ = false;
  if (!silent_since_) silent_since_ = clock_.now();
  const bool is_searching = error.code == Errc::not_found && failures_ == 1;
  if (error.text() != last_error_ && !is_searching)
    log::info("kasa", "{}: {}", name(), error.text());
  last_error_ = error.text();
  drop_connection();
  is_refused_ = error.code == Errc::unknown_device;
  is_account_refused_ = error.code == Errc::not_allowed;
  if (is_refused_ || failures_ >= kLost) is_displaced_ = true;
  const bool is_not_there = error.code == Errc::not_found && !contact_ && failures_ == kLost;
  const bool is_for_the_user =
      is_refused_ || is_hopeless() || error.code == Errc::not_allowed || is_not_there;
  if (is_for_the_user && !outlets_.empty() && std::exchange(complaint_, last_error_) != last_error_)
    outlets_.front()->note("plug_warning", Severity::warning, "", last_error_);
  if (failures_ == kLost || is_refused_)
    for (Outlet* outlet : outlets_) outlet->say_unknown();
  if (failures_ >= kLost || is_refused_ || error.code == Errc::not_found) shared_.locator.ask();
}

/// Asking again helps nothing until the search finds it with another transport.
bool Plug::is_hopeless() const {
  return contact_ && (contact_->transport == Transport::tpap ||
                      contact_->transport == Transport::secure_passthrough ||
                      contact_->transport == Transport::unknown);
}

SteadyDuration Plug::pause_after(const Error& error) {
  if (is_hopeless()) return kHopeless;
  if (error.code == Errc::not_allowed) return kWrongAccount;
  const auto at =
      std::min<std::size_t>(static_cast<std::size_t>(failures_) - 1, kPausesS.size() - 1);
  std::uniform_real_distribution<double> spread(1 - kJitter, 1 + kJitter);
  // One that was on may come back on without its guard: it is not left alone for long.
  const bool was_on = std::ranges::any_of(outlets_, &Outlet::was_on);
  const double pause_s = was_on ? std::min(kPausesS[at], kLongestOnS) : kPausesS[at];
  return from_seconds(pause_s * spread(dice_));
}

/// Ends early when the search finds it somewhere else.
Awaitable<Result<>> Plug::back_off(const Error& error) {
  SteadyTime until = clock_.now() + pause_after(error);
  if (error.code == Errc::refused && contact_ && contact_->transport == Transport::klap) {
    // The newest firmware starts its web server only once it was searched.
    shared_.locator.probe(contact_->at.host);
    until = clock_.now() + kWakeUp;
    if (failures_ >= kLost) until = clock_.now() + pause_after(error);
  }
  for (;;) {
    const Result<> news = co_await shared_.locator.news().wait(clock_, until);
    if (!news && news.error().code == Errc::timeout) co_return Result<>();
    if (!news) co_return news;
    const auto now_at = choose();
    if (now_at && (!contact_ || !(*now_at == *contact_))) co_return Result<>();
    if (is_met_) co_return Result<>();  // by an order
  }
}

Detail Plug::detail() const {
  std::string text = contact_ ? fmt::format("{}:{}", contact_->at.host, contact_->at.port)
                              : std::string("not found");
  if (device_) text += fmt::format(" ({})", device_->link().name());
  if (!model_.empty()) text += fmt::format(", {}", model_);
  if (!firmware_.empty()) text += fmt::format(", firmware {}", firmware_);
  if (!mac_.empty()) text += fmt::format(", MAC {}", mac_);
  if (!mac_.empty() && is_known_by_host_alone())
    text += fmt::format(" (add mac = \"{}\" to its match)", mac_);
  if (is_dormant_) text = "a socket of a strip that another entry speaks to";
  if (silent_since_)
    text += fmt::format(", silent for {:.0f} s", to_seconds(clock_.now() - *silent_since_));
  if (!last_error_.empty()) text += fmt::format(", last error: {}", last_error_);
  return {name(), text};
}

}  // namespace b2m::kasa
