// SPDX-License-Identifier: MIT
// An e-mail as it goes over the line (RFC 5322, 2045, 2047): UTF-8, base64, CR LF.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/units.hpp"

namespace b2m::app {

struct Letter {
  std::string subject;
  std::string body;  // lines end with LF
};

struct Envelope {
  std::string from;
  std::vector<std::string> to;
  WallTime date{};
  std::string message_id;  // without < and >
};

std::string base64(std::string_view bytes);
/// "=?UTF-8?B?...?=" words where the text is not plain ASCII; line breaks become spaces.
std::string encoded_header(std::string_view text);
std::string mail_text(const Letter& letter, const Envelope& envelope);
/// Unique: the time, random figures and the domain of the sender.
std::string new_message_id(const std::string& from);

}  // namespace b2m::app
