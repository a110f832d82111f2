// SPDX-License-Identifier: MIT
// Reports on their way out by e-mail: one at a time, tried again after failures, never in the way
// of anything else.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "config/mail.hpp"
#include "gateway/app/mail_message.hpp"
#include "gateway/io/clock.hpp"
#include "gateway/model/report.hpp"

namespace b2m::app {

/// What an event becomes as a mail; empty when [mail] does not want it.
std::optional<Letter> letter_for(const config::Mail& mail, const Device& device, const Note& note);

class MailQueue {
 public:
  using Send = std::function<Awaitable<Result<>>(Letter)>;
  using Tell = std::function<void(const Note&)>;

  static constexpr std::size_t kMost = 20;  // the oldest goes

  MailQueue(Executor executor, Clock& clock, Send send, Tell tell);
  void add(Letter letter);

 private:
  Awaitable<> run();
  Awaitable<Result<>> attempts(Letter letter);

  Executor executor_;
  Clock& clock_;
  Send send_;
  Tell tell_;
  std::deque<Letter> letters_;
  bool is_running_ = false;
};

}  // namespace b2m::app
