// SPDX-License-Identifier: MIT
#include "gateway/web/http_connection.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "gateway/log.hpp"

namespace b2m::web {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostPipelined = 64 * 1024;  // read ahead while a request is answered
constexpr std::size_t kMostDrained = 32 * 1024 * 1024;
constexpr SteadyDuration kDrainTime = 2s;

Bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// An exception is a bug of the handler; the client hears that something went wrong.
Awaitable<HttpResponse> guarded(const HttpRoute& route, std::string area, HttpRequest request) {
  try {
    co_return co_await route.handler(std::move(request));
  } catch (const std::exception& e) {
    log::error(area, "{} {}: unexpected: {}", route.method, route.path, e.what());
  }
  co_return error_response(500, "the gateway's log says more");
}

}  // namespace

HttpServer::Connection::Connection(const HttpServer& server, std::unique_ptr<ByteStream> stream)
    : server_(server),
      clock_(server.clock_),
      limits_(server.settings_.limits),
      stream_(std::move(stream)),
      reader_(limits_.header_bytes, limits_.body_bytes),
      never_(server.executor_) {}

Awaitable<> HttpServer::Connection::run() {
  while (co_await await_request()) {
    HttpRequest request = reader_.take();
    const bool keeps_alive = request.keeps_alive;
    const auto response = co_await answer(std::move(request));
    if (!response) co_return;
    const bool was_taken = co_await write(*response, keeps_alive);
    if (!was_taken || !keeps_alive) co_return;
  }
}

/// One deadline for the silence before a request, one for all of it, however slowly it drips.
Awaitable<bool> HttpServer::Connection::await_request() {
  using State = HttpReader::State;
  bool has_begun = reader_.state() != State::empty;
  SteadyTime deadline = clock_.now() + (has_begun ? limits_.request : limits_.idle);
  while (reader_.state() == State::empty || reader_.state() == State::partial) {
    if (reader_.wants_continue() && !co_await write("HTTP/1.1 100 Continue\r\n\r\n"))
      co_return false;
    const auto n = co_await stream_->read_some(buffer_, deadline);
    if (!n && n.error().code == Errc::timeout && has_begun)
      co_await refuse(error_response(408, "the request did not come in time"));
    if (!n) co_return false;
    reader_.add(Bytes(buffer_).first(*n));
    if (!has_begun) deadline = clock_.now() + limits_.request;
    has_begun = true;
  }
  if (reader_.state() == State::complete) co_return true;
  co_await refuse(reader_.refusal());
  co_return false;
}

/// Nothing when the client went away meanwhile.
Awaitable<std::optional<HttpResponse>> HttpServer::Connection::answer(HttpRequest request) {
  using namespace boost::asio::experimental::awaitable_operators;
  if (auto refusal = server_.obstacle(request)) co_return refusal;
  const HttpRoute* route = server_.route(request);
  if (!route) co_return server_.no_route(request);
  auto first = co_await (guarded(*route, server_.settings_.area, std::move(request)) || watch());
  if (first.index() == 0) co_return std::get<0>(std::move(first));
  co_return std::nullopt;
}

/// Ends when the client is gone, or says that it will send nothing more, which looks the same from
/// here. What it sends already is for later.
Awaitable<> HttpServer::Connection::watch() {
  while (reader_.waiting() < kMostPipelined) {
    const auto n = co_await stream_->read_some(buffer_, kNoDeadline);
    if (!n) co_return;
    reader_.add(Bytes(buffer_).first(*n));
  }
  const auto ignored = co_await never_.wait();
  static_cast<void>(ignored);  // only the end of the answer ends this
}

/// A large body is not copied.
Awaitable<bool> HttpServer::Connection::write(const HttpResponse& response, bool keeps_alive) {
  constexpr std::size_t kSmall = 16 * 1024;
  if (response.body.size() <= kSmall)
    co_return co_await write(response_text(response, clock_.wall(), keeps_alive));
  if (!co_await write(response_head(response, clock_.wall(), keeps_alive))) co_return false;
  const auto written =
      co_await stream_->write(bytes_of(response.body), clock_.now() + limits_.response);
  co_return written.has_value();
}

Awaitable<bool> HttpServer::Connection::write(std::string text) {
  const auto written = co_await stream_->write(bytes_of(text), clock_.now() + limits_.response);
  co_return written.has_value();
}

/// Closing while the client still sends would reset the connection, and the answer would be lost
/// on its way: so the rest is read for a while.
Awaitable<> HttpServer::Connection::refuse(HttpResponse response) {
  if (!co_await write(response_text(response, clock_.wall(), false))) co_return;
  const SteadyTime deadline = clock_.now() + kDrainTime;
  for (std::size_t drained = 0; drained < kMostDrained;) {
    const auto n = co_await stream_->read_some(buffer_, deadline);
    if (!n) co_return;
    drained += *n;
  }
}

}  // namespace b2m::web
