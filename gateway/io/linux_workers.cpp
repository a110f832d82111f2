// SPDX-License-Identifier: MIT
#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>

#include "gateway/io/workers.hpp"

namespace b2m {
namespace {

constexpr int kNice = 10;  // a tenth of the loop's share where both want to run

class LinuxWorkers final : public Workers {
 public:
  LinuxWorkers(Executor executor, std::size_t threads)
      : executor_(std::move(executor)), most_(std::max<std::size_t>(threads, 1)) {}

  ~LinuxWorkers() override {
    std::deque<Job> dropped;
    {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
      dropped.swap(waiting_);
    }
    dropped.clear();
    news_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  Result<> run(std::function<void()> work, std::function<void()> done) override {
    const std::lock_guard lock(mutex_);
    if (running_ + waiting_.size() >= threads_.size() && threads_.size() < most_)
      if (const auto started = start_thread(); !started && threads_.empty()) return started.error();
    waiting_.push_back({std::move(work), std::move(done)});
    news_.notify_one();
    return {};
  }

  [[nodiscard]] std::size_t threads() const override { return most_; }

  [[nodiscard]] std::size_t busy() const override {
    const std::lock_guard lock(mutex_);
    return running_ + waiting_.size();
  }

 private:
  struct Job {
    std::function<void()> work, done;
  };

  Result<> start_thread() {
    try {
      threads_.emplace_back([this] { serve(); });
      return {};
    } catch (const std::system_error& e) {
      return Error(Errc::io_error, fmt::format("no thread can be started: {}", e.what()));
    }
  }

  void serve() {
    step_back();
    for (;;) {
      Job job;
      {
        std::unique_lock lock(mutex_);
        news_.wait(lock, [this] { return is_stopping_ || !waiting_.empty(); });
        if (is_stopping_) return;
        job = std::move(waiting_.front());
        waiting_.pop_front();
        ++running_;
      }
      job.work();
      job.work = nullptr;  // what it holds is gone before anybody hears that it is done
      {
        const std::lock_guard lock(mutex_);
        --running_;
      }
      tell(std::move(job.done));
    }
  }

  /// The destructor runs on the loop, too: once it has begun, nothing posted is called any more.
  void tell(std::function<void()> done) {
    boost::asio::post(executor_, [done = std::move(done), alive = std::weak_ptr<bool>(alive_)] {
      if (!alive.expired()) done();
    });
  }

  Executor executor_;
  std::size_t most_;
  mutable std::mutex mutex_;
  std::condition_variable news_;
  std::deque<Job> waiting_;
  std::size_t running_ = 0;
  bool is_stopping_ = false;
  std::vector<std::thread> threads_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

/// For Linux a thread is what a process is elsewhere. A batch thread never interrupts another one
/// by waking up.
void step_back() {
  const sched_param none{};
  (void)sched_setscheduler(0, SCHED_BATCH, &none);
  (void)setpriority(PRIO_PROCESS, 0, kNice);
}

std::unique_ptr<Workers> Workers::make(Executor executor, std::size_t threads) {
  return std::make_unique<LinuxWorkers>(std::move(executor), threads);
}

}  // namespace b2m
