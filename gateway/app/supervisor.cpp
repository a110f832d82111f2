// SPDX-License-Identifier: MIT
#include "gateway/app/supervisor.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include "gateway/log.hpp"

namespace b2m::app {
namespace {

namespace asio = boost::asio;

constexpr SteadyDuration kFirstPause = std::chrono::seconds(1);
constexpr SteadyDuration kLongestPause = std::chrono::seconds(60);
constexpr SteadyDuration kGoodRun = std::chrono::seconds(60);

/// A device has said something. That it is silent is told by missing values, texts and notes.
bool has_data(const Report& report) {
  return std::ranges::any_of(report.samples, [](const Sample& s) {
    return s.quality == Quality::good || s.quality == Quality::suspect;
  });
}

}  // namespace

struct Supervisor::Task final : Inbox {
  Task(Supervisor& o, AdapterIndex i, std::unique_ptr<Adapter> a)
      : owner(o), index(i), adapter(std::move(a)) {}

  void post(const Report& report) override {
    ++health.reports;
    if (has_data(report)) heard();
    owner.hooks_.report(report);
  }

  void heard() {
    health.last_report = owner.clock_.now();
    health.has_reported = true;
    if (is_running && !std::exchange(health.connected, true)) owner.hooks_.changed(index);
  }

  Supervisor& owner;
  AdapterIndex index;
  std::unique_ptr<Adapter> adapter;
  AdapterHealth health;
  asio::cancellation_signal cancel;
  SteadyDuration pause = kFirstPause;
  std::size_t coroutines = 0;
  bool is_stopping = false;
  bool is_running = false;  // within run()
};

Supervisor::Supervisor(Executor executor, Clock& clock, Hooks hooks)
    : executor_(std::move(executor)), clock_(clock), hooks_(std::move(hooks)) {}

Supervisor::~Supervisor() = default;

void Supervisor::add(std::string id, std::unique_ptr<Adapter> adapter) {
  const auto index = static_cast<AdapterIndex>(tasks_.size());
  tasks_.push_back(std::make_unique<Task>(*this, index, std::move(adapter)));
  tasks_.back()->health.id = std::move(id);
}

const AdapterHealth& Supervisor::health(AdapterIndex i) const { return tasks_[i]->health; }
const Adapter& Supervisor::adapter(AdapterIndex i) const { return *tasks_[i]->adapter; }

void Supervisor::start() {
  for (const auto& owned : tasks_) {
    Task* task = owned.get();
    ++task->coroutines;
    auto ended = [task](const std::exception_ptr&) { --task->coroutines; };
    asio::co_spawn(executor_, keep_running(*task),
                   asio::bind_cancellation_slot(task->cancel.slot(), std::move(ended)));
  }
}

Awaitable<Result<>> Supervisor::run_once(Task& task) {
  try {
    co_return co_await task.adapter->run(task);
  } catch (const std::exception& e) {
    if (task.is_stopping) co_return Errc::cancelled;
    co_return Error(Errc::io_error, std::string("unexpected: ") + e.what());
  }
}

Awaitable<> Supervisor::keep_running(Task& task) {
  for (;;) {
    const SteadyTime started = clock_.now();
    task.is_running = true;
    const Result<> result = co_await run_once(task);
    task.is_running = false;
    if (task.is_stopping) co_return;
    if (clock_.now() - started > kGoodRun) task.pause = kFirstPause;
    failed(task, result ? "ended" : result.error().text());
    const auto slept = co_await clock_.sleep_for(task.pause);
    if (!slept || task.is_stopping) co_return;
    task.pause = std::min(task.pause * 2, kLongestPause);
  }
}

void Supervisor::failed(Task& task, const std::string& why) {
  AdapterHealth& health = task.health;
  if (health.connected || health.last_error != why) log::error(health.id, "{}; trying again", why);
  health.connected = false;
  health.last_error = why;
  ++health.restarts;
  hooks_.changed(task.index);
}

void Supervisor::execute(AdapterIndex index, Order order, std::function<void(Result<>)> done) {
  Task* task = tasks_[index].get();
  ++task->coroutines;
  auto ended = [task, done = std::move(done)](const std::exception_ptr& e, Result<> result) {
    --task->coroutines;
    done(e ? Result<>(Error(Errc::io_error, "unexpected failure of the adapter"))
           : std::move(result));
  };
  asio::co_spawn(executor_, task->adapter->execute(std::move(order)), std::move(ended));
}

void Supervisor::rescan(AdapterIndex index, std::function<void(Result<std::string>)> done) {
  Task* task = tasks_[index].get();
  ++task->coroutines;
  auto ended = [task, done = std::move(done)](const std::exception_ptr& e,
                                              Result<std::string> result) {
    --task->coroutines;
    done(e ? Result<std::string>(Error(Errc::io_error, "unexpected failure of the adapter"))
           : std::move(result));
  };
  asio::co_spawn(executor_, task->adapter->rescan(), std::move(ended));
}

Awaitable<> Supervisor::stop(SteadyTime deadline) {
  for (const auto& task : tasks_) {
    task->is_stopping = true;
    task->cancel.emit(asio::cancellation_type::terminal);
  }
  const auto is_busy = [](const auto& task) { return task->coroutines > 0; };
  while (std::ranges::any_of(tasks_, is_busy) && clock_.now() < deadline) {
    const auto slept = co_await clock_.sleep_for(std::chrono::milliseconds(5));
    if (!slept) co_return;
  }
  for (const auto& task : tasks_)
    if (is_busy(task)) log::error(task->health.id, "does not end; leaving it behind");
}

}  // namespace b2m::app
