// SPDX-License-Identifier: MIT
#include "gateway/web/http_server.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "gateway/log.hpp"
#include "gateway/web/http_connection.hpp"

namespace b2m::web {
namespace {

using namespace std::chrono_literals;

constexpr SteadyDuration kListenAgain = 30s;
constexpr SteadyDuration kAcceptAgain = 1s;  // out of file descriptors, for example

bool is_loopback(std::string_view host) {
  return host.starts_with("127.") &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

std::string_view without_port(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  const std::size_t bracket = host.rfind(']');  // of an IPv6 address, which has colons of its own
  if (colon == host.npos || (bracket != host.npos && colon < bracket)) return host;
  return host.substr(0, colon);
}

/// A web page of anywhere may have its own name resolve to this machine and then talk to whatever
/// listens here; its name in Host gives it away.
bool is_own_name(std::string_view host) {
  std::string name(without_port(host));
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return name == "localhost" || name == "[::1]" || is_loopback(name);
}

/// A browser says which page a request comes from; only our own may.
bool is_foreign(std::string_view origin, std::string_view host) {
  return !origin.empty() && origin != fmt::format("http://{}", host) &&
         origin != fmt::format("https://{}", host);
}

bool matches(const HttpRoute& route, std::string_view path) {
  if (route.path.ends_with('/') && route.path.size() > 1) return path.starts_with(route.path);
  return path == route.path;
}

}  // namespace

HttpServer::HttpServer(Executor executor, Clock& clock, Network& network,
                       HttpServerSettings settings, std::vector<HttpRoute> routes)
    : executor_(executor),
      clock_(clock),
      network_(network),
      settings_(std::move(settings)),
      routes_(std::move(routes)),
      tasks_(std::move(executor), clock, settings_.area) {}

HttpServer::~HttpServer() = default;

void HttpServer::start() {
  listen();
  tasks_.spawn(accept_loop());
}

Awaitable<> HttpServer::stop(SteadyTime deadline) {
  co_await tasks_.stop(deadline);
  listener_.reset();
}

std::optional<std::uint16_t> HttpServer::port() const {
  if (!listener_) return std::nullopt;
  return listener_->port();
}

bool HttpServer::listen() {
  auto listening = network_.listen(settings_.local);
  if (!listening) {
    if (!std::exchange(was_refused_, true))
      log::error(settings_.area,
                 "{}: {}; everything else goes on, and it is tried again every {} s; hint: end the "
                 "other program, or choose another {}",
                 settings_.name, listening.error().text(), to_seconds(kListenAgain),
                 settings_.setting);
    return false;
  }
  listener_ = std::move(*listening);
  log::info(settings_.area, "{} listens on http://{}:{}", settings_.name,
            settings_.local.host.empty() ? "0.0.0.0" : settings_.local.host, listener_->port());
  return true;
}

Awaitable<> HttpServer::accept_loop() {
  while (!listener_ && !listen()) {
    const auto slept = co_await clock_.sleep_for(kListenAgain);
    if (!slept) co_return;
  }
  for (;;) {
    auto accepted = co_await listener_->accept();
    if (accepted) {
      const bool is_full =
          tasks_.size() > settings_.limits.connections;  // this loop is one of them
      tasks_.spawn(is_full ? turn_away(std::move(accepted->stream))
                           : serve(std::move(accepted->stream)));
      continue;
    }
    if (accepted.error().code == Errc::cancelled) co_return;
    log::warn(settings_.area, "{}: {}", settings_.name, accepted.error().text());
    const auto slept = co_await clock_.sleep_for(kAcceptAgain);
    if (!slept) co_return;
  }
}

Awaitable<> HttpServer::turn_away(std::unique_ptr<ByteStream> stream) {
  const std::string text = response_text(
      error_response(503, "too many connections; try again later"), clock_.wall(), false);
  const Bytes bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  const auto written = co_await stream->write(bytes, clock_.now() + 1s);
  static_cast<void>(written);  // it goes in any case
}

Awaitable<> HttpServer::serve(std::unique_ptr<ByteStream> stream) {
  const auto connection = std::make_unique<Connection>(*this, std::move(stream));
  co_await connection->run();
}

std::optional<HttpResponse> HttpServer::obstacle(const HttpRequest& request) const {
  const std::string_view host = request.field("host");
  const auto hosts = std::ranges::count(request.fields, "host",
                                        [](const auto& f) { return std::string_view(f.first); });
  if (hosts > 1) return error_response(400, "more than one Host");
  if (is_loopback(settings_.local.host) && !host.empty() && !is_own_name(host))
    return error_response(403,
                          "this server is for programs on this machine: Host must be "
                          "localhost or 127.0.0.1");
  if (is_foreign(request.field("origin"), host))
    return error_response(403, "not for pages of other sites");
  return std::nullopt;
}

const HttpRoute* HttpServer::route(const HttpRequest& request) const {
  const auto found = std::ranges::find_if(routes_, [&](const HttpRoute& r) {
    return r.method == request.method && matches(r, request.path);
  });
  return found == routes_.end() ? nullptr : &*found;
}

HttpResponse HttpServer::no_route(const HttpRequest& request) const {
  std::string allowed;
  for (const HttpRoute& r : routes_)
    if (matches(r, request.path)) allowed += (allowed.empty() ? "" : ", ") + r.method;
  if (allowed.empty()) return error_response(404, "there is nothing at this address");
  HttpResponse response = error_response(405, "this address takes " + allowed);
  response.fields.emplace_back("Allow", allowed);
  return response;
}

}  // namespace b2m::web
