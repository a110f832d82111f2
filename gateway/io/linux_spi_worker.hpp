// SPDX-License-Identifier: MIT
// A thread that does blocking transfers, one after the other, for the loop.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "gateway/io/awaitable.hpp"

namespace b2m {

class SpiWorker {
 public:
  using Reply = Result<std::vector<std::uint8_t>>;
  using Work = std::function<Reply()>;

  SpiWorker();
  /// Waits for the transfer that runs; what waits behind it is dropped.
  ~SpiWorker();
  SpiWorker(const SpiWorker&) = delete;
  SpiWorker& operator=(const SpiWorker&) = delete;

  /// `work` runs on the thread and may outlive the caller; whoever waits is told on his executor.
  Awaitable<Reply> run(Executor executor, Work work);

 private:
  struct Job;
  void serve();

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::shared_ptr<Job>> jobs_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace b2m
