// SPDX-License-Identifier: MIT
#include "adapters/kasa/smart_session.hpp"

#include <optional>

#include <fmt/format.h>

namespace b2m::kasa {
namespace {

constexpr int kBatchesWithoutReply = 2;  // then it gets one question at a time

std::string key_of(const std::string& child_id, const std::string& method) {
  return child_id.empty() ? method : "/" + method;
}

Error unknown_method(const std::string& method) {
  return {Errc::not_supported, fmt::format("the device has said that it does not know {}", method)};
}

/// Errors of the session, and the one that says nothing: once more may help.
bool is_worth_repeating(Errc code, Repeat repeat) {
  return code == Errc::disconnected || (code == Errc::io_error && repeat == Repeat::safe);
}

}  // namespace

/// Questions on their way to their answers.
struct SmartSession::Round {
  std::string child_id;
  std::vector<smart::Call> calls;
  std::vector<std::optional<Result<std::string>>> answers;
  std::optional<Error> link_error;  // no further questions

  Round(std::string child, std::vector<smart::Call> all)
      : child_id(std::move(child)), calls(std::move(all)), answers(calls.size()) {}

  [[nodiscard]] std::vector<smart::Call> open() const {
    std::vector<smart::Call> list;
    for (std::size_t i = 0; i < calls.size(); ++i)
      if (!answers[i]) list.push_back(calls[i]);
    return list;
  }
  void take(smart::Answer answer) {
    for (std::size_t i = 0; i < calls.size(); ++i) {
      if (answers[i] || calls[i].method != answer.method) continue;
      answers[i] = std::move(answer.result);
      return;
    }
  }
};

void SmartSession::forget() {
  unknown_.clear();
  can_batch_ = true;
  batches_without_reply_ = 0;
}

bool SmartSession::is_unknown(const std::string& child_id, const std::string& method) const {
  return unknown_.contains(key_of(child_id, method));
}

void SmartSession::note_unknown(const std::string& child_id, const std::string& method,
                                const Result<std::string>& result) {
  if (!result && result.error().code == Errc::not_supported)
    unknown_.insert(key_of(child_id, method));
}

Awaitable<SmartSession::Reply> SmartSession::send(std::string child_id, smart::Call call,
                                                  Repeat repeat, SteadyTime deadline) {
  const auto whole = child_id.empty() ? call : smart::to_child(child_id, call);
  Reply reply;
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto wall =
        std::chrono::duration_cast<std::chrono::milliseconds>(clock_.wall().time_since_epoch());
    auto text = co_await link_->exchange(smart::request(whole, wall.count()), repeat, deadline);
    reply.has_arrived = text.has_value();
    if (!text) {
      reply.result = text.error();
      co_return reply;
    }
    reply.result = smart::parse_result(*text, whole.method);
    if (reply.result && !child_id.empty())
      reply.result = smart::parse_child_result(*reply.result, call.method);
    if (reply.result || !is_worth_repeating(reply.result.error().code, repeat)) co_return reply;
    if (reply.result.error().code == Errc::disconnected) link_->close();
  }
  co_return reply;
}

Awaitable<SmartSession::Reply> SmartSession::ask_one(std::string child_id, smart::Call call,
                                                     SteadyTime deadline) {
  const auto method = call.method;
  auto reply = co_await send(child_id, std::move(call), Repeat::safe, deadline);
  if (reply.has_arrived) note_unknown(child_id, method, reply.result);
  co_return reply;
}

Awaitable<Result<std::string>> SmartSession::ask(std::string child_id, smart::Call call,
                                                 SteadyTime deadline) {
  if (is_unknown(child_id, call.method)) co_return unknown_method(call.method);
  auto reply = co_await ask_one(std::move(child_id), std::move(call), deadline);
  co_return std::move(reply.result);
}

Awaitable<Result<>> SmartSession::tell(std::string child_id, smart::Call call, Repeat repeat,
                                       SteadyTime deadline) {
  const auto reply = co_await send(std::move(child_id), std::move(call), repeat, deadline);
  if (!reply.result) co_return reply.result.error();
  co_return Result<>();
}

/// Some firmware cannot do several at once and answers with an error, garbage or not at all.
void SmartSession::note_failed_batch(const Reply& reply, Round& round) {
  const auto code = reply.result.error().code;
  if (code == Errc::timeout && ++batches_without_reply_ >= kBatchesWithoutReply) can_batch_ = false;
  const bool is_garbled = code == Errc::malformed;
  if (is_garbled || (reply.has_arrived && code != Errc::disconnected && code != Errc::not_allowed))
    can_batch_ = false;
  else
    round.link_error = reply.result.error();
}

Awaitable<> SmartSession::ask_together(Round& round, SteadyTime deadline) {
  const auto reply =
      co_await send(round.child_id, smart::batch(round.open()), Repeat::safe, deadline);
  if (!reply.result) {
    note_failed_batch(reply, round);
    co_return;
  }
  batches_without_reply_ = 0;
  auto answers = smart::parse_batch(*reply.result);
  if (!answers) {
    can_batch_ = false;
    co_return;
  }
  for (auto& answer : *answers) {
    note_unknown(round.child_id, answer.method, answer.result);
    round.take(std::move(answer));
  }
}

Awaitable<SmartSession::Answers> SmartSession::ask_all(std::string child_id,
                                                       std::vector<smart::Call> calls,
                                                       SteadyTime deadline) {
  Round round(std::move(child_id), std::move(calls));
  for (std::size_t i = 0; i < round.calls.size(); ++i)
    if (is_unknown(round.child_id, round.calls[i].method))
      round.answers[i] = unknown_method(round.calls[i].method);
  if (can_batch_ && round.open().size() > 1) co_await ask_together(round, deadline);
  Answers answers;
  for (std::size_t i = 0; i < round.calls.size(); ++i) {
    auto& answer = round.answers[i];
    if (!answer && round.link_error) answer = *round.link_error;
    if (!answer) {
      auto reply = co_await ask_one(round.child_id, round.calls[i], deadline);
      if (!reply.has_arrived) round.link_error = reply.result.error();
      answer = std::move(reply.result);
    }
    answers.push_back(std::move(*answer));
  }
  co_return answers;
}

}  // namespace b2m::kasa
