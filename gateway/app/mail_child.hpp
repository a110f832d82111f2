// SPDX-License-Identifier: MIT
// Sends an e-mail in a child process, `battery2mqtt mail`: the gateway itself never maps libcurl,
// and a mail server that hangs hangs nothing else. No shell; nothing secret on its command line.
#pragma once

#include <string>
#include <vector>

#include "gateway/app/mail_message.hpp"
#include "gateway/io/awaitable.hpp"
#include "gateway/io/clock.hpp"
#include "gateway/result.hpp"

namespace b2m::app {

struct MailChild {
  std::string program = "/proc/self/exe";
  std::string config_file;
  SteadyDuration limit = std::chrono::seconds(90);  // then it is ended
};

/// The error is the last line that the child wrote to standard error.
Awaitable<Result<>> send_by_child(Clock& clock, MailChild child, Letter letter);

}  // namespace b2m::app
