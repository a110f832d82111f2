// SPDX-License-Identifier: MIT
// bridge/request/rescan: who is asked, and what is answered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/app/rescan.hpp"
#include "tests/support/virtual_clock.hpp"

namespace b2m::app {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Finds what it is told to find, after a while.
class Enumerator final : public Adapter {
 public:
  Enumerator(Clock& clock, std::optional<Result<std::string>> found)
      : clock_(clock), found_(std::move(found)) {}
  [[nodiscard]] std::vector<Offer> offers() const override { return {}; }
  void bind(const Site& site, AdapterIndex self) override { (void)site, (void)self; }
  Awaitable<Result<>> run(Inbox& inbox) override {
    (void)inbox;
    co_return co_await clock_.sleep_for(1h);
  }
  Awaitable<Result<std::string>> rescan() override {
    if (!found_) co_return Error(Errc::not_supported, "has nothing to enumerate");
    const auto slept = co_await clock_.sleep_for(2s);
    if (!slept) co_return slept.error();
    co_return *found_;
  }

 private:
  Clock& clock_;
  std::optional<Result<std::string>> found_;
};

class Rescan : public testing::Test {
 protected:
  Rescan() : supervisor(clock.executor(), clock, {[](const Report&) {}, [](AdapterIndex) {}}) {}
  void add(const char* id, std::optional<Result<std::string>> found) {
    supervisor.add(id, std::make_unique<Enumerator>(clock, std::move(found)));
  }
  /// What is answered in the end.
  Answer ask(const std::string& payload) {
    const Answer first = rescan(supervisor, payload);
    if (!first.later) return first;
    std::optional<Answer> late;
    first.later([&](const Answer& answer) { late = answer; });
    clock.settle();
    clock.advance(3s);
    EXPECT_TRUE(late);
    return late.value_or(Answer{});
  }
  test::VirtualClock clock;
  Supervisor supervisor;
};

TEST_F(Rescan, AsksEveryAdapterThatHasSomethingToEnumerate) {
  add("bench", std::nullopt);
  add("ring1", Result<std::string>("16 modules"));
  add("nodes", Result<std::string>("4 nodes"));
  const Answer answer = ask("{}");
  EXPECT_EQ(answer.error, "");
  EXPECT_EQ(answer.data, R"({"ring1":"16 modules","nodes":"4 nodes"})");
  EXPECT_EQ(ask("").data, answer.data);
}

TEST_F(Rescan, AsksOneByName) {
  add("ring1", Result<std::string>("16 modules"));
  add("ring2", Result<std::string>("8 modules"));
  EXPECT_EQ(ask(R"({"adapter":"ring2"})").data, R"({"ring2":"8 modules"})");
}

TEST_F(Rescan, SaysWhichOneHasFailedAndWhatTheOthersFound) {
  add("ring1", Result<std::string>(Error(Errc::disconnected, "the port is gone")));
  add("ring2", Result<std::string>("8 modules"));
  const Answer answer = ask("{}");
  EXPECT_THAT(answer.error, HasSubstr("ring1: "));
  EXPECT_THAT(answer.error, HasSubstr("the port is gone"));
  EXPECT_EQ(answer.data, R"({"ring2":"8 modules"})");
}

TEST_F(Rescan, NobodyToAskIsAnError) {
  add("bench", std::nullopt);
  EXPECT_THAT(ask("{}").error, HasSubstr("none of the adapters"));
  EXPECT_THAT(ask(R"({"adapter":"bench"})").error, HasSubstr("has nothing to enumerate"));
  EXPECT_THAT(ask(R"({"adapter":"other"})").error, HasSubstr("there is no adapter \"other\""));
  EXPECT_THAT(ask("[1]").error, HasSubstr("expected"));
  EXPECT_THAT(ask(R"({"adapter":1})").error, HasSubstr("expected"));
}

}  // namespace
}  // namespace b2m::app
