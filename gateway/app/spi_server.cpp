// SPDX-License-Identifier: MIT
#include "gateway/app/spi_server.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include "gateway/io/nothrow.hpp"

namespace b2m::app {
namespace {

namespace asio = boost::asio;
using Local = asio::local::stream_protocol;

constexpr SteadyDuration kLook = std::chrono::milliseconds(50);
constexpr double kClocksPerByte = 9;
constexpr std::size_t kMostPath = 107;  // of sockaddr_un

void rethrow(const std::exception_ptr& thrown) {
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace

struct SpiServer::State {
  State(Executor e, Clock& c, std::string p, bool paced, Answer a)
      : executor(std::move(e)),
        clock(c),
        path(std::move(p)),
        is_paced(paced),
        answer(std::move(a)),
        acceptor(executor) {}

  void close() {
    boost::system::error_code none;
    if (acceptor.is_open()) std::filesystem::remove(path, none);
    acceptor.close(none);
    for (const auto& known : connections)
      if (const auto socket = known.lock()) socket->close(none);
    connections.clear();
  }
  void keep(const std::shared_ptr<Local::socket>& socket) {
    std::erase_if(connections, [](const auto& known) { return known.expired(); });
    connections.push_back(socket);
  }

  Executor executor;
  Clock& clock;
  std::string path;
  bool is_paced;
  Answer answer;  // empty: the server is gone
  Local::acceptor acceptor;
  std::vector<std::weak_ptr<Local::socket>> connections;
  SteadyTime free_at{};  // of the one controller
};

namespace {

/// The reply, when the bits are through; empty: the connection has ended.
template <class State>
Awaitable<std::vector<std::uint8_t>> answer_one(std::shared_ptr<State> state, SpiRequest request) {
  std::vector<std::uint8_t> none;
  if (!state->answer) co_return none;
  const std::vector<std::uint8_t> miso = state->answer(request);
  if (state->is_paced && request.clock_hz > 0) {
    const double wire_s =
        static_cast<double>(request.bytes.size()) * kClocksPerByte / request.clock_hz;
    state->free_at = std::max(state->free_at, state->clock.now()) + from_seconds(wire_s);
    if (const auto slept = co_await state->clock.sleep_until(state->free_at); !slept)
      co_return none;
  }
  co_return encode_spi_reply(miso);
}

template <class State>
Awaitable<> serve(std::shared_ptr<State> state, std::shared_ptr<Local::socket> socket) {
  SpiRequestReader reader;
  std::array<std::uint8_t, 1024> buffer{};
  for (;;) {
    const auto [broken, n] = co_await socket->async_read_some(asio::buffer(buffer), nothrow);
    if (broken) co_return;
    reader.feed(Bytes(buffer).first(n));
    for (;;) {
      auto request = reader.next();
      if (!request) co_return;
      if (!*request) break;
      const auto reply = co_await answer_one(state, std::move(**request));
      if (reply.empty() || !socket->is_open()) co_return;
      const auto [unsent, sent] = co_await asio::async_write(*socket, asio::buffer(reply), nothrow);
      if (unsent) co_return;
    }
  }
}

}  // namespace

SpiServer::SpiServer(Executor executor, Clock& clock, std::string path, bool is_paced,
                     Answer answer)
    : state_(std::make_shared<State>(std::move(executor), clock, std::move(path), is_paced,
                                     std::move(answer))) {}

SpiServer::~SpiServer() {
  state_->answer = nullptr;
  state_->close();
}

Result<> SpiServer::open() {
  const std::string& path = state_->path;
  if (path.empty() || path.size() > kMostPath)
    return Error(Errc::malformed,
                 fmt::format("\"{}\": a path of 1 to {} characters", path, kMostPath));
  boost::system::error_code error;
  if (std::filesystem::is_socket(path, error)) std::filesystem::remove(path, error);
  state_->acceptor.open(Local(), error);
  if (!error) state_->acceptor.bind(Local::endpoint(path), error);
  if (!error) state_->acceptor.listen(8, error);
  if (!error) return {};
  boost::system::error_code none;
  state_->acceptor.close(none);
  return Error(Errc::io_error, fmt::format("{}: cannot listen there: {}", path, error.message()));
}

void SpiServer::close() { state_->close(); }
bool SpiServer::is_open() const { return state_->acceptor.is_open(); }

Awaitable<Result<>> SpiServer::run() {
  const auto state = state_;
  for (;;) {
    if (!state->acceptor.is_open()) {
      if (const auto slept = co_await state->clock.sleep_for(kLook); !slept) co_return slept;
      continue;
    }
    auto [error, accepted] = co_await state->acceptor.async_accept(nothrow);
    const auto cancelled = (co_await asio::this_coro::cancellation_state).cancelled();
    if (cancelled != asio::cancellation_type::none) co_return Errc::cancelled;
    if (error && !state->acceptor.is_open()) continue;
    if (error) co_return Error(Errc::io_error, state->path + ": " + error.message());
    auto socket = std::make_shared<Local::socket>(std::move(accepted));
    state->keep(socket);
    asio::co_spawn(state->executor, serve(state, std::move(socket)), rethrow);
  }
}

}  // namespace b2m::app
