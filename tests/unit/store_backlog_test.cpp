// SPDX-License-Identifier: MIT
// Samples kept while the broker is away: bounds, order, batches, and nothing lost by a full disk.
#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gateway/store/backlog.hpp"
#include "tests/support/broker.hpp"

namespace b2m::store {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;

constexpr WallTime kNoon{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + 12h};

class StoreBacklog : public testing::Test {
 protected:
  StoreBacklog() {
    auto opened = Database::open(path);
    if (!opened) throw std::runtime_error(opened.error().text());
    database = std::move(*opened);
  }
  /// `device:value` of a batch.
  static std::string flat(const std::vector<std::pair<std::string, std::string>>& batch) {
    std::string all;
    for (const auto& [device, text] : batch) {
      const Json json = Json::parse(text);
      for (const Json& sample : json.at("samples"))
        all += (all.empty() ? "" : " ") + device + ":" + sample.at("value").dump();
    }
    return all;
  }

  test::ScratchFolder folder;
  std::string path = folder / "b2m.db";
  std::unique_ptr<Database> database;
};

TEST_F(StoreBacklog, ReadsBackByDeviceOldestFirst) {
  Backlog backlog(*database);
  backlog.add("pack1", "voltage", "12.75", kNoon);
  backlog.add("pack2", "voltage", "12.50", kNoon + 1s);
  backlog.add("pack1", "voltage", "12.76", kNoon + 1500ms);

  const auto batch = backlog.next_batch(100);

  ASSERT_EQ(batch.size(), 2U);
  EXPECT_EQ(flat(batch), "pack1:12.75 pack1:12.76 pack2:12.5");
  const Json second = Json::parse(batch[0].second).at("samples").at(1);
  EXPECT_EQ(second.at("time"), "2026-03-01T12:00:01.500+00:00");
  EXPECT_EQ(second.at("key"), "voltage");
}

TEST_F(StoreBacklog, GivesTheSameBatchUntilItIsAcknowledged) {
  Backlog backlog(*database);
  for (const char* v : {"1", "2", "3"}) backlog.add("p", "k", v, kNoon);

  EXPECT_EQ(flat(backlog.next_batch(2)), "p:1 p:2");
  EXPECT_EQ(flat(backlog.next_batch(2)), "p:1 p:2");
  backlog.acknowledge();
  EXPECT_EQ(flat(backlog.next_batch(2)), "p:3");
  backlog.acknowledge();
  EXPECT_TRUE(backlog.next_batch(2).empty());
  EXPECT_EQ(backlog.size(), 0U);
}

TEST_F(StoreBacklog, WritesTextUnknownAndOddValuesAsSoundJson) {
  Backlog backlog(*database);
  for (const char* v : {"None", "a\"b\\c", "1.2.3", "-", "007", "caf\xE9", "-0.50"})
    backlog.add("p", "k", v, kNoon);

  EXPECT_EQ(flat(backlog.next_batch(100)),
            "p:null p:\"a\\\"b\\\\c\" p:\"1.2.3\" p:\"-\" p:\"007\" p:\"caf\uFFFD\" p:-0.5");
}

TEST_F(StoreBacklog, WritesAtMostOnceAMinute) {
  Backlog backlog(*database);
  const SteadyTime start{1h};
  backlog.tick(start);
  const auto written = [&] { return std::filesystem::file_size(path + "-wal"); };
  const auto before = written();

  backlog.add("p", "k", "1", kNoon);
  backlog.tick(start + 59s);
  EXPECT_EQ(written(), before);
  backlog.tick(start + 60s);
  EXPECT_GT(written(), before);
}

TEST_F(StoreBacklog, WritesAtOnceWhenMemoryIsFull) {
  Backlog backlog(*database, {.in_memory = 3});
  for (const char* v : {"1", "2", "3"}) backlog.add("p", "k", v, kNoon);

  EXPECT_EQ(Backlog(*database).size(), 3U);
}

TEST_F(StoreBacklog, IsThereAfterARestart) {
  {
    Backlog backlog(*database);
    backlog.add("p", "k", "1", kNoon);
    backlog.save();
  }
  database.reset();
  auto opened = Database::open(path);
  ASSERT_TRUE(opened);
  database = std::move(*opened);
  Backlog backlog(*database);

  EXPECT_EQ(backlog.size(), 1U);
  EXPECT_EQ(flat(backlog.next_batch(10)), "p:1");
}

TEST_F(StoreBacklog, DropsWhatIsOlderThanADayAndCountsIt) {
  Backlog backlog(*database);
  backlog.add("p", "k", "1", kNoon);
  backlog.add("p", "k", "2", kNoon + 1h);
  backlog.add("p", "k", "3", kNoon + 24h + 30min);

  EXPECT_EQ(flat(backlog.next_batch(10)), "p:2 p:3");
  EXPECT_EQ(backlog.dropped(), 1U);
}

TEST_F(StoreBacklog, DropsTheOldestBeyondItsBytesAndCountsThem) {
  Backlog backlog(*database, {.bytes = 10000, .in_memory = 10});
  for (int i = 0; i < 1000; ++i) backlog.add("p", "k", std::to_string(i), kNoon);
  backlog.save();

  EXPECT_EQ(backlog.size() + backlog.dropped(), 1000U);
  EXPECT_LE(Json::parse(backlog.stats_json()).at("bytes"), 10000);
  EXPECT_GT(backlog.size(), 200U);
  const std::string all = flat(backlog.next_batch(1000));
  EXPECT_TRUE(all.ends_with("p:999"));
}

TEST_F(StoreBacklog, CountsRightWhenABatchUnderWayIsCut) {
  Backlog backlog(*database, {.bytes = 1000, .in_memory = 1});
  for (int i = 0; i < 20; ++i) backlog.add("p", "k", "0", kNoon);
  (void)backlog.next_batch(10);  // only begun here
  for (int i = 0; i < 20; ++i) backlog.add("p", "k", "1", kNoon);
  backlog.acknowledge();

  EXPECT_EQ(backlog.size(), Backlog(*database).size());
  EXPECT_GT(backlog.size(), 0U);
}

TEST_F(StoreBacklog, LosesNothingInMemoryToAFullDiskAndRecovers) {
  Backlog backlog(*database, {.in_memory = 1000});
  ASSERT_TRUE(database->execute("PRAGMA max_page_count=1"));
  for (int i = 0; i < 900; ++i) backlog.add("p", "k", std::string(200, 'x'), kNoon);
  backlog.save();
  EXPECT_EQ(backlog.size(), 900U);
  EXPECT_EQ(backlog.dropped(), 0U);

  ASSERT_TRUE(database->execute("PRAGMA max_page_count=100000"));
  backlog.save();

  EXPECT_EQ(backlog.size(), 900U);
  EXPECT_EQ(Backlog(*database).size(), 900U);
}

TEST_F(StoreBacklog, KeepsTheNewestInMemoryWhileTheDiskIsFull) {
  Backlog backlog(*database, {.in_memory = 100});
  ASSERT_TRUE(database->execute("PRAGMA max_page_count=1"));
  for (int i = 0; i < 1000; ++i)
    backlog.add("p", "k", std::to_string(i) + std::string(1000, 'x'), kNoon);

  EXPECT_LE(backlog.size(), 100U);
  EXPECT_EQ(backlog.size() + backlog.dropped(), 1000U);
}

}  // namespace
}  // namespace b2m::store
