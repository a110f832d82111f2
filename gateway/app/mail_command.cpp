// SPDX-License-Identifier: MIT
#include "gateway/app/mail_command.hpp"

#include <iostream>

#include <fmt/format.h>

#include "config/load.hpp"
#include "gateway/app/loading.hpp"
#include "gateway/app/mail_message.hpp"
#include "gateway/app/mail_sender.hpp"

namespace b2m::app {
namespace {

constexpr std::size_t kMostBytes = 1 << 20;

std::string read_body() {
  std::string body(kMostBytes, '\0');
  std::cin.read(body.data(), static_cast<std::streamsize>(body.size()));
  body.resize(static_cast<std::size_t>(std::cin.gcount()));
  return body;
}

}  // namespace

int mail_command(const Arguments& arguments) {
  const auto config = load_or_explain(arguments.value("-c", kDefaultConfig));
  if (!config) return kExitConfiguration;
  const config::Mail& mail = config->mail;
  if (!mail.is_set) {
    std::cerr << fmt::format("{}: error: there is no [mail]; hint: docs/charging.md shows one\n",
                             config->file);
    return kExitConfiguration;
  }
  Letter letter{arguments.value("--subject", config->gateway.name), {}};
  letter.body = arguments.has("--test")
                    ? fmt::format("A test of the reports of {}.\n", config->gateway.name)
                    : read_body();
  const Envelope envelope{mail.from, mail.to, std::chrono::system_clock::now(),
                          new_message_id(mail.from)};
  if (const auto sent = send_mail(mail, mail_text(letter, envelope)); !sent) {
    std::cerr << fmt::format("battery2mqtt mail: {}\n", sent.error().text());
    return kExitFailed;
  }
  if (arguments.has("--test")) std::cout << fmt::format("sent to {}\n", fmt::join(mail.to, ", "));
  return kExitOk;
}

}  // namespace b2m::app
