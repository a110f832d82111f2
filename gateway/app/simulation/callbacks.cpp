// SPDX-License-Identifier: MIT
#include "gateway/app/simulation/callbacks.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "gateway/app/simulation/http_answers.hpp"
#include "gateway/log.hpp"

namespace b2m::app {
namespace {

using namespace std::chrono_literals;

constexpr int kAtOnce = 4;
constexpr SteadyDuration kTimeout = 30s;
constexpr SteadyDuration kFirstPause = 1s;
constexpr SteadyDuration kLongestPause = 10min;
constexpr SteadyDuration kGiveUp = 24h;
constexpr SteadyDuration kLeastAfterStart = 1h;  // of tries, however old the job is
constexpr Errc kNotTaken = Errc::not_allowed;    // somebody is there, and answers no

std::string text_of(const Endpoint& e) { return fmt::format("{}:{}", e.host, e.port); }

/// "HOST" stands for all of its ports, "HOST:PORT" for one.
bool is_named(const Endpoint& server, const config::SimulationHttp& http) {
  if (const auto own = web::parse_http_url(http.callback_url); own && own->server == server)
    return true;
  return std::ranges::any_of(http.callback_hosts, [&](const std::string& allowed) {
    return allowed == server.host || allowed == text_of(server);
  });
}

}  // namespace

Result<web::HttpUrl> allowed_callback(const std::string& url, const config::SimulationHttp& http) {
  auto parsed = web::parse_http_url(url);
  if (!parsed) return parsed.error();
  if (!is_named(parsed->server, http))
    return Error(Errc::not_allowed,
                 fmt::format("call-backs to {} are not allowed; hint: add \"{}\" to callback_hosts "
                             "in [simulation.http]",
                             parsed->server.host, text_of(parsed->server)));
  return parsed;
}

Callbacks::Callbacks(Executor executor, Clock& clock, Network& network, SimulationService& service,
                     HttpRows& rows, const config::SimulationHttp& settings)
    : clock_(clock),
      network_(network),
      service_(service),
      rows_(rows),
      settings_(settings),
      bell_(executor),
      tasks_(executor, clock, "simulation") {}

void Callbacks::start() {
  for (int i = 0; i < kAtOnce; ++i) tasks_.spawn(work());
}

Awaitable<> Callbacks::stop(SteadyTime deadline) { return tasks_.stop(deadline); }

void Callbacks::add(const JobStatus& status) {
  if (!status.is_callback_pending || find(status.id)) return;
  const auto url = allowed_callback(status.callback_url, settings_);
  if (!url) {
    log::warn("simulation", "job {}: {}", status.id, url.error().detail);
    return service_.callback_done(status.id);
  }
  Waiting added{status.id, *url, clock_.now(), kFirstPause, clock_.now() - age(status)};
  for (const Waiting& w : waiting_) {
    if (!w.is_unreached || !(w.url.server == url->server)) continue;
    added.next = w.next;
    added.pause = w.pause;
    added.is_unreached = true;
  }
  waiting_.push_back(std::move(added));
  bell_.ring();
}

/// The wall clock may have been set in between: so it is asked once, and not trusted with all of
/// it.
SteadyDuration Callbacks::age(const JobStatus& status) const {
  const auto age = std::chrono::duration_cast<SteadyDuration>(clock_.wall() - status.ended);
  return std::clamp<SteadyDuration>(age, 0s, kGiveUp - kLeastAfterStart);
}

Callbacks::Waiting* Callbacks::find(const std::string& id) {
  const auto found = std::ranges::find(waiting_, id, &Waiting::id);
  return found == waiting_.end() ? nullptr : &*found;
}

Callbacks::Waiting* Callbacks::first_due() {
  const SteadyTime now = clock_.now();
  const auto found = std::ranges::find_if(
      waiting_, [&](const Waiting& w) { return !w.is_in_work && w.next <= now; });
  return found == waiting_.end() ? nullptr : &*found;
}

SteadyTime Callbacks::next_due() const {
  SteadyTime next = clock_.now() + kLongestPause;
  for (const Waiting& w : waiting_)
    if (!w.is_in_work) next = std::min(next, w.next);
  return next;
}

Awaitable<> Callbacks::work() {
  for (;;) {
    Waiting* due = first_due();
    if (!due) {
      const auto rung = co_await bell_.wait(clock_, next_due());
      if (!rung && rung.error().code == Errc::cancelled) co_return;
      continue;
    }
    due->is_in_work = true;
    const std::string id = due->id;
    const web::HttpUrl url = due->url;
    const Result<> told = co_await deliver(id, url);
    Waiting* waiting = find(id);
    if (!told && told.error().code == Errc::cancelled) co_return;
    if (!waiting) continue;
    waiting->is_in_work = false;
    if (told)
      settled(id);
    else
      failed(*waiting, told.error());
  }
}

/// Fine also where nobody is to be told any more: the job was deleted meanwhile.
Awaitable<Result<>> Callbacks::deliver(std::string id, web::HttpUrl url) {
  auto rows = co_await rows_.of(id);
  if (!rows && rows.error().code == Errc::cancelled) co_return rows.error();
  auto status = service_.status(id);
  if (!status || !status->is_callback_pending) co_return Result<>();
  std::string text;
  if (rows)
    text = std::move(rows->text);
  else
    status->reason = rows.error().detail;
  const auto answer = co_await web::http_post(
      network_, url, callback_body(*status, std::move(text)), clock_.now() + kTimeout);
  if (!answer) co_return answer.error();
  if (*answer >= 200 && *answer < 300) co_return Result<>();
  co_return Error(kNotTaken, fmt::format("{} answers {}", text_of(url.server), *answer));
}

void Callbacks::settled(std::string id) {
  const auto at = std::ranges::find(waiting_, id, &Waiting::id);
  const Endpoint server = at->url.server;
  waiting_.erase(at);
  service_.callback_done(id);
  wake(server);
}

/// It answers: what waits because it did not, waits no longer.
void Callbacks::wake(const Endpoint& server) {
  for (Waiting& w : waiting_)
    if (w.url.server == server && !w.is_in_work && w.is_unreached)
      w.next = std::min(w.next, clock_.now());
  bell_.ring();
}

void Callbacks::failed(Waiting& waiting, const Error& error) {
  if (clock_.now() - waiting.since > kGiveUp) {
    log::error("simulation",
               "job {}: nobody took its result within a day, it is not offered any more: {}; the "
               "result itself stays",
               waiting.id, error.text());
    return settled(waiting.id);
  }
  if (waiting.pause == kFirstPause)
    log::warn("simulation", "job {}: the call-back failed, trying again for a day: {}", waiting.id,
              error.text());
  waiting.next = clock_.now() + waiting.pause;
  waiting.pause = std::min(waiting.pause * 2, kLongestPause);
  waiting.is_unreached = error.code != kNotTaken;
  if (waiting.is_unreached) share(waiting);
}

/// A server that is not there is asked for one job at a time, not for each of a thousand.
void Callbacks::share(const Waiting& failed) {
  for (Waiting& w : waiting_) {
    if (w.is_in_work || !(w.url.server == failed.url.server)) continue;
    w.next = std::max(w.next, failed.next);
    w.pause = std::max(w.pause, failed.pause);
    w.is_unreached = true;
  }
}

}  // namespace b2m::app
