// SPDX-License-Identifier: MIT
#include "adapters/kasa/locator.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fmt/format.h>

#include "gateway/log.hpp"

namespace b2m::kasa {
namespace {

using namespace std::chrono_literals;

// Three copies of each search: single datagrams get lost, most of all in Wi-Fi.
constexpr std::array<SteadyDuration, 3> kCopyPauses{1000ms, 2000ms, 2000ms};
constexpr SteadyDuration kLeastPause = 10s;
constexpr SteadyDuration kReopen = 30s;
constexpr std::size_t kLongestAnswer = 16 * 1024;
constexpr std::size_t kMostKnown = 1024;  // whatever the network sends
constexpr int kGone = 2;                  // missed searches after which a name is free again
constexpr auto kSameSearch = 30s;

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

bool has_id(const Locator::Known& known, const std::string& wanted) {
  return upper(known.found.device_id) == wanted || upper(known.sysinfo_id) == wanted;
}

bool fits(const Locator::Known& known, const Match& match) {
  if (!match.mac.empty()) return known.found.mac == match.mac;
  if (!match.device_id.empty()) return has_id(known, match.device_id);
  if (!match.host.empty()) return known.found.address == match.host;
  return is_called(known.found, normal_alias(match.alias));
}

std::string list_names(const std::map<std::string, Locator::Known>& known) {
  constexpr std::size_t kMostNamed = 12;
  std::vector<std::string> names;
  for (const auto& [mac, k] : known) {
    if (names.size() == kMostNamed) {
      names.emplace_back("...");
      break;
    }
    names.push_back(k.found.alias.empty() ? mac : fmt::format("\"{}\"", k.found.alias));
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string describe(const Locator::Known& known) {
  return fmt::format("{} at {} ({})", known.found.mac, known.found.address, known.found.model);
}

}  // namespace

bool is_called(const Found& found, const std::string& normal) {
  if (normal.empty()) return false;
  return normal_alias(found.alias) == normal ||
         std::ranges::any_of(found.sockets, [&](const Found::Socket& s) {
           return normal_alias(s.alias) == normal;
         });
}

Locator::Locator(const Executor& executor, Network& network, Clock& clock, Options options)
    : network_(network),
      clock_(clock),
      options_(std::move(options)),
      asked_(executor),
      news_(executor),
      xor_probe_(xor_probe()) {}

Locator::~Locator() = default;

Awaitable<Result<>> Locator::run() {
  struct Closing {  // also when we are cancelled
    std::unique_ptr<Datagram>& socket;
    ~Closing() { socket.reset(); }
  };
  std::string said;
  for (;;) {
    const Endpoint any{"0.0.0.0", 0};
    auto socket = network_.open_datagram(any);
    if (socket) {
      const Closing closing{socket_};
      socket_ = std::move(*socket);
      trouble_.clear();
      const Result<> ended = co_await listen_and_call();
      if (ended.error().code == Errc::cancelled) co_return ended;
      trouble_ = ended.error().text();
    } else {
      trouble_ = socket.error().text();
    }
    if (std::exchange(said, trouble_) != trouble_)
      log::warn("kasa", "searching plugs does not work: {}", trouble_);
    const Result<> slept = co_await clock_.sleep_for(kReopen);
    if (!slept) co_return slept;
  }
}

/// Until one of the two fails.
Awaitable<Result<>> Locator::listen_and_call() {
  using namespace boost::asio::experimental::awaitable_operators;
  const auto ended = co_await (listen() || call());
  co_return ended.index() == 0 ? std::get<0>(ended) : std::get<1>(ended);
}

Awaitable<Result<>> Locator::listen() {
  const auto buffer = std::make_unique<std::array<std::uint8_t, kLongestAnswer>>();
  for (;;) {
    const auto received = co_await socket_->receive(*buffer, kNoDeadline);
    if (!received) co_return received.error();
    take(Bytes(*buffer).first(received->size), received->from);
  }
}

Awaitable<Result<>> Locator::call() {
  for (;;) {
    if (options_.broadcast) {
      const Result<> searched = co_await search();
      if (!searched) co_return searched;
    }
    const SteadyTime next = clock_.now() + from_seconds(options_.interval_s);
    while (!is_asked_ || !options_.broadcast) {
      const Result<> asked = co_await asked_.wait(clock_, next);
      if (!asked && asked.error().code == Errc::timeout) break;
      if (!asked) co_return asked;
    }
    const Result<> rested = co_await clock_.sleep_until(last_search_ + kLeastPause);
    if (!rested) co_return rested;
  }
}

Awaitable<Result<>> Locator::search() {
  is_asked_ = false;
  last_search_ = clock_.now();
  for (const SteadyDuration pause : kCopyPauses) {
    std::vector<std::string> addresses = network_.broadcast_addresses();
    addresses.emplace_back("255.255.255.255");
    addresses.insert(addresses.end(), options_.addresses.begin(), options_.addresses.end());
    std::ranges::sort(addresses);
    addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
    for (const std::string& address : addresses) send_to(address);
    const Result<> slept = co_await clock_.sleep_for(pause);
    if (!slept) co_return slept;
  }
  count_missing(last_search_);
  co_return Result<>();
}

void Locator::count_missing(SteadyTime since) {
  for (auto& [mac, known] : known_) known.missed = known.seen < since ? known.missed + 1 : 0;
}

void Locator::ask() {
  is_asked_ = true;
  asked_.ring();
}

void Locator::probe(const std::string& address) {
  if (socket_) send_to(address);
}

/// A network that is down just now is no reason to stop: the next search comes.
void Locator::send_to(const std::string& address) {
  static const std::string kKey = make_public_key_pem();  // takes a tenth of a second
  const auto tdp = tdp_probe(++serial_, kKey);
  const Result<> old_sent = socket_->send_to(xor_probe_, Endpoint{address, options_.xor_port});
  const Result<> new_sent = socket_->send_to(tdp, Endpoint{address, options_.tdp_port});
  if (!old_sent || !new_sent)
    log::debug("kasa", "no search at {}: {}", address,
               (old_sent ? new_sent : old_sent).error().text());
}

void Locator::take(Bytes datagram, const Endpoint& from) {
  ++answers_;
  const bool is_tdp = from.port == options_.tdp_port || from.port == kTdpPort + 2;
  auto first =
      is_tdp ? parse_tdp_answer(datagram, from.host) : parse_xor_answer(datagram, from.host);
  if (first) return take(std::move(*first));
  // Behind some routers the port says nothing.
  auto second =
      is_tdp ? parse_xor_answer(datagram, from.host) : parse_tdp_answer(datagram, from.host);
  if (second) return take(std::move(*second));
  log::debug("kasa", "{} answered the search with something else: {}", from.host,
             first.error().text());
}

void Locator::take(Found found) {
  if (found.mac.empty()) return;
  if (found.transport == Transport::xor_tcp && options_.xor_port != kXorPort)
    found.port = options_.xor_port;
  if (known_.size() >= kMostKnown && !known_.contains(found.mac)) return;
  Known& known = known_[found.mac];
  const Found& old = known.found;
  const bool is_same = !old.mac.empty() && old.address == found.address && old.port == found.port &&
                       old.transport == found.transport &&
                       (found.alias.empty() || old.alias == found.alias);
  const bool speaks_both = found.transport != Transport::xor_tcp &&
                           old.transport == Transport::xor_tcp && old.address == found.address &&
                           clock_.now() - known.seen < kSameSearch;
  if (speaks_both) return;  // the old protocol needs no login
  known.seen = clock_.now();
  if (is_same) return;
  if (found.alias.empty()) {  // keep what a login has told
    found.alias = old.alias;
    found.sockets = old.sockets;
  }
  known.is_named = !found.alias.empty();
  known.next_login = {};
  known.trouble.clear();
  known.found = std::move(found);
  news_.ring();
}

void Locator::learn(const std::string& mac, const DeviceState& state) {
  const auto at = known_.find(mac);
  if (at == known_.end()) return;
  Known& known = at->second;
  known.sysinfo_id = state.device_id;
  known.trouble.clear();
  known.is_named = true;
  Found& found = known.found;
  found.alias = state.alias;
  found.has_meter = state.has_meter;
  if (!state.model.empty()) found.model = state.model;
  found.sockets.clear();
  if (state.is_strip)
    for (const SocketState& s : state.sockets) found.sockets.push_back({s.id, s.alias});
  news_.ring();
}

void Locator::learn_trouble(const std::string& mac, std::string trouble, SteadyTime next_login) {
  const auto at = known_.find(mac);
  if (at == known_.end()) return;
  at->second.trouble = std::move(trouble);
  at->second.next_login = next_login;
}

Result<Found> Locator::find(const Match& match) const {
  std::vector<const Known*> candidates;
  for (const auto& [mac, known] : known_)
    if (fits(known, match)) candidates.push_back(&known);
  if (candidates.size() > 1)
    std::erase_if(candidates, [](const Known* k) { return k->missed >= kGone; });
  if (candidates.size() == 1) return candidates.front()->found;
  if (candidates.empty()) return nobody_like(match);
  std::vector<std::string> all;
  for (const Known* k : candidates) all.push_back(describe(*k));
  return Error(Errc::unknown_device,
               fmt::format("several plugs have {}: {}; write match = {{ mac = \"{}\" }} with the "
                           "right one",
                           match.text(), fmt::join(all, ", "), candidates.front()->found.mac));
}

Error Locator::nobody_like(const Match& match) const {
  if (known_.empty())
    return {Errc::not_found,
            fmt::format("no plug has answered the search; looking for {}", match.text())};
  std::string text = fmt::format("no plug with {} has answered the search, only {}", match.text(),
                                 list_names(known_));
  for (const auto& [mac, known] : known_)
    if (!known.is_named && !known.trouble.empty())
      text += fmt::format("; {} keeps its name: {}", mac, known.trouble);
  return {Errc::not_found, text};
}

const Locator::Known* Locator::at_address(const std::string& address) const {
  const auto at = std::ranges::find_if(
      known_, [&](const auto& entry) { return entry.second.found.address == address; });
  return at == known_.end() ? nullptr : &at->second;
}

}  // namespace b2m::kasa
