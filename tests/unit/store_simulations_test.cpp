// SPDX-License-Identifier: MIT
// The file of the simulation jobs is damaged, restarted and written again.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "gateway/store/simulations.hpp"
#include "tests/support/broker.hpp"

namespace b2m::store {
namespace {

namespace fs = std::filesystem;

StoredJob job(const std::string& id, std::string request) {
  StoredJob made;
  made.id = id;
  made.state = "queued";
  made.request = std::move(request);
  made.result_bytes = 17;
  return made;
}

TEST(StoreSimulations, KeepsARequestUntilTheJobIsOver) {
  const test::ScratchFolder folder;
  {
    const auto database = *Simulations::open(folder / "s.db");
    Simulations store(*database);
    ASSERT_TRUE(store.save(job("a", "request")));
    StoredJob changed = job("a", "request");
    changed.state = "running";
    ASSERT_TRUE(store.save(changed));
    ASSERT_TRUE(store.save(job("b", "request")));
    ASSERT_TRUE(store.save(job("b", "")));
  }
  const auto database = *Simulations::open(folder / "s.db");
  const auto all = Simulations(*database).load_all();

  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ(all->front().state, "running");
  EXPECT_EQ(all->front().request, "request");
  EXPECT_EQ(all->front().result_bytes, 17);
  EXPECT_EQ(all->back().request, "");
}

TEST(StoreSimulations, ADamagedFileIsSetAsideAlone) {
  const test::ScratchFolder folder;
  ASSERT_TRUE((*Database::open(folder / "main.db"))->set_setting("key", "value"));
  {
    const auto database = *Simulations::open(folder / "s.db");
    ASSERT_TRUE(database->transaction([&]() -> Result<> {
      for (int i = 0; i < 300; ++i)
        if (const auto done = Simulations(*database).save(job("a" + std::to_string(i), "x")); !done)
          return done.error();
      return {};
    }));
  }
  {
    std::fstream file(folder / "s.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    for (int i = 0; i < 8 * 4096; ++i) file.put('\xA5');
  }

  const auto opened = Simulations::open(folder / "s.db");

  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_TRUE(Simulations(**opened).load_all()->empty());
  EXPECT_TRUE(Simulations(**opened).save(job("a", "x")));
  EXPECT_EQ((*Database::open(folder / "main.db"))->setting("key"), "value");
}

}  // namespace
}  // namespace b2m::store
