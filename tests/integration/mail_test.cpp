// SPDX-License-Identifier: MIT
// `battery2mqtt mail` and the child process that sends, against a real mail server on loopback.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gateway/app/mail_child.hpp"
#include "tests/support/broker.hpp"
#include "tests/support/config_file.hpp"
#include "tests/support/gateway_process.hpp"
#include "tests/support/other_peers.hpp"

namespace b2m {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kPython = "/usr/bin/python3";  // Debian's own, which has Debian's aiosmtpd

class Mail : public ::testing::Test {
 protected:
  void SetUp() override {
    if (test::run_other({kPython, "-c", "import aiosmtpd"}).status != 0)
      return test::peer_is_missing("python3-aiosmtpd is not installed (./run.sh test does it)");
  }

  void start(const std::string& certificate = "server", const std::string& option = "--tls") {
    server_.reset(new test::GatewayProcess(
        test::GatewayProcess::other({kPython, B2M_SOURCE_DIR "/tests/support/smtp_server.py",
                                     certificates_.file(certificate + ".crt"),
                                     certificates_.file(certificate + ".key"), option})));
    ASSERT_TRUE(test::eventually([&] { return server_->output().ends_with('\n'); }))
        << server_->log();
  }
  std::string config(const std::string& password = "secret", const std::string& more = {}) {
    folder_.write("password", password + "\n");
    return folder_.write(
        "b.toml",
        fmt::format(
            "[mail]\nhost = \"localhost\"\nport = {}\nca_file = \"{}\"\nusername = \"b2m\"\n"
            "password = {{ file = \"password\" }}\nfrom = \"gateway@example.org\"\n"
            "to = [\"me@example.org\", \"you@example.org\"]\n{}",
            std::stoi(server_->output()), certificates_.ca(), more));
  }
  test::Ran send_test() { return test::run_program({"mail", "-c", file_, "--test"}); }
  /// Of the first mail.
  json arrived() {
    const std::string all = server_->output();
    const std::size_t line = all.find('\n') + 1;
    return all.size() > line ? json::parse(all.substr(line, all.find('\n', line) - line)) : json();
  }

  test::Certificates certificates_;
  testing::ConfigFolder folder_;
  std::unique_ptr<test::GatewayProcess> server_;
  std::string file_;
};

TEST_F(Mail, ArrivesEncryptedWithTheRightHeaders) {
  start();
  app::MailChild child;
  child.program = B2M_PROGRAM;
  child.config_file = config();
  boost::asio::io_context io(1);
  const auto clock = make_clock(io.get_executor());
  Result<> sent = Errc::cancelled;
  app::Letter letter{"Garage: Ladung beendet – 1,2 kWh für Rad №1", "52.1 V, fertig für heute.\n"};

  boost::asio::co_spawn(io, app::send_by_child(*clock, child, letter),
                        [&](const std::exception_ptr&, Result<> result) { sent = result; });
  io.run();

  ASSERT_TRUE(sent) << sent.error().text();
  const json mail = arrived();
  EXPECT_EQ(mail["from"], "gateway@example.org");
  EXPECT_THAT(mail["to"], ElementsAre("me@example.org", "you@example.org"));
  EXPECT_EQ(mail["tls"], true);
  EXPECT_EQ(mail["login"], true);
  folder_.write("mail.eml", mail["text"]);
  const test::Ran read = test::run_other(
      {kPython, "-c",
       "import email, email.policy, sys\n"
       "m = email.message_from_file(open(sys.argv[1], newline=''), policy=email.policy.default)\n"
       "assert m['Date'].datetime.year > 2000 and '@' in m['Message-ID'], m.as_string()\n"
       "print(m['From'], m['To'], m['Subject'], m.get_content().replace('\\r\\n', '\\n'), sep='|', "
       "end='')\n",
       folder_.path("mail.eml")});
  EXPECT_EQ(read.output, "gateway@example.org|me@example.org, you@example.org|" + letter.subject +
                             "|" + letter.body)
      << read.log;
}

TEST_F(Mail, AWrongPasswordIsNamedAndNotShown) {
  start();
  file_ = config("not-the-word");

  const test::Ran ran = send_test();

  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.log,
              HasSubstr("the server refuses the login; hint: check username and password"));
  EXPECT_THAT(ran.log, Not(HasSubstr("not-the-word")));
  EXPECT_TRUE(arrived().is_null());
}

TEST_F(Mail, ACertificateForAnotherHostIsRefused) {
  start("wronghost");
  file_ = config();

  const test::Ran ran = send_test();

  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.log, HasSubstr("certificate is not trusted, nothing was sent"));
  EXPECT_TRUE(arrived().is_null());
}

TEST_F(Mail, AServerWithoutStarttlsGetsNothing) {
  start("server", "--plain");
  file_ = config();

  const test::Ran ran = send_test();

  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.log, HasSubstr("offers no STARTTLS, nothing was sent"));
  EXPECT_TRUE(arrived().is_null());
}

TEST_F(Mail, ATestIsSent) {
  start();
  file_ = config();

  const test::Ran ran = send_test();

  EXPECT_EQ(ran.status, 0) << ran.log;
  EXPECT_THAT(ran.output, HasSubstr("sent to me@example.org, you@example.org"));
}

TEST_F(Mail, WithoutAMailTableTheConfigurationIsRefused) {
  file_ = folder_.write("b.toml", "");

  const test::Ran ran = send_test();

  EXPECT_EQ(ran.status, 78);
  EXPECT_THAT(ran.log, HasSubstr("there is no [mail]"));
}

}  // namespace
}  // namespace b2m
