// SPDX-License-Identifier: MIT
// Questions and orders to a device of the newer command set: several at once where it can do that,
// to a socket through its strip, and never twice what it does not know.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "adapters/kasa/plug_link.hpp"
#include "adapters/kasa/smart_protocol.hpp"

namespace b2m::kasa {

class SmartSession {
 public:
  using Answers = std::vector<Result<std::string>>;

  SmartSession(std::unique_ptr<PlugLink> link, Clock& clock)
      : link_(std::move(link)), clock_(clock) {}

  /// The text of `result`. `child_id` is a socket of a strip; empty: the device itself.
  Awaitable<Result<std::string>> ask(std::string child_id, smart::Call call, SteadyTime deadline);
  /// In the order of the calls, at most smart::kMostInABatch of them.
  Awaitable<Answers> ask_all(std::string child_id, std::vector<smart::Call> calls,
                             SteadyTime deadline);
  Awaitable<Result<>> tell(std::string child_id, smart::Call call, Repeat repeat,
                           SteadyTime deadline);
  /// Another device answers from now on.
  void forget();
  [[nodiscard]] PlugLink& link() { return *link_; }
  [[nodiscard]] Clock& clock() { return clock_; }

 private:
  struct Reply {
    bool has_arrived = false;
    Result<std::string> result{Errc::timeout};
  };
  struct Round;

  Awaitable<Reply> send(std::string child_id, smart::Call call, Repeat repeat, SteadyTime deadline);
  Awaitable<Reply> ask_one(std::string child_id, smart::Call call, SteadyTime deadline);
  Awaitable<> ask_together(Round& round, SteadyTime deadline);
  void note_failed_batch(const Reply& reply, Round& round);
  void note_unknown(const std::string& child_id, const std::string& method,
                    const Result<std::string>& result);
  [[nodiscard]] bool is_unknown(const std::string& child_id, const std::string& method) const;

  std::unique_ptr<PlugLink> link_;
  Clock& clock_;
  std::set<std::string> unknown_;  // methods, those of sockets with a "/" before
  bool can_batch_ = true;
  int batches_without_reply_ = 0;
};

}  // namespace b2m::kasa
