// SPDX-License-Identifier: MIT
#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.hpp"
#include "tests/support/config_file.hpp"

namespace b2m::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;
namespace fs = std::filesystem;

class ConfigSecret : public ::testing::Test {
 protected:
  Loaded load_mqtt(const std::string& lines) {
    return load(folder_.write("b.toml", "[mqtt]\nusername = \"u\"\n" + lines), {});
  }
  testing::ConfigFolder folder_;
};

TEST_F(ConfigSecret, ComesFromAFileBesideTheConfigurationWithoutItsNewline) {
  fs::permissions(folder_.write("pw", "hunter2\n"), fs::perms::owner_read);

  const Loaded loaded = load_mqtt("password = { file = \"pw\" }\n");

  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(loaded.config->mqtt.password.reveal(), "hunter2");
  EXPECT_THAT(loaded.mistakes, SizeIs(0));
}

TEST_F(ConfigSecret, WarnsOfAFileThatEverybodyCanRead) {
  fs::permissions(folder_.write("pw", "hunter2\n"), fs::perms(0644));

  const Loaded loaded = load_mqtt("password = { file = \"pw\" }\n");

  ASSERT_TRUE(loaded.config);
  ASSERT_THAT(loaded.mistakes, SizeIs(1));
  EXPECT_EQ(loaded.mistakes[0].level, Level::warning);
  EXPECT_THAT(loaded.mistakes[0].text(), HasSubstr("b.toml:3:21: warning: everybody"));
}

TEST_F(ConfigSecret, AMissingFileOrVariableIsNamed) {
  unsetenv("B2M_NO_SUCH_VARIABLE");

  const Loaded no_file = load_mqtt("password = { file = \"nowhere\" }\n");
  const Loaded no_variable = load_mqtt("password = { env = \"B2M_NO_SUCH_VARIABLE\" }\n");

  EXPECT_FALSE(no_file.config);
  EXPECT_THAT(list(no_file.mistakes), HasSubstr("nowhere: No such file"));
  EXPECT_FALSE(no_variable.config);
  EXPECT_THAT(list(no_variable.mistakes), HasSubstr("variable B2M_NO_SUCH_VARIABLE of password"));
}

TEST_F(ConfigSecret, ComesFromTheEnvironment) {
  setenv("B2M_TEST_PASSWORD", "hunter2", 1);

  const Loaded loaded = load_mqtt("password = { env = \"B2M_TEST_PASSWORD\" }\n");

  unsetenv("B2M_TEST_PASSWORD");
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(loaded.config->mqtt.password.reveal(), "hunter2");
}

class NeverShown : public ConfigSecret, public ::testing::WithParamInterface<const char*> {};

TEST_P(NeverShown, InNoMessageAndNoExcerpt) {
  const Loaded loaded = load_mqtt(GetParam());

  EXPECT_FALSE(loaded.config);
  ASSERT_FALSE(loaded.mistakes.empty());
  for (const Mistake& mistake : loaded.mistakes) {
    EXPECT_THAT(mistake.text(), Not(HasSubstr("hunter2")));
    EXPECT_THAT(mistake.excerpt, Not(HasSubstr("hunter2")));
  }
}

constexpr const char* kSlips[] = {
    "password = hunter2\n",
    "password = \"hunter2\n",
    "pasword = \"hunter2\"\n",
    "passwd = \"hunter2\"\n",
    "Password = \"hunter2\"\n",
    "password = [\"hunter2\"]\n",
    "password = { text = \"hunter2\" }\n",
    "password = \"hunter2\"\npassword = \"hunter2\"\n",
    "url = \"mqtt://me:hunter2@host\"\n",
    "url = \"mqtt:/me:hunter2@host\"\n",
    "url = mqtt://me:hunter2@host\n",
    "password = \"\"\"hunter2\nhunter2\"\"\" x\n",
};
INSTANTIATE_TEST_SUITE_P(Slips, NeverShown, ::testing::ValuesIn(kSlips));

}  // namespace
}  // namespace b2m::config
