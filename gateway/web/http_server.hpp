// SPDX-License-Identifier: MIT
// A small HTTP/1.1 server on the event loop: bounded in everything that a client can ask for.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/io/network.hpp"
#include "gateway/web/http_message.hpp"
#include "gateway/web/tasks.hpp"

namespace b2m::web {

/// Takes as long as it wants. It is cancelled when the client goes away or the server stops; what
/// it answers then reaches nobody.
using HttpHandler = std::function<Awaitable<HttpResponse>(HttpRequest request)>;

struct HttpRoute {
  std::string method;
  std::string path;  // whole; one that ends in '/' stands for everything below it
  HttpHandler handler;
};

struct HttpLimits {
  std::size_t header_bytes = 16 * 1024;
  std::size_t body_bytes = 64 * 1024;
  std::size_t connections = 64;                        // more are turned away with 503
  SteadyDuration idle = std::chrono::seconds(60);      // before a request
  SteadyDuration request = std::chrono::seconds(20);   // from its first byte to its last
  SteadyDuration response = std::chrono::seconds(30);  // until it is taken
};

struct HttpServerSettings {
  std::string name;  // in the log
  std::string area;  // of the log
  Endpoint local;
  std::string setting;  // to change when the port is in use: "simulation.http.port"
  HttpLimits limits;
};

class HttpServer {
 public:
  /// Clock and network outlive it; deadlines are times of that clock.
  HttpServer(Executor executor, Clock& clock, Network& network, HttpServerSettings settings,
             std::vector<HttpRoute> routes);
  ~HttpServer();

  /// Listens; where the port cannot be had, says so in the log and goes on trying.
  void start();
  /// Joins everything, at most until the deadline.
  Awaitable<> stop(SteadyTime deadline);
  /// Empty while it does not listen.
  [[nodiscard]] std::optional<std::uint16_t> port() const;

 private:
  class Connection;
  bool listen();
  Awaitable<> accept_loop();
  Awaitable<> turn_away(std::unique_ptr<ByteStream> stream);
  Awaitable<> serve(std::unique_ptr<ByteStream> stream);
  /// Why the request goes to no handler.
  [[nodiscard]] std::optional<HttpResponse> obstacle(const HttpRequest& request) const;
  [[nodiscard]] const HttpRoute* route(const HttpRequest& request) const;
  [[nodiscard]] HttpResponse no_route(const HttpRequest& request) const;

  Executor executor_;
  Clock& clock_;
  Network& network_;
  HttpServerSettings settings_;
  std::vector<HttpRoute> routes_;
  std::unique_ptr<Listener> listener_;
  bool was_refused_ = false;  // said in the log
  Tasks tasks_;
};

}  // namespace b2m::web
