// SPDX-License-Identifier: MIT
// The thread that keeps jobs: nobody waits for ever, a full disk is said, nothing piles up.
#include <chrono>
#include <functional>
#include <new>
#include <optional>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "gateway/app/simulation/archive.hpp"
#include "tests/support/broker.hpp"
#include "tests/support/virtual_clock.hpp"

namespace b2m::test {
namespace {

store::StoredJob job(const std::string& id, std::size_t request_bytes = 10) {
  store::StoredJob stored;
  stored.id = id;
  stored.state = "queued";
  stored.request = std::string(request_bytes, 'x');
  return stored;
}

app::TablePtr table(std::size_t numbers) {
  sim::SimulationTable made;
  made.columns = {"time_s"};
  made.values.assign(numbers, 1.5);
  return std::make_shared<const sim::SimulationTable>(std::move(made));
}

class SimulationArchive : public ::testing::Test {
 protected:
  SimulationArchive() { build(); }
  void build() {
    archive.reset();
    store.reset();
    database = *store::Simulations::open(folder / "jobs.db");
    store = std::make_unique<store::Simulations>(*database);
    app::ArchiveLimits limits;
    limits.table_bytes = 1000;
    limits.retry = std::chrono::milliseconds(1);
    archive = std::make_unique<app::Archive>(clock.executor(), store.get(), limits);
  }
  /// Until it is told; the answer.
  Result<> written() {
    std::optional<Result<>> told;
    archive->when_written([&](const Result<>& result) { told = result; });
    EXPECT_TRUE(clock.run_until([&] { return told.has_value(); }));
    return told.value_or(Error(Errc::timeout));
  }
  /// As a full disk does, or whatever else holds the file.
  void block() { ASSERT_TRUE(database->execute("BEGIN IMMEDIATE")); }
  void unblock() { ASSERT_TRUE(database->execute("COMMIT")); }

  VirtualClock clock;
  ScratchFolder folder;
  std::unique_ptr<store::Database> database;
  std::unique_ptr<store::Simulations> store;
  std::unique_ptr<app::Archive> archive;
};

TEST_F(SimulationArchive, TellsEverybodyWhoAsksWhileItWrites) {
  int asked = 0, told = 0;
  archive->save(job("first"));
  ASSERT_TRUE(written());  // the thread is awake
  block();                 // the write takes as long as this test wants
  archive->save(job("a"));

  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  clock.run_until([&] {
    if (asked < 100) {
      ++asked;
      archive->when_written([&](const Result<>&) { ++told; });
    }
    return std::chrono::steady_clock::now() > end;
  });
  archive->when_written([&](const Result<>&) { ++told; });
  ++asked;
  unblock();

  EXPECT_TRUE(clock.run_until([&] { return told == asked; })) << told;
}

TEST_F(SimulationArchive, SaysThatTheDiskHasNotTakenAJob) {
  block();
  archive->save(job("a"));

  EXPECT_FALSE(written());

  unblock();
  EXPECT_TRUE(clock.run_until([&] { return bool(written()); }));
  EXPECT_EQ(store->load_all()->size(), 1U);
}

TEST_F(SimulationArchive, WhatIsRemovedBeforeItIsWrittenLeavesNothingToDo) {
  block();
  archive->save(job("a"));
  ASSERT_FALSE(written());

  archive->remove("a");

  EXPECT_TRUE(clock.run_until([&] { return bool(written()); }));  // although nothing can be written
  unblock();
}

TEST_F(SimulationArchive, WhatIsOnTheDiskIsRemovedOnceItCanBe) {
  archive->save(job("a"), table(10));
  ASSERT_TRUE(written());
  block();
  archive->remove("a");
  ASSERT_FALSE(written());

  unblock();

  EXPECT_TRUE(clock.run_until([&] { return bool(written()); }));
  EXPECT_TRUE(store->load_all()->empty());
  EXPECT_FALSE(store->table("a"));
}

TEST_F(SimulationArchive, ResultsInMemoryStayBoundedWhileTheDiskIsFull) {
  block();
  archive->save(job("first"));
  ASSERT_FALSE(written());

  for (int i = 0; i < 20; ++i) archive->save(job("a" + std::to_string(i)), table(100));

  EXPECT_FALSE(archive->is_full());  // jobs go on
  bool is_oldest_there = true, is_newest_there = false, is_told = false;
  archive->run(
      [&] {
        is_oldest_there = bool(archive->table("a0"));
        is_newest_there = bool(archive->table("a19"));
      },
      [&](const Result<>&) { is_told = true; });
  EXPECT_TRUE(clock.run_until([&] { return is_told; }));
  EXPECT_FALSE(is_oldest_there);
  EXPECT_TRUE(is_newest_there);
  unblock();
}

TEST_F(SimulationArchive, WritesBetweenRequestsThatNeverEnd) {
  std::function<void()> again = [&] { archive->run([] {}, [&](const Result<>&) { again(); }); };
  for (int i = 0; i < 50; ++i) again();
  archive->save(job("a"));

  EXPECT_TRUE(written());
  archive.reset();  // before `again`
}

TEST_F(SimulationArchive, WorkThatThrowsIsReportedAndDoesNotEndTheProgram) {
  std::optional<Result<>> told;

  archive->run([] { throw std::bad_alloc(); }, [&](const Result<>& result) { told = result; });

  ASSERT_TRUE(clock.run_until([&] { return told.has_value(); }));
  EXPECT_FALSE(*told);
  archive->save(job("a"));
  EXPECT_TRUE(written());
}

TEST_F(SimulationArchive, WhatWorkHoldsIsGoneBeforeAnybodyHears) {
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = held;
  bool is_told = false, was_gone = false;

  archive->run([kept = std::move(held)] { (void)*kept; },
               [&](const Result<>&) {
                 was_gone = watched.expired();
                 is_told = true;
               });

  ASSERT_TRUE(clock.run_until([&] { return is_told; }));
  EXPECT_TRUE(was_gone);
}

TEST_F(SimulationArchive, StepsBackBehindTheLoop) {
  int nice = 0;
  bool is_told = false;

  archive->run([&] { nice = getpriority(PRIO_PROCESS, 0); },
               [&](const Result<>&) { is_told = true; });

  ASSERT_TRUE(clock.run_until([&] { return is_told; }));
  EXPECT_GE(nice, 10);
}

TEST_F(SimulationArchive, AtItsEndWritesWhatIsLeftInTheOrderOfChanges) {
  archive->save(job("a"));
  archive->remove("a");
  archive->save(job("a", 20));
  archive->save(job("b"));
  archive->remove("b");

  archive.reset();

  const auto all = store->load_all();
  ASSERT_EQ(all->size(), 1U);
  EXPECT_EQ(all->front().request.size(), 20U);
}

TEST_F(SimulationArchive, TheRequestGoesFromTheDiskWhenTheJobIsOver) {
  archive->save(job("a", 100));
  ASSERT_TRUE(written());
  EXPECT_EQ(store->load_all()->front().request.size(), 100U);
  archive->save(job("a", 0));
  ASSERT_TRUE(written());
  EXPECT_EQ(store->load_all()->front().request, "");
}

}  // namespace
}  // namespace b2m::test
