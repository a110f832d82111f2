// SPDX-License-Identifier: MIT
// What is kept over a restart, and what happens to a damaged, foreign, read-only or full file.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "gateway/store/database.hpp"
#include "tests/support/broker.hpp"

namespace b2m::store {
namespace {

namespace fs = std::filesystem;

class StoreDatabase : public testing::Test {
 protected:
  std::unique_ptr<Database> open() {
    auto opened = Database::open(path);
    EXPECT_TRUE(opened) << opened.error().text();
    return opened ? std::move(*opened) : nullptr;
  }
  [[nodiscard]] std::vector<std::string> set_aside() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(fs::path(path).parent_path()))
      if (entry.path().filename().string().find(".damaged-") != std::string::npos)
        names.push_back(entry.path().string());
    return names;
  }

  test::ScratchFolder folder;
  std::string path = folder / "b2m.db";
};

TEST_F(StoreDatabase, KeepsSettingsAndAnnouncementsOverARestart) {
  {
    auto db = open();
    ASSERT_TRUE(db->set_setting("log_level", "debug"));
    ASSERT_TRUE(db->set_setting("log_level", "info"));
    ASSERT_TRUE(db->save_announcements({{"a/config", "{}"}, {"b/config", "{\"x\":1}"}}));
    ASSERT_TRUE(db->save_announcements({{"b/config", "{\"x\":2}"}, {"c/config", ""}}));
  }
  auto db = open();

  EXPECT_EQ(db->setting("log_level"), "info");
  EXPECT_EQ(db->setting("other"), std::nullopt);
  const std::map<std::string, std::string> wanted{{"b/config", "{\"x\":2}"}, {"c/config", ""}};
  EXPECT_EQ(db->load_announcements(), wanted);
}

TEST_F(StoreDatabase, WritesNothingWhenNothingHasChanged) {
  auto db = open();
  const std::map<std::string, std::string> announced{{"a/config", "{}"}};
  ASSERT_TRUE(db->save_announcements(announced));
  ASSERT_TRUE(db->set_setting("key", "value"));
  const auto size = fs::file_size(path + "-wal");

  ASSERT_TRUE(db->save_announcements(announced));
  ASSERT_TRUE(db->set_setting("key", "value"));

  EXPECT_EQ(fs::file_size(path + "-wal"), size);
}

TEST_F(StoreDatabase, SetsAFileAsideThatIsNoDatabase) {
  std::ofstream(path) << std::string(10000, 'x');

  auto db = open();

  ASSERT_EQ(set_aside().size(), 1U);
  EXPECT_EQ(fs::file_size(set_aside()[0]), 10000U);
  EXPECT_TRUE(db->set_setting("key", "value"));
}

TEST_F(StoreDatabase, NoticesDamageInTheMiddle) {
  {
    auto db = open();
    std::map<std::string, std::string> many;
    for (int i = 0; i < 500; ++i) many[std::to_string(i)] = std::string(200, 'p');
    ASSERT_TRUE(db->save_announcements(many));
  }
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    for (int i = 0; i < 4 * 4096; ++i) file.put('\xA5');
  }
  auto db = open();

  EXPECT_EQ(set_aside().size(), 1U);
  EXPECT_TRUE(db->load_announcements().empty());
}

TEST_F(StoreDatabase, LeavesAFileOfANewerVersionAlone) {
  ASSERT_TRUE(open()->execute("PRAGMA user_version=99"));

  const auto opened = Database::open(path);

  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().text().find("newer version"), std::string::npos);
  EXPECT_TRUE(set_aside().empty());
}

TEST_F(StoreDatabase, BringsAnOlderFileUpToDate) {
  {
    auto db = open();
    ASSERT_TRUE(db->save_announcements({{"a", "1"}}));
    ASSERT_TRUE(
        db->execute("DROP TABLE setting; DROP TABLE charge_session; "
                    "DROP TABLE charge_curve; PRAGMA user_version=1"));
  }
  auto db = open();

  EXPECT_TRUE(db->set_setting("key", "value"));
  EXPECT_EQ(db->load_announcements().size(), 1U);
}

TEST_F(StoreDatabase, SaysWhichFileCannotBeOpened) {
  const auto opened = Database::open(folder / "missing/b2m.db");

  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().text().find("missing/b2m.db"), std::string::npos);
}

TEST_F(StoreDatabase, KeepsTheFormerStateWhenTheDiskIsFull) {
  auto db = open();
  ASSERT_TRUE(db->save_announcements({{"a", "1"}}));
  ASSERT_TRUE(db->execute("PRAGMA max_page_count=1"));  // SQLite takes the present size instead

  const auto saved = db->save_announcements({{"b", std::string(1000000, 'b')}});

  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code, Errc::buffer_full);
  const std::map<std::string, std::string> former{{"a", "1"}};
  EXPECT_EQ(db->load_announcements(), former);
}

TEST_F(StoreDatabase, SurvivesBeingTornOff) {
  auto db = open();
  ASSERT_TRUE(db->set_setting("key", "value"));
  const std::string copy = folder / "copy.db";  // as found after a power cut
  fs::copy_file(path, copy);
  fs::copy_file(path + "-wal", copy + "-wal");
  fs::resize_file(copy + "-wal", fs::file_size(copy + "-wal") - 100);

  const auto torn = Database::open(copy);

  ASSERT_TRUE(torn) << torn.error().text();
  EXPECT_TRUE((*torn)->set_setting("key", "other"));
}

}  // namespace
}  // namespace b2m::store
