// SPDX-License-Identifier: MIT
#include "gateway/web/tasks.hpp"

#include <exception>
#include <list>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include "gateway/log.hpp"

namespace b2m::web {
namespace {

namespace asio = boost::asio;
constexpr SteadyDuration kStep = std::chrono::milliseconds(2);

std::string text_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  }
}

}  // namespace

/// Shared with what tells of a task's end, which may come after the end of its owner.
struct Tasks::State {
  std::string area;
  std::list<asio::cancellation_signal> running;
  bool is_stopping = false;
};

Tasks::Tasks(Executor executor, Clock& clock, std::string area)
    : executor_(std::move(executor)), clock_(clock), state_(std::make_shared<State>()) {
  state_->area = std::move(area);
}
Tasks::~Tasks() = default;

void Tasks::spawn(Awaitable<> work) {
  if (state_->is_stopping) return;
  const auto self = state_->running.emplace(state_->running.end());
  auto ended = [state = state_, self](const std::exception_ptr& error) {
    state->running.erase(self);
    if (error && !state->is_stopping)
      log::error(state->area, "unexpected: {}; going on", text_of(error));
  };
  asio::co_spawn(executor_, std::move(work),
                 asio::bind_cancellation_slot(self->slot(), std::move(ended)));
}

std::size_t Tasks::size() const { return state_->running.size(); }

Awaitable<> Tasks::stop(SteadyTime deadline) {
  state_->is_stopping = true;
  for (auto at = state_->running.begin(); at != state_->running.end();) {
    auto& signal = *at++;  // its task may end within this
    signal.emit(asio::cancellation_type::terminal);
  }
  while (size() > 0 && clock_.now() < deadline) {
    const auto slept = co_await clock_.sleep_for(kStep);
    if (!slept) co_return;
  }
  if (size() > 0) log::error(state_->area, "{} tasks do not end; leaving them behind", size());
}

}  // namespace b2m::web
