// SPDX-License-Identifier: MIT
#include "gateway/io/linux_spi_worker.hpp"

#include <optional>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "gateway/io/nothrow.hpp"
#include "gateway/units.hpp"

namespace b2m {

namespace asio = boost::asio;

/// The thread touches the executor only under the job's mutex and while somebody waits: who waits
/// keeps the loop alive.
struct SpiWorker::Job {
  Job(Executor e, Work w) : executor(std::move(e)), work(std::move(w)) {}

  bool is_wanted() {
    const std::lock_guard lock(mutex);
    return is_awaited;
  }

  Executor executor;
  Work work;
  std::mutex mutex;
  bool is_awaited = true;
  std::optional<Reply> reply;            // written before it is posted
  asio::steady_timer* waiter = nullptr;  // the loop's
};

SpiWorker::SpiWorker() : thread_([this] { serve(); }) {}

SpiWorker::~SpiWorker() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  arrived_.notify_one();
  thread_.join();
}

Awaitable<SpiWorker::Reply> SpiWorker::run(Executor executor, Work work) {
  struct Waiting {  // also when the coroutine is cancelled or thrown away
    explicit Waiting(std::shared_ptr<Job> j, asio::steady_timer& timer) : job(std::move(j)) {
      job->waiter = &timer;
    }
    ~Waiting() {
      const std::lock_guard lock(job->mutex);
      job->is_awaited = false;
      job->waiter = nullptr;
    }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    std::shared_ptr<Job> job;
  };
  asio::steady_timer done(executor, SteadyTime::max());
  const Waiting waiting(std::make_shared<Job>(executor, std::move(work)), done);
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(waiting.job);
  }
  arrived_.notify_one();
  co_await done.async_wait(nothrow);  // ends by a cancel: the worker's or the caller's
  const std::lock_guard lock(waiting.job->mutex);
  if (!waiting.job->reply) co_return Errc::cancelled;
  co_return std::move(*waiting.job->reply);
}

void SpiWorker::serve() {
  for (;;) {
    std::shared_ptr<Job> job;
    {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, [this] { return is_stopping_ || !jobs_.empty(); });
      if (is_stopping_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    if (!job->is_wanted()) continue;
    Reply reply = job->work();
    const std::lock_guard lock(job->mutex);
    if (!job->is_awaited) continue;
    job->reply = std::move(reply);
    asio::post(job->executor, [job] {
      if (job->waiter) job->waiter->cancel();
    });
  }
}

}  // namespace b2m
