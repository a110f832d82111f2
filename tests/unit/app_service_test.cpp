// SPDX-License-Identifier: MIT
// What systemd hears, on a socket of the test's own.
#include <array>
#include <cstdlib>
#include <cstring>
#include <string>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/app/service.hpp"

namespace b2m::app {
namespace {

using namespace std::chrono_literals;

/// systemd's end: a name without a file, so that nothing stays behind.
class ServiceManager {
 public:
  ServiceManager() {
    fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_un here{};
    here.sun_family = AF_UNIX;
    const std::string name = "b2m-test-" + std::to_string(getpid());
    std::memcpy(here.sun_path + 1, name.data(), name.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    EXPECT_EQ(0, bind(fd_, reinterpret_cast<const sockaddr*>(&here), size));
    setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
  }
  ~ServiceManager() {
    unsetenv("NOTIFY_SOCKET");
    close(fd_);
  }
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;
  std::string heard() {
    std::array<char, 100> text{};
    const ssize_t size = recv(fd_, text.data(), text.size(), 0);
    return size < 0 ? "nothing" : std::string(text.data(), static_cast<std::size_t>(size));
  }

 private:
  int fd_ = -1;
};

struct WatchdogVariables {
  WatchdogVariables(const std::string& usec, const std::string& pid) {
    setenv("WATCHDOG_USEC", usec.c_str(), 1);
    setenv("WATCHDOG_PID", pid.c_str(), 1);
  }
  ~WatchdogVariables() {
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
  }
};

TEST(Service, TellsTheServiceManagerWhatItIsTold) {
  ServiceManager manager;

  tell_service_manager("READY=1");

  EXPECT_EQ("READY=1", manager.heard());
}

TEST(Service, IsSilentWhereNobodyListens) {
  tell_service_manager("READY=1");
  setenv("NOTIFY_SOCKET", "relative/path", 1);
  tell_service_manager("READY=1");
  setenv("NOTIFY_SOCKET", std::string(200, '/').c_str(), 1);
  tell_service_manager("READY=1");
  unsetenv("NOTIFY_SOCKET");
}

TEST(Service, FeedsTheWatchdogTwiceAsOftenAsItWants) {
  const WatchdogVariables set("30000000", std::to_string(getpid()));

  EXPECT_EQ(SteadyDuration(15s), watchdog_interval());
}

TEST(Service, LeavesAWatchdogThatIsMeantForAnotherProcess) {
  const WatchdogVariables set("30000000", "1");

  EXPECT_EQ(std::nullopt, watchdog_interval());
}

TEST(Service, KnowsNoWatchdogWithoutAUsableTime) {
  EXPECT_EQ(std::nullopt, watchdog_interval());
  for (const char* usec : {"", "0", "-1", "soon", "99999999999999999999999"}) {
    const WatchdogVariables set(usec, "");
    EXPECT_EQ(std::nullopt, watchdog_interval()) << usec;
  }
}

}  // namespace
}  // namespace b2m::app
