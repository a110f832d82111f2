// SPDX-License-Identifier: MIT
// The machine's network on loopback with ports that it chooses, and the one in memory.
#include <array>

#include <gtest/gtest.h>

#include "gateway/io/memory_network.hpp"
#include "tests/support/running.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;
using Stream = std::unique_ptr<ByteStream>;

Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// What is said here holds for both networks.
class AnyNetwork : public testing::TestWithParam<bool> {
 protected:
  AnyNetwork() {
    if (GetParam())
      network_ = make_network(clock_.executor(), clock_);
    else
      network_ = std::make_unique<MemoryNetwork>(clock_.executor(), clock_);
  }

  void connect_both() {
    auto listening = network_->listen({"127.0.0.1", 0});
    ASSERT_TRUE(listening) << listening.error().text();
    listener_ = std::move(*listening);
    Running<Listener::Accepted> accept(clock_, listener_->accept());
    auto connected =
        finish(clock_, network_->connect({"127.0.0.1", listener_->port()}, clock_.now() + 5s));
    ASSERT_TRUE(connected) << connected.error().text();
    client_ = std::move(*connected);
    auto accepted = accept.join();
    ASSERT_TRUE(accepted);
    server_ = std::move(accepted->stream);
  }

  Result<std::string> read(const Stream& stream) {
    std::array<std::uint8_t, 64> buffer{};
    const auto n = finish(clock_, stream->read_some(buffer, clock_.now() + 5s));
    if (!n) return n.error();
    return std::string(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*n));
  }

  VirtualClock clock_;
  std::unique_ptr<Network> network_;
  std::unique_ptr<Listener> listener_;
  Stream client_, server_;
};

TEST_P(AnyNetwork, CarriesBytesBothWays) {
  ASSERT_NO_FATAL_FAILURE(connect_both());
  ASSERT_TRUE(finish(clock_, client_->write(bytes_of("ask"), kNoDeadline)));
  EXPECT_EQ(*read(server_), "ask");
  ASSERT_TRUE(finish(clock_, server_->write(bytes_of("tell"), clock_.now() + 1s)));
  EXPECT_EQ(*read(client_), "tell");
}

TEST_P(AnyNetwork, EndOfTheStreamIsADisconnectionAfterItsLastBytes) {
  ASSERT_NO_FATAL_FAILURE(connect_both());
  ASSERT_TRUE(finish(clock_, server_->write(bytes_of("last"), kNoDeadline)));
  server_.reset();
  EXPECT_EQ(*read(client_), "last");
  EXPECT_EQ(read(client_).error().code, Errc::disconnected);
}

TEST_P(AnyNetwork, ReadEndsAtItsDeadlineAndLosesNothing) {
  ASSERT_NO_FATAL_FAILURE(connect_both());
  std::array<std::uint8_t, 8> buffer{};
  Running<std::size_t> waiting(clock_, client_->read_some(buffer, clock_.now() + 1s));
  clock_.advance(999ms);
  EXPECT_FALSE(waiting.is_done());
  clock_.advance(1ms);
  EXPECT_EQ(waiting.join().error().code, Errc::timeout);

  ASSERT_TRUE(finish(clock_, server_->write(bytes_of("late"), kNoDeadline)));
  EXPECT_EQ(*read(client_), "late");
}

TEST_P(AnyNetwork, EveryWaitIsCancelled) {
  ASSERT_NO_FATAL_FAILURE(connect_both());
  std::array<std::uint8_t, 8> buffer{};
  for (const SteadyTime deadline : {kNoDeadline, clock_.now() + 1h}) {
    Running<std::size_t> reading(clock_, client_->read_some(buffer, deadline));
    reading.cancel();
    EXPECT_EQ(reading.join().error().code, Errc::cancelled);
  }
  Running<Listener::Accepted> accepting(clock_, listener_->accept());
  accepting.cancel();
  EXPECT_EQ(accepting.join().error().code, Errc::cancelled);

  auto socket = network_->open_datagram({"127.0.0.1", 0});
  ASSERT_TRUE(socket);
  Running<Datagram::Received> receiving(clock_, (*socket)->receive(buffer, kNoDeadline));
  receiving.cancel();
  EXPECT_EQ(receiving.join().error().code, Errc::cancelled);
}

TEST_P(AnyNetwork, SaysWhereNobodyListens) {
  std::uint16_t port = 0;
  {
    const auto listening = network_->listen({"127.0.0.1", 0});
    ASSERT_TRUE(listening);
    port = (*listening)->port();
  }
  const auto connected = finish(clock_, network_->connect({"127.0.0.1", port}, clock_.now() + 5s));
  EXPECT_EQ(connected.error().code, Errc::refused);
  EXPECT_NE(connected.error().text().find("127.0.0.1:" + std::to_string(port)), std::string::npos);
}

