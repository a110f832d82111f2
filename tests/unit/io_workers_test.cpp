// SPDX-License-Identifier: MIT
#include <atomic>
#include <functional>
#include <latch>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "gateway/io/workers.hpp"
#include "tests/support/virtual_clock.hpp"

namespace b2m::test {
namespace {

void run(Workers& workers, std::function<void()> work, std::function<void()> done) {
  ASSERT_TRUE(workers.run(std::move(work), std::move(done)));
}

TEST(Workers, DoTheWorkElsewhereAndTellOnTheLoop) {
  VirtualClock clock;
  const auto workers = Workers::make(clock.executor(), 2);
  std::thread::id worked, told;

  run(
      *workers, [&] { worked = std::this_thread::get_id(); },
      [&] { told = std::this_thread::get_id(); });

  EXPECT_TRUE(clock.run_until([&] { return told != std::thread::id(); }));
  EXPECT_NE(worked, std::this_thread::get_id());
  EXPECT_EQ(told, std::this_thread::get_id());
  EXPECT_EQ(workers->busy(), 0U);
}

TEST(Workers, RunAsManyAtOnceAsThereAreThreadsAndNoMore) {
  VirtualClock clock;
  const auto workers = Workers::make(clock.executor(), 2);
  std::latch both(2);
  std::mutex mutex;
  std::set<std::thread::id> threads;
  int done = 0;

  for (int i = 0; i < 8; ++i)
    run(
        *workers,
        [&, i] {
          if (i < 2) both.arrive_and_wait();  // never ends with one thread
          const std::lock_guard lock(mutex);
          threads.insert(std::this_thread::get_id());
        },
        [&] { ++done; });

  EXPECT_TRUE(clock.run_until([&] { return done == 8; }));
  EXPECT_EQ(threads.size(), 2U);
}

TEST(Workers, StepBackBehindTheLoop) {
  VirtualClock clock;
  const auto workers = Workers::make(clock.executor(), 1);
  int nice = 0;
  bool is_done = false;

  run(
      *workers, [&] { nice = getpriority(PRIO_PROCESS, 0); }, [&] { is_done = true; });

  EXPECT_TRUE(clock.run_until([&] { return is_done; }));
  EXPECT_GE(nice, 10);
  EXPECT_LT(getpriority(PRIO_PROCESS, 0), nice);
}

TEST(Workers, AtTheirEndWaitForWhatRunsAndDropWhatWaits) {
  VirtualClock clock;
  auto workers = Workers::make(clock.executor(), 1);
  std::latch started(1);
  std::atomic<bool> is_finished = false, has_run = false;
  bool was_told = false;
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = held;
  run(
      *workers,
      [&] {
        started.count_down();
        while (!watched.expired()) std::this_thread::yield();  // until what waits is dropped
        is_finished = true;
      },
      [&] { was_told = true; });
  run(
      *workers, [&, kept = std::move(held)] { has_run = *kept == 1; }, [&] { was_told = true; });
  started.wait();

  workers.reset();
  const bool was_finished = is_finished;
  clock.settle();

  EXPECT_TRUE(was_finished);
  EXPECT_FALSE(was_told);
  EXPECT_FALSE(has_run);
}

}  // namespace
}  // namespace b2m::test
