// SPDX-License-Identifier: MIT
#include "gateway/app/mail_queue.hpp"

#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>

#include "gateway/log.hpp"

namespace b2m::app {
namespace {

using namespace std::chrono_literals;

constexpr SteadyDuration kPauses[] = {30s, 2min, 10min};  // before the second try and so on

constexpr auto rethrow = [](const std::exception_ptr& e) {
  if (e) std::rethrow_exception(e);
};

}  // namespace

std::optional<Letter> letter_for(const config::Mail& mail, const Device& device, const Note& note) {
  const std::string body = note.message + "\n";
  if (note.type == "charge_session_finished" && mail.on_finish)
    return Letter{fmt::format("{}: charge finished", device.name), body};
  if (note.type == "fault_raised" && device.kind == DeviceKind::plug && mail.on_fault)
    return Letter{fmt::format("{}: charger fault", device.name), body};
  if (note.type != "charge_report") return std::nullopt;
  if (note.message.starts_with("daily") && mail.daily)
    return Letter{fmt::format("{}: charges of yesterday", device.name), body};
  if (note.message.starts_with("weekly") && mail.weekly)
    return Letter{fmt::format("{}: charges of the week", device.name), body};
  return std::nullopt;
}

MailQueue::MailQueue(Executor executor, Clock& clock, Send send, Tell tell)
    : executor_(std::move(executor)),
      clock_(clock),
      send_(std::move(send)),
      tell_(std::move(tell)) {}

void MailQueue::add(Letter letter) {
  if (letters_.size() >= kMost) {
    log::warn("mail", "\"{}\" is dropped: {} newer ones wait", letters_.front().subject, kMost);
    letters_.pop_front();
  }
  letters_.push_back(std::move(letter));
  if (std::exchange(is_running_, true)) return;
  boost::asio::co_spawn(executor_, run(), rethrow);
}

Awaitable<> MailQueue::run() {
  while (!letters_.empty()) {
    const Letter letter = std::move(letters_.front());
    letters_.pop_front();
    const Result<> sent = co_await attempts(letter);
    if (sent) {
      log::info("mail", "sent: {}", letter.subject);
      continue;
    }
    if (sent.error().code == Errc::cancelled) break;
    Note note{
        "mail_failed",
        Severity::warning,
        {},
        fmt::format("\"{}\" could not be sent by e-mail: {}", letter.subject, sent.error().text())};
    tell_(note);
  }
  is_running_ = false;
}

Awaitable<Result<>> MailQueue::attempts(Letter letter) {
  for (const SteadyDuration pause : kPauses) {
    Result<> sent = co_await send_(letter);
    if (sent) co_return sent;
    log::warn("mail", "\"{}\" could not be sent, the next try is in {} s: {}", letter.subject,
              to_seconds(pause), sent.error().text());
    const auto slept = co_await clock_.sleep_for(pause);
    if (!slept) co_return Error(Errc::cancelled);
  }
  co_return co_await send_(letter);
}

}  // namespace b2m::app
