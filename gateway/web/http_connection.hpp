// SPDX-License-Identifier: MIT
// One client: its requests one after the other, each with its deadlines.
#pragma once

#include <array>

#include "gateway/io/bell.hpp"
#include "gateway/web/http_reader.hpp"
#include "gateway/web/http_server.hpp"

namespace b2m::web {

class HttpServer::Connection {
 public:
  Connection(const HttpServer& server, std::unique_ptr<ByteStream> stream);
  /// Until the client goes, is refused or is silent for too long.
  Awaitable<> run();

 private:
  Awaitable<bool> await_request();
  Awaitable<std::optional<HttpResponse>> answer(HttpRequest request);
  Awaitable<> watch();
  Awaitable<bool> write(const HttpResponse& response, bool keeps_alive);
  Awaitable<bool> write(std::string text);
  Awaitable<> refuse(HttpResponse response);

  const HttpServer& server_;
  Clock& clock_;
  const HttpLimits& limits_;
  std::unique_ptr<ByteStream> stream_;
  HttpReader reader_;
  Bell never_;
  std::array<std::uint8_t, 8192> buffer_{};
};

}  // namespace b2m::web
