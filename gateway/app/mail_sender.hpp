// SPDX-License-Identifier: MIT
// Sends one e-mail with libcurl, which is loaded by name: only the child process that sends ever
// maps it. Blocks; not for the event loop.
#pragma once

#include <string>

#include "config/mail.hpp"
#include "gateway/result.hpp"

namespace b2m::app {

/// `text` is headers and body, lines end with CR LF. The error says how to mend, without secrets.
Result<> send_mail(const config::Mail& mail, const std::string& text);

}  // namespace b2m::app
