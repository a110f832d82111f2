// SPDX-License-Identifier: MIT
#include "adapters/spi_nodes/node.hpp"

#include <numeric>
#include <utility>

#include <fmt/format.h>

namespace b2m::spi_nodes {
namespace {

constexpr int kRepeatUntil = 3;  // failures in a row: a dead node costs one exchange, not two
constexpr int kAttempts = 2;     // of a question
constexpr SteadyDuration kSettle = std::chrono::milliseconds(50);
constexpr double kColdest_c = -40, kHottest_c = 125;
constexpr int kMostLegacyReads = 6;  // of one poll: three to warm up, one repeated, one confirmed

std::string flags_text(std::uint8_t flags) {
  struct Word {
    std::uint8_t flag;
    std::string_view text;
  };
  constexpr Word kWords[] = {{v2_flag::kReferenceSuspect, "its reference is suspect"},
                             {v2_flag::kOverTemperature, "over-temperature"},
                             {v2_flag::kOverVoltage, "over-voltage"},
                             {v2_flag::kUnderVoltage, "under-voltage"},
                             {v2_flag::kWatchdogRestart, "its watchdog has restarted it"}};
  std::string text;
  for (const Word& word : kWords)
    if ((flags & word.flag) != 0) text += (text.empty() ? "" : ", ") + std::string(word.text);
  return text;
}

/// Beyond what its sensor can measure it is broken or not there.
std::optional<Celsius> plausible(std::optional<Celsius> temperature) {
  const bool is_possible =
      temperature && temperature->value >= kColdest_c && temperature->value <= kHottest_c;
  return is_possible ? temperature : std::nullopt;
}

}  // namespace

void deliver(const Answer& answer) {
  if (!answer.asked || !answer.asked->node) return;
  Node& node = *answer.asked->node;
  if (answer.asked->request.command == V2Command::read) node.take(answer);
  if (answer.asked->request.command == V2Command::set_bleed) node.take_pause(answer);
}

void Node::forget() {
  protocol_ = Protocol::unknown;
  address_ = plan_.address;
  identity_ = {};
  serial_.clear();
  filter_.clear();
  measured_ = {};
  seen_.reset();
  flags_ = duty_ = 0;
  is_bleeding_ = false;
}

std::string Node::text() const {
  if (protocol_ == Protocol::unknown) return "not found";
  if (protocol_ == Protocol::legacy) return "legacy";
  std::string text =
      fmt::format("v2, address {}, type {}, hardware {}, firmware {}.{}", address_, identity_.type,
                  identity_.hardware, identity_.major, identity_.minor);
  if (!serial_.empty()) text += ", serial " + serial_;
  return are_limits_refused_ ? text + ", refuses limits" : text;
}

Asked Node::asked(V2Request request) {
  request.address = plan_.is_shared ? static_cast<std::uint8_t>(plan_.address) : kWhoeverIsSelected;
  return {this, request};
}

void Node::note(Trouble trouble) {
  ++counts_[static_cast<std::size_t>(trouble.kind)];
  if (trouble.kind == TroubleKind::restarted) has_restarted_ = needs_set_up_ = true;
  trouble_ = std::move(trouble);
}

std::uint64_t Node::errors() const {
  return std::accumulate(counts_.begin() + 1, counts_.end(), std::uint64_t{0});
}

std::string Node::state() const {
  if (trouble_) return trouble_.text;
  const std::string flags = flags_text(flags_);
  return flags.empty() ? "ok" : flags;
}

Awaitable<Result<Told>> Node::ask(V2Request request) {
  Told told;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto sent = co_await line_.exchange(asked(request));
    if (!sent) co_return sent.error();
    deliver(*sent);
    const bool is_off = request.command == V2Command::set_bleed && request.arguments[0] == 0;
    if (is_off) unsettle();  // obeyed or not: its cell may have been bled until now
    const auto answer = co_await line_.exchange(asked(plain_request(V2Command::read)));
    if (!answer) co_return answer.error();
    told.trouble = judge(*answer, static_cast<std::uint8_t>(address_));
    told.reply = answer->reply;
    if (!told.trouble) co_return told;
    note(told.trouble);
  }
  co_return told;
}

void Node::take(const Answer& answer) {
  has_taken_ = true;
  Trouble trouble = judge(answer, static_cast<std::uint8_t>(address_));
  stranger_ = trouble.kind == TroubleKind::wrong_node ? answer.reply.address : 0;
  if (trouble) return note(std::move(trouble));
  if (answer.reply.status != V2Status::ok)
    return note({TroubleKind::refused, to_string(answer.reply.status)});
  take_read(read_payload(answer.reply.payload));
}

/// A pause that is not confirmed may begin only now, when the node's own timer ends the bleed.
void Node::take_pause(const Answer& answer) {
  if (judge(answer, static_cast<std::uint8_t>(address_))) unsettle();
}

void Node::take_read(const V2Read& read) {
  flags_ = read.flags;
  duty_ = read.duty;
  is_bleeding_ = read.duty > 0 || (read.flags & v2_flag::kBleeding) != 0;
  if (is_bleeding_) unsettle();
  if (!read.is_valid()) return note({TroubleKind::refused, "has no valid measurement"});
  if (is_bleeding_) {  // its voltage is lower than the cell's
    if (!bleed_until && !std::exchange(is_ending_, false)) note(Trouble(TroubleKind::bleeding));
    return;
  }
  if (line_.last_start() < settled_at_) return;
  measured_ = {true, Volts(read.voltage_mv / 1000.0 * plan_.scale), plausible(read.temperature),
               (read.flags & v2_flag::kReferenceSuspect) != 0};
}

bool Node::deserves_repeat() {
  return !measured_.is_fresh && failures_ < kRepeatUntil && !std::exchange(is_repeated_, true);
}

void Node::end_cycle() {
  if (measured_.is_fresh) {
    failures_ = 0;
    trouble_ = {};
    stranger_ = 0;
    return;
  }
  ++failures_;
}

void Node::unsettle() { settled_at_ = line_.now() + kSettle; }

void Node::bled(const V2Bleed& said) {
  if (is_bleeding_ || said.duty > 0) unsettle();
  duty_ = said.duty;
  is_bleeding_ = said.duty > 0;
}

Awaitable<Result<>> Node::read_legacy() {
  int bad = 0, jumps = 0;
  for (int i = 0; i < kMostLegacyReads; ++i) {
    const auto reading = co_await line_.read_legacy();
    if (!reading) {
      if (reading.error().code == Errc::cancelled) co_return reading.error();
      note(trouble_of(reading.error()));
      co_return Result<>();
    }
    const bool is_expected =
        reading->fault == LegacyFault::one_byte && filter_.expects(reading->volts());
    if (!reading->is_good() && !is_expected) {
      note(trouble_of(reading->fault));
      if (++bad > 1 || failures_ >= kRepeatUntil) co_return Result<>();
      continue;
    }
    const auto verdict = filter_.take(reading->volts());
    if (verdict == LegacyFilter::Verdict::doubted) {
      note(Trouble(TroubleKind::jump));
      if (++jumps > 1) co_return Result<>();
    } else if (verdict == LegacyFilter::Verdict::taken) {
      measured_ = {true, *filter_.value() * plan_.scale, std::nullopt, false};
      co_return Result<>();
    }
  }
  co_return Result<>();
}

}  // namespace b2m::spi_nodes
