// SPDX-License-Identifier: MIT
// Letters: what they look like on the line, which events become one, and how often they are tried.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/app/mail_queue.hpp"
#include "tests/support/virtual_clock.hpp"

namespace b2m::app {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(MailMessage, EncodesAsBase64) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("\xFF\xFE\xFD"), "//79");
}

TEST(MailMessage, ASubjectCannotBringHeadersOfItsOwn) {
  const std::string header = encoded_header("done\r\nBcc: everybody@example.org");

  EXPECT_THAT(header, Not(HasSubstr("\r\nBcc")));
  EXPECT_EQ(header, "done  Bcc: everybody@example.org");
}

TEST(MailMessage, LongSubjectsBecomeWordsOfAtMost75CharactersAndWholeLetters) {
  std::string subject;
  for (int i = 0; i < 40; ++i) subject += "ü";

  const std::string header = encoded_header(subject);

  for (std::size_t at = 0; at < header.size();) {
    const std::size_t end = std::min(header.find("\r\n", at), header.size());
    EXPECT_LE(end - at, 76U);
    at = end + 2;
  }
  EXPECT_TRUE(header.starts_with("=?UTF-8?B?" + base64(subject.substr(0, 42)) + "?="));
}

TEST(MailMessage, HasTheDateInEnglishAndLinesThatEndWithCrLf) {
  const Envelope envelope{"a@x.org", {"b@x.org"}, WallTime{1795267985s}, "1@x.org"};

  const std::string text = mail_text({"Done", "a\nb\n"}, envelope);

  EXPECT_THAT(text, HasSubstr("Date: Sat, 21 Nov 2026 13:33:05 +0000\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\n\r\n" + base64("a\r\nb\r\n") + "\r\n"));
}

Device plug() {
  Device d;
  d.kind = DeviceKind::plug;
  d.name = "Garage";
  return d;
}
Note note(const char* type, const char* message) { return {type, Severity::info, "", message}; }

TEST(MailLetters, ComeOnlyOfWhatTheConfigurationWants) {
  config::Mail mail;
  mail.daily = true;

  EXPECT_EQ(letter_for(mail, plug(), note("charge_session_finished", "1.2 kWh"))->subject,
            "Garage: charge finished");
  EXPECT_EQ(letter_for(mail, plug(), note("fault_raised", "hot"))->body, "hot\n");
  EXPECT_TRUE(letter_for(mail, plug(), note("charge_report", "daily: none")));
  EXPECT_FALSE(letter_for(mail, plug(), note("charge_report", "weekly: none")));
  EXPECT_FALSE(letter_for(mail, plug(), note("command_failed", "x")));
  Device pack;
  EXPECT_FALSE(letter_for(mail, pack, note("fault_raised", "of a pack"))) << "of chargers only";
  mail.on_finish = mail.on_fault = false;
  EXPECT_FALSE(letter_for(mail, plug(), note("charge_session_finished", "x")));
  EXPECT_FALSE(letter_for(mail, plug(), note("fault_raised", "x")));
}

struct MailQueueTest : ::testing::Test {
  test::VirtualClock clock;
  std::vector<std::string> tried;
  std::vector<Note> notes;
  Result<> outcome;
  MailQueue queue{clock.executor(), clock,
                  [this](Letter letter) -> Awaitable<Result<>> { return send(letter.subject); },
                  [this](const Note& n) { notes.push_back(n); }};

  Awaitable<Result<>> send(std::string subject) {
    tried.push_back(subject);
    const auto slept = co_await clock.sleep_for(1s);
    if (!slept) co_return Error(Errc::cancelled);
    co_return outcome;
  }
};

TEST_F(MailQueueTest, SendsOneAtATimeInOrder) {
  queue.add({"a", ""});
  queue.add({"b", ""});
  clock.advance(500ms);
  EXPECT_THAT(tried, ElementsAre("a"));

  clock.advance(5s);

  EXPECT_THAT(tried, ElementsAre("a", "b"));
}

TEST_F(MailQueueTest, TriesAgainThreeTimesWithGrowingPausesAndThenSaysSo) {
  outcome = Error(Errc::io_error, "the server does not answer");
  queue.add({"a", ""});
  clock.advance(35s);
  EXPECT_EQ(tried.size(), 2U);
  clock.advance(1h);

  EXPECT_EQ(tried.size(), 4U);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].type, "mail_failed");
  EXPECT_THAT(notes[0].message, HasSubstr("the server does not answer"));
}

TEST_F(MailQueueTest, KeepsTheNewestTwenty) {
  for (int i = 0; i < 30; ++i) queue.add({std::to_string(i), ""});
  clock.advance(10min);

  ASSERT_EQ(tried.size(), 20U);
  EXPECT_EQ(tried.back(), "29");
}

}  // namespace
}  // namespace b2m::app