TEST_P(AnyNetwork, CarriesDatagramsAndTheirSender) {
  auto plug = network_->open_datagram({"127.0.0.1", 0});
  auto asking = network_->open_datagram({"127.0.0.1", 0});
  ASSERT_TRUE(plug && asking);
  std::array<std::uint8_t, 4> buffer{};
  ASSERT_TRUE((*asking)->send_to(bytes_of("probe"), {"127.0.0.1", (*plug)->port()}));
  const auto got = finish(clock_, (*plug)->receive(buffer, clock_.now() + 5s));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->size, 4U) << "cut to the buffer";
  EXPECT_EQ(got->from, (Endpoint{"127.0.0.1", (*asking)->port()}));

  Running<Datagram::Received> silence(clock_, (*plug)->receive(buffer, clock_.now() + 1s));
  clock_.advance(1s);
  EXPECT_EQ(silence.join().error().code, Errc::timeout);
}

TEST_P(AnyNetwork, BroadcastsReachAPeerOnTheSamePort) {
  auto plug = network_->open_datagram({"0.0.0.0", 0});
  auto asking = network_->open_datagram({"", 0});
  ASSERT_TRUE(plug && asking);
  std::array<std::uint8_t, 8> buffer{};
  const auto sent = (*asking)->send_to(bytes_of("hello"), {"127.255.255.255", (*plug)->port()});
  ASSERT_TRUE(sent) << sent.error().text();
  EXPECT_TRUE(finish(clock_, (*plug)->receive(buffer, clock_.now() + 5s)));
}

INSTANTIATE_TEST_SUITE_P(Real, AnyNetwork, testing::Values(true));
INSTANTIATE_TEST_SUITE_P(Memory, AnyNetwork, testing::Values(false));

class LinuxNetwork : public testing::Test {
 protected:
  VirtualClock clock_;
  std::unique_ptr<Network> network_ = make_network(clock_.executor(), clock_);
};

/// A request that was given up must not switch something on later.
TEST_F(LinuxNetwork, WhatWasNotTakenWhenTheStreamIsClosedNeverArrives) {
  auto listening = network_->listen({"127.0.0.1", 0});
  ASSERT_TRUE(listening);
  Running<Listener::Accepted> accept(clock_, (*listening)->accept());
  auto client = finish(clock_, network_->connect({"127.0.0.1", (*listening)->port()}, kNoDeadline));
  ASSERT_TRUE(client);
  const auto server = accept.join();
  ASSERT_TRUE(server);
  const std::vector<std::uint8_t> much(16 << 20);
  Running<> writing(clock_, (*client)->write(much, clock_.now() + 1s));
  clock_.advance(2s);
  ASSERT_EQ(writing.join().error().code, Errc::timeout);
  client->reset();

  std::size_t arrived = 0;
  std::vector<std::uint8_t> buffer(1 << 20);
  Result<std::size_t> n(0);
  while ((n = finish(clock_, server->stream->read_some(buffer, clock_.now() + 5s)))) arrived += *n;

  EXPECT_EQ(n.error().code, Errc::disconnected);
  EXPECT_LT(arrived, 1U << 20) << "several MiB in the end, when the connection ends in peace";
}

TEST_F(LinuxNetwork, ResolvesNamesBesideTheLoop) {
  auto listener = network_->listen({"127.0.0.1", 0});
  ASSERT_TRUE(listener);
  const auto connected =
      finish(clock_, network_->connect({"localhost", (*listener)->port()}, clock_.now() + 1h));
  EXPECT_TRUE(connected) << connected.error().text();
}

TEST_F(LinuxNetwork, AskingForANameEndsAtTheDeadline) {
  Running<Stream> connecting(
      clock_, network_->connect({"name.that.is.nowhere.invalid", 9}, clock_.now() + 1s));
  clock_.advance(1s);
  const auto connected = connecting.join();
  ASSERT_FALSE(connected);
  EXPECT_TRUE(connected.error().code == Errc::timeout || connected.error().code == Errc::not_found)
      << connected.error().text();
}

TEST_F(LinuxNetwork, ACloggedWriteEndsAtItsDeadline) {
  auto listener = network_->listen({"127.0.0.1", 0});
  ASSERT_TRUE(listener);
  auto connected =
      finish(clock_, network_->connect({"127.0.0.1", (*listener)->port()}, clock_.now() + 1s));
  ASSERT_TRUE(connected);
  const std::vector<std::uint8_t> much(64 << 20, 'x');
  Running<> writing(clock_, (*connected)->write(much, clock_.now() + 1s));
  clock_.advance(1s);
  EXPECT_EQ(writing.join().error().code, Errc::timeout);
}

