// SPDX-License-Identifier: MIT
// The client's end of spi_socket.hpp.
#include <charconv>
#include <string>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include "gateway/io/nothrow.hpp"
#include "gateway/io/spi_socket.hpp"
#include "gateway/io/spi_transports.hpp"

namespace b2m {
namespace {

namespace asio = boost::asio;
using Socket = asio::local::stream_protocol::socket;

constexpr SteadyDuration kPatience = std::chrono::seconds(2);
constexpr double kClocksPerByte = 9;

struct Address {
  std::string path;
  std::uint8_t select = 0;
};

Result<Address> parse(const std::string& device) {
  Address address;
  address.path = device.substr(kSpiSocket.size());
  const auto hash = address.path.rfind('#');
  if (hash != std::string::npos) {
    const std::string number = address.path.substr(hash + 1);
    const char* const end = number.data() + number.size();
    const auto read = std::from_chars(number.data(), end, address.select);
    if (number.empty() || read.ec != std::errc() || read.ptr != end)
      return Error(Errc::malformed,
                   fmt::format("{}: a select line from 0 to 255 must follow the #", device));
    address.path.resize(hash);
  }
  if (address.path.empty()) return Error(Errc::malformed, device + ": the path is missing");
  return address;
}

class SocketBus final : public SpiBus {
 public:
  SocketBus(Clock& clock, Socket socket, Address address, int clock_hz)
      : clock_(clock),
        socket_(std::move(socket)),
        address_(std::move(address)),
        clock_hz_(clock_hz) {}

  Awaitable<Result<std::vector<std::uint8_t>>> exchange(std::vector<std::uint8_t> out) override {
    using namespace asio::experimental::awaitable_operators;
    if (out.empty()) co_return std::vector<std::uint8_t>();
    if (out.size() > kMostSpiBytes)
      co_return Error(Errc::out_of_range, fmt::format("{} bytes at once", out.size()));
    if (!socket_.is_open()) co_return gone();
    const double wire_s = static_cast<double>(out.size()) * kClocksPerByte / clock_hz_;
    Broken broken{socket_};  // who leaves in the middle cannot find the next reply's beginning
    const auto first = co_await (
        ask(std::move(out)) || clock_.sleep_until(clock_.now() + from_seconds(wire_s) + kPatience));
    if (first.index() == 1)
      co_return std::get<1>(first) ? Error(Errc::disconnected, address_.path + ": no answer")
                                   : std::get<1>(first).error();
    auto reply = std::get<0>(first);
    broken.is_whole = reply.has_value();
    co_return reply;
  }

 private:
  struct Broken {
    Socket& socket;
    bool is_whole = false;
    ~Broken() {
      boost::system::error_code none;
      if (!is_whole) socket.close(none);
    }
  };

  Awaitable<Result<std::vector<std::uint8_t>>> ask(std::vector<std::uint8_t> out) {
    SpiRequest request;
    request.select = address_.select;
    request.clock_hz = static_cast<std::uint32_t>(clock_hz_);
    request.bytes = std::move(out);
    const std::vector<std::uint8_t> message = encode(request);
    const auto [unsent, sent] = co_await asio::async_write(socket_, asio::buffer(message), nothrow);
    if (unsent) co_return failure(unsent);
    std::vector<std::uint8_t> head(kSpiReplyHead);
    const auto [headless, got] = co_await asio::async_read(socket_, asio::buffer(head), nothrow);
    if (headless) co_return failure(headless);
    std::vector<std::uint8_t> in(request.bytes.size());
    if (u16le(head) != in.size())
      co_return Error(Errc::disconnected, fmt::format("{}: {} bytes came back for {}",
                                                      address_.path, u16le(head), in.size()));
    const auto [cut, rest] = co_await asio::async_read(socket_, asio::buffer(in), nothrow);
    if (cut) co_return failure(cut);
    co_return in;
  }

  Error gone() const { return {Errc::disconnected, address_.path + ": the other side is gone"}; }
  Error failure(boost::system::error_code error) const {
    return error == asio::error::operation_aborted ? Error(Errc::cancelled) : gone();
  }

  Clock& clock_;
  Socket socket_;
  Address address_;
  int clock_hz_;
};

}  // namespace

Result<std::unique_ptr<SpiBus>> open_spi_socket(Executor executor, Clock& clock,
                                                const SpiOpening& wanted) {
  auto address = parse(wanted.device);
  if (!address) return address.error();
  constexpr std::size_t kMostPath = 107;  // of sockaddr_un
  if (address->path.size() > kMostPath)
    return Error(Errc::malformed, address->path + ": a path of at most 107 characters");
  Socket socket(executor);
  boost::system::error_code error;
  socket.open(asio::local::stream_protocol(), error);
  if (!error) socket.non_blocking(true, error);
  if (!error) socket.connect(asio::local::stream_protocol::endpoint(address->path), error);
  if (error)
    return Error(Errc::not_found,
                 fmt::format("{}: no simulated SPI bus there ({}); start it first: battery2mqtt "
                             "peers FILE",
                             address->path, error.message()));
  return std::unique_ptr<SpiBus>(
      std::make_unique<SocketBus>(clock, std::move(socket), std::move(*address), wanted.clock_hz));
}

}  // namespace b2m
