// SPDX-License-Identifier: MIT
// [mail]: where reports go.
#pragma once

#include <string>
#include <vector>

#include "config/mistake.hpp"
#include "config/values.hpp"

namespace b2m::config {

enum class MailSecurity { starttls, tls, none };
template <>
struct WordsOf<MailSecurity> {
  static constexpr std::string_view kWords[] = {"starttls", "tls", "none"};
};

struct Mail {
  bool is_set = false;
  std::string host;
  int port = 587;
  MailSecurity security = MailSecurity::starttls;
  std::string ca_file;  // empty: the system's
  std::string username;
  Secret password;
  std::string from;
  std::vector<std::string> to;
  bool on_finish = true;
  bool on_fault = true;
  bool daily = false;
  bool weekly = false;
};

}  // namespace b2m::config
