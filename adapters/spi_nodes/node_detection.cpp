// SPDX-License-Identifier: MIT
// Finding out what a node speaks, and setting it up.
#include <algorithm>
#include <vector>

#include "adapters/spi_nodes/node.hpp"

namespace b2m::spi_nodes {
namespace {

constexpr int kLegacyReads = 3;
constexpr int kEqual_cv = 2;  // the last digit may flicker
constexpr double kMillivolts = 1000;

}  // namespace

Awaitable<Result<>> Node::detect() {
  if (plan_.choice != ProtocolChoice::legacy) {
    const auto found = co_await detect_v2();
    if (!found) co_return found.error();
    if (*found) co_return co_await set_up();
  }
  const bool may_be_legacy = plan_.choice != ProtocolChoice::v2 && !plan_.is_shared &&
                             plan_.address == 0 && trouble_.kind != TroubleKind::wrong_node;
  if (may_be_legacy) {
    const auto found = co_await detect_legacy();
    if (!found) co_return found.error();
  }
  co_return Result<>();
}

Awaitable<Result<bool>> Node::detect_v2() {
  // The second time for a node that has just restarted, or was in the middle of something.
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto sent = co_await line_.exchange(asked(plain_request(V2Command::identify)));
    if (!sent) co_return sent.error();
    deliver(*sent);
    const auto answer = co_await line_.exchange(asked(plain_request(V2Command::read)));
    if (!answer) co_return answer.error();
    Trouble trouble = judge(*answer, static_cast<std::uint8_t>(address_));
    if (!trouble) {
      address_ = answer->reply.address;
      identity_ = identity_payload(answer->reply.payload);
      protocol_ = Protocol::v2;
      co_return true;
    }
    stranger_ = trouble.kind == TroubleKind::wrong_node ? answer->reply.address : 0;
    const bool is_somebody =
        trouble.kind != TroubleKind::foreign && !is_silence(trouble.kind) && attempt == 0;
    ++counts_[static_cast<std::size_t>(trouble.kind)];
    trouble_ = std::move(trouble);
    if (!is_somebody) break;
  }
  co_return false;
}

Awaitable<Result<bool>> Node::detect_legacy() {
  std::vector<int> readings;
  for (int i = 0; i < kLegacyReads; ++i) {
    const auto reading = co_await line_.read_legacy();
    if (!reading) {
      if (reading.error().code == Errc::cancelled) co_return reading.error();
      trouble_ = trouble_of(reading.error());
      co_return false;
    }
    if (!reading->is_good()) {
      // A node of protocol v2 whose checksums fail looks like a legacy one that is not understood.
      if (trouble_.kind == TroubleKind::foreign || !trouble_) trouble_ = trouble_of(reading->fault);
      co_return false;
    }
    readings.push_back(reading->centivolts);
  }
  const auto [low, high] = std::ranges::minmax(readings);
  if (high - low > kEqual_cv) {
    trouble_ = Trouble(TroubleKind::jump);
    co_return false;
  }
  protocol_ = Protocol::legacy;
  trouble_ = {};
  filter_.clear();
  for (const int cv : readings) filter_.take(Volts(cv / 100.0));
  co_return true;
}

Awaitable<Result<>> Node::set_up() {
  needs_set_up_ = false;
  trouble_ = {};
  if (can(v2_capability::kSerial))  // again after a restart: another node may be in its place
    if (const auto read = co_await read_serial(); !read) co_return read.error();
  if (!plan_.limits) co_return Result<>();
  const auto told = co_await ask(limits_request(*plan_.limits));
  if (!told) co_return told.error();
  const bool is_set = !told->trouble && told->reply.status == V2Status::ok &&
                      limits_payload(told->reply.payload) == *plan_.limits;
  if (told->trouble) needs_set_up_ = true;  // tried again; a refusal is final
  are_limits_refused_ = !is_set && !told->trouble;
  co_return Result<>();
}

Awaitable<Result<>> Node::read_serial() {
  const auto told = co_await ask(plain_request(V2Command::serial));
  if (!told) co_return told.error();
  if (told->trouble) needs_set_up_ = true;  // tried again
  if (!told->trouble && told->reply.status == V2Status::ok) serial_ = to_hex(told->reply.payload);
  co_return Result<>();
}

Awaitable<Result<>> Node::read_seen() {
  const auto told = co_await ask(plain_request(V2Command::read_stats));
  if (!told) co_return told.error();
  if (told->trouble || told->reply.status != V2Status::ok) co_return Result<>();
  const V2Stats stats = stats_payload(told->reply.payload);
  const auto volts = [&](std::uint16_t mv) {
    return Volts(calibration_in_force().apply(mv / kMillivolts * plan_.scale));
  };
  seen_.reset();
  if (stats.samples > 0) seen_ = Seen{volts(stats.lowest_mv), volts(stats.highest_mv)};
  co_return Result<>();
}

}  // namespace b2m::spi_nodes