TEST_F(LinuxNetwork, RefusesOwnEndsThatAreNoAddress) {
  EXPECT_EQ(network_->listen({"garage", 0}).error().code, Errc::malformed);
  EXPECT_EQ(network_->open_datagram({"300.1.1.1", 0}).error().code, Errc::malformed);
  auto socket = network_->open_datagram({"", 0});
  ASSERT_TRUE(socket);
  EXPECT_EQ((*socket)->send_to({}, {"garage", 9}).error().code, Errc::malformed);
}

TEST_F(LinuxNetwork, BroadcastAddressesLeaveLoopbackOut) {
  for (const std::string& address : network_->broadcast_addresses())
    EXPECT_FALSE(address.starts_with("127.")) << address;
}

class MemoryNet : public testing::Test {
 protected:
  void connect() {
    listener_ = *network_.listen({"plug", 9999});
    client_ = *finish(clock_, network_.connect({"plug", 9999}, clock_.now() + 1s));
    server_ = std::move(finish(clock_, listener_->accept())->stream);
  }
  std::size_t read(std::size_t most = 64) {
    std::vector<std::uint8_t> buffer(most);
    const auto n = finish(clock_, client_->read_some(buffer, clock_.now()));
    return n ? *n : 0;
  }
  void serve(std::string_view text) {
    ASSERT_TRUE(finish(clock_, server_->write(bytes_of(text), kNoDeadline)));
  }
  void set(const HostFaults& faults) { network_.set_faults("plug", faults); }

  VirtualClock clock_;
  MemoryNetwork network_{clock_.executor(), clock_};
  std::unique_ptr<Listener> listener_;
  Stream client_, server_;
};

TEST_F(MemoryNet, AnUnreachableHostTimesOutAndARefusingOneSaysSo) {
  listener_ = *network_.listen({"plug", 9999});
  HostFaults faults;
  faults.is_unreachable = true;
  set(faults);
  Running<Stream> connecting(clock_, network_.connect({"plug", 9999}, clock_.now() + 1s));
  clock_.advance(1s);
  EXPECT_EQ(connecting.join().error().code, Errc::timeout);
  faults.is_unreachable = false;
  faults.refuses = true;
  set(faults);
  EXPECT_EQ(finish(clock_, network_.connect({"plug", 9999}, clock_.now() + 1s)).error().code,
            Errc::refused);
  EXPECT_EQ(network_.connections("plug"), 0U);
}

TEST_F(MemoryNet, SplitsDelaysAndCuts) {
  connect();
  HostFaults faults;
  faults.chunk = 2;
  faults.delay = 3s;
  faults.cut_after = 5;
  set(faults);
  serve("123456");
  EXPECT_EQ(read(), 0U);
  clock_.advance(3s);
  EXPECT_EQ(read(), 2U);
  EXPECT_EQ(read(), 2U);
  EXPECT_EQ(read(), 1U);
  std::array<std::uint8_t, 8> buffer{};
  EXPECT_EQ(finish(clock_, client_->read_some(buffer, kNoDeadline)).error().code,
            Errc::disconnected);
}

TEST_F(MemoryNet, AResetLosesWhatWasOnItsWay) {
  connect();
  serve("lost");
  network_.reset("plug");
  std::array<std::uint8_t, 8> buffer{};
  EXPECT_EQ(finish(clock_, client_->read_some(buffer, kNoDeadline)).error().code,
            Errc::disconnected);
  EXPECT_EQ(finish(clock_, client_->write(bytes_of("x"), kNoDeadline)).error().code,
            Errc::disconnected);
}

TEST_F(MemoryNet, AnAnswerComesFromTheAddressItsSocketIsBoundTo) {
  auto plug = *network_.open_datagram({"192.168.1.7", 9999});
  auto asking = *network_.open_datagram({"", 0});
  std::array<std::uint8_t, 8> buffer{};
  ASSERT_TRUE(asking->send_to(bytes_of("probe"), {"255.255.255.255", 9999}));
  const auto probe = finish(clock_, plug->receive(buffer, clock_.now()));
  ASSERT_TRUE(probe);
  ASSERT_TRUE(plug->send_to(bytes_of("here"), probe->from));
  const auto answer = finish(clock_, asking->receive(buffer, clock_.now()));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->from, (Endpoint{"192.168.1.7", 9999}));
}

}  // namespace
}  // namespace b2m::test
