// SPDX-License-Identifier: MIT
#include <string>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/mqtt/paho_socket.hpp"

namespace b2m::mqtt {
namespace {

/// A connection within this machine, made as Paho makes its own.
class PahoSocket : public testing::Test {
 protected:
  PahoSocket() {
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* address = reinterpret_cast<sockaddr*>(&here);
    socklen_t size = sizeof here;
    EXPECT_EQ(bind(listener_, address, size), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    EXPECT_EQ(getsockname(listener_, address, &size), 0);
    EXPECT_EQ(connect(client_, address, size), 0);
    port_ = ntohs(here.sin_port);
  }
  ~PahoSocket() override {
    close(client_);
    close(listener_);
  }
  [[nodiscard]] bool is_delayed() const {
    int on = 0;
    socklen_t size = sizeof on;
    EXPECT_EQ(getsockopt(client_, IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
    return on == 0;
  }

  int listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int client_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int port_ = 0;
};

TEST_F(PahoSocket, TheConnectionToTheBrokerSendsAtOnceWhileToldSo) {
  BrokerSocket socket;
  socket.find(std::to_string(port_));
  ASSERT_TRUE(is_delayed());

  socket.send_at_once(true);
  EXPECT_FALSE(is_delayed());
  socket.send_at_once(false);
  EXPECT_TRUE(is_delayed());
}

TEST_F(PahoSocket, OtherConnectionsAndNoPortAtAllAreLeftAlone) {
  for (const std::string& port : {std::to_string(port_ == 1 ? 2 : port_ - 1), std::string("x")}) {
    BrokerSocket socket;
    socket.find(port);
    socket.send_at_once(true);
  }

  EXPECT_TRUE(is_delayed());
}

TEST_F(PahoSocket, ANumberThatAnotherConnectionHasNowIsNotTouched) {
  BrokerSocket socket;
  socket.find(std::to_string(port_));
  const int other = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(dup2(other, client_), client_);
  close(other);

  socket.send_at_once(true);

  EXPECT_TRUE(is_delayed());
}

}  // namespace
}  // namespace b2m::mqtt
