// SPDX-License-Identifier: MIT
#include "adapters/spi_nodes/line.hpp"

#include <utility>

#include <fmt/format.h>

namespace b2m::spi_nodes {
namespace {

constexpr SteadyDuration kReopen = std::chrono::seconds(5);

void invert(std::vector<std::uint8_t>& bytes) {
  for (std::uint8_t& b : bytes) b = static_cast<std::uint8_t>(~b);
}

bool is_restart(V2Status status) {
  return status == V2Status::restarted || status == V2Status::no_request;
}

}  // namespace

Trouble judge(const Answer& answer, std::uint8_t address) {
  if (answer.trouble) return answer.trouble;
  if (!answer.asked) return Trouble(TroubleKind::sequence);
  const V2Reply& reply = answer.reply;
  if (address != kWhoeverIsSelected && reply.address != address)
    return {TroubleKind::wrong_node,
            fmt::format("node {} answers instead of node {}", reply.address, address)};
  if (is_restart(reply.status)) return Trouble(TroubleKind::restarted);
  if (reply.status == V2Status::request_damaged) return Trouble(TroubleKind::request_damaged);
  if (reply.sequence != answer.asked->request.sequence ||
      reply.command != answer.asked->request.command)
    return Trouble(TroubleKind::sequence);
  return {};
}

Awaitable<Result<Answer>> Line::exchange(Asked next) {
  Answer answer;
  answer.asked = std::exchange(pending_, std::nullopt);
  next.request.sequence = sequence_ = (sequence_ + 1) & 15;
  const V2Frame mosi = encode(next.request);
  std::vector<std::uint8_t> out(mosi.begin(), mosi.end());
  const auto miso = co_await pass(std::move(out));
  if (!miso) {
    if (miso.error().code == Errc::cancelled) co_return miso.error();
    answer.trouble = trouble_of(miso.error());
    if (!answer.asked) answer.asked = next;  // whoever would have been asked should know
    co_return answer;
  }
  pending_ = next;
  const V2Parsed parsed = parse_reply(*miso, mosi);
  answer.trouble = trouble_of(parsed.fault);
  answer.reply = parsed.reply;
  co_return answer;
}

Awaitable<Result<>> Line::all_off() {
  Asked everybody;
  everybody.request = bleed_request(0, 0, 0);
  everybody.request.address = kAllNodes;
  const auto answer = co_await exchange(std::move(everybody));
  pending_.reset();
  if (!answer) co_return answer.error();
  co_return Result<>();
}

Awaitable<Result<LegacyReading>> Line::read_legacy() {
  pending_.reset();  // what a node of protocol v2 had ready is gone
  std::vector<std::uint8_t> out(kLegacyRequest.begin(), kLegacyRequest.end());
  const auto miso = co_await pass(std::move(out));
  if (!miso) co_return miso.error();
  co_return parse_legacy(*miso);
}

void Line::close() {
  bus_.reset();
  pending_.reset();
  next_try_ = {};
}

Awaitable<Result<std::vector<std::uint8_t>>> Line::pass(std::vector<std::uint8_t> out) {
  if (const Result<> opened = ensure_open(); !opened) co_return opened.error();
  ++exchanges_;
  last_start_ = clock_.now();
  if (polarity_.invert_mosi) invert(out);
  auto in = co_await bus_->exchange(std::move(out));
  if (!in) {
    last_error_ = in.error();
    if (in.error().code == Errc::disconnected) close();
    co_return in.error();
  }
  if (polarity_.invert_miso) invert(*in);
  co_return in;
}

Result<> Line::ensure_open() {
  if (bus_) return {};
  if (clock_.now() < next_try_) return last_error_;
  next_try_ = clock_.now() + kReopen;
  auto opened = open_(how_);
  if (!opened) {
    last_error_ = opened.error();
    return last_error_;
  }
  bus_ = std::move(*opened);
  return {};
}

}  // namespace b2m::spi_nodes
