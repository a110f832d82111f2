// SPDX-License-Identifier: MIT
// The server over a network in memory with virtual time: deadlines, limits, refusals, clients that
// go away; and once over real sockets.
#include <array>

#include <gtest/gtest.h>

#include "gateway/io/bell.hpp"
#include "gateway/io/memory_network.hpp"
#include "gateway/web/http_server.hpp"
#include "tests/support/running.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;
using web::HttpRequest;
using web::HttpResponse;

constexpr std::uint16_t kPort = 8084;

Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string post(std::string_view body, std::string_view more = "") {
  return "POST /echo HTTP/1.1\r\nHost: localhost\r\n" + std::string(more) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

class Client {
 public:
  Client(VirtualClock& clock, Network& network, const Endpoint& to) : clock_(clock) {
    auto connected = finish(clock, network.connect(to, clock.now() + 5s));
    if (connected) stream_ = std::move(*connected);
    clock.settle();
  }

  [[nodiscard]] bool is_connected() const { return stream_ != nullptr; }
  void send(std::string_view text) {
    const auto sent = finish(clock_, stream_->write(bytes_of(text), clock_.now() + 5s));
    EXPECT_TRUE(sent);
    clock_.settle();
  }
  /// All that is there by now.
  std::string receive() {
    std::string text;
    std::array<std::uint8_t, 4096> buffer{};
    for (;;) {
      const auto n = finish(clock_, stream_->read_some(buffer, clock_.now()));
      if (!n) is_closed_ = n.error().code == Errc::disconnected;
      if (!n) return text;
      text.append(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*n));
    }
  }
  std::string ask(std::string_view text) {
    send(text);
    return receive();
  }
  /// As the last receive() found it.
  [[nodiscard]] bool is_closed() const { return is_closed_; }
  void close() {
    stream_.reset();
    clock_.settle();
  }

 private:
  VirtualClock& clock_;
  std::unique_ptr<ByteStream> stream_;
  bool is_closed_ = false;
};

class WebHttpServer : public testing::Test {
 protected:
  ~WebHttpServer() override {
    if (server_) stop();
  }

  void start(const std::string& host = "127.0.0.1", Network* network = nullptr,
             std::uint16_t port = kPort) {
    web::HttpServerSettings settings;
    settings.name = "test";
    settings.area = "test";
    settings.local = {host, port};
    settings.setting = "test.port";
    settings.limits = limits_;
    server_ = std::make_unique<web::HttpServer>(clock_.executor(), clock_,
                                                network ? *network : network_, settings, routes());
    server_->start();
    clock_.settle();
  }

  std::vector<web::HttpRoute> routes() {
    return {{"POST", "/echo", [this](HttpRequest r) { return echo(std::move(r)); }},
            {"GET", "/below/", [this](HttpRequest r) { return path(std::move(r)); }},
            {"POST", "/wait", [this](HttpRequest r) { return wait(std::move(r)); }},
            {"GET", "/wait", [this](HttpRequest r) { return wait(std::move(r)); }},
            {"GET", "/broken", [this](HttpRequest r) { return broken(std::move(r)); }}};
  }

  Awaitable<HttpResponse> echo(HttpRequest request) {
    HttpResponse response;
    response.body = std::move(request.body);
    co_return response;
  }
  Awaitable<HttpResponse> path(HttpRequest request) {
    HttpResponse response;
    response.body = std::move(request.path);
    co_return response;
  }
  Awaitable<HttpResponse> broken(HttpRequest request) {
    throw std::runtime_error(request.path + " is broken");
    co_return HttpResponse();
  }
  Awaitable<HttpResponse> wait(HttpRequest request) {
    ++waiting_;
    const auto rung = co_await bell_.wait();
    --waiting_;
    if (!rung) ++cancelled_;
    HttpResponse response;
    response.body = "waited for " + request.body;
    co_return response;
  }

  Client client() { return {clock_, network_, {"127.0.0.1", kPort}}; }
  static bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
  }
  void stop() {
    auto stopping = [](web::HttpServer& s, SteadyTime deadline) -> Awaitable<Result<>> {
      co_await s.stop(deadline);
      co_return Result<>();
    };
    Running<> running(clock_, stopping(*server_, clock_.now() + 1s));
    while (!running.is_done()) clock_.advance(10ms);
    server_.reset();
  }

  VirtualClock clock_;
  MemoryNetwork network_{clock_.executor(), clock_};
  Bell bell_{clock_.executor()};
  web::HttpLimits limits_;
  std::unique_ptr<web::HttpServer> server_;
  int waiting_ = 0, cancelled_ = 0;
};

TEST_F(WebHttpServer, AnswersAndKeepsTheConnection) {
  start();
  Client c = client();
  const std::string first = c.ask(post("one"));
  EXPECT_TRUE(first.starts_with("HTTP/1.1 200 OK\r\n")) << first;
  EXPECT_TRUE(
      first.ends_with("Content-Length: 3\r\nConnection: keep-alive\r\nCache-Control: "
                      "no-store\r\nX-Content-Type-Options: nosniff\r\n\r\none"))
      << first;
  EXPECT_TRUE(c.ask(post("two")).ends_with("\r\n\r\ntwo"));
  EXPECT_FALSE(has(first, "Access-Control"));
  EXPECT_TRUE(has(c.ask(post("three", "Connection: close\r\n")), "Connection: close"));
  c.receive();
  EXPECT_TRUE(c.is_closed());
}

TEST_F(WebHttpServer, AnswersPipelinedRequestsInTheirOrder) {
  start();
  Client c = client();
  c.send("POST /wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nA" + post("B"));
  c.send(post("C"));
  EXPECT_EQ(waiting_, 1);
  EXPECT_EQ(c.receive(), "");
  bell_.ring();
  clock_.settle();
  const std::string all = c.receive();
  const std::size_t a = all.find("waited for A");
  const std::size_t b = all.find("\r\n\r\nB");
  EXPECT_LT(a, b);
  EXPECT_LT(b, all.find("\r\n\r\nC"));
  EXPECT_TRUE(all.ends_with("C"));
}

TEST_F(WebHttpServer, AFloodBehindAWaitingRequestIsNotReadIntoMemory) {
  start();
  Client c = client();
  c.send("POST /wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nA");
  for (int i = 0; i < 100; ++i) c.send(std::string(4096, '\n'));
  EXPECT_EQ(waiting_, 1);
  bell_.ring();
  clock_.settle();
  EXPECT_TRUE(has(c.receive(), "waited for A"));
}

TEST_F(WebHttpServer, SaysWhatIsWrongWithAnAddress) {
  start();
  Client c = client();
  const std::string none = c.ask("GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(none.starts_with("HTTP/1.1 404 ")) << none;
  EXPECT_TRUE(has(none, "{\"error\": \"404 Not Found: "));
  const std::string method = c.ask("DELETE /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(method.starts_with("HTTP/1.1 405 ")) << method;
  EXPECT_TRUE(has(method, "\r\nAllow: POST, GET\r\n"));
  EXPECT_TRUE(has(c.ask("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n"), " 404 "));
  EXPECT_TRUE(c.ask("GET /below/7 HTTP/1.1\r\nHost: localhost\r\n\r\n").ends_with("/below/7"));
  EXPECT_TRUE(c.ask("GET http://localhost/below/8 HTTP/1.1\r\nHost: localhost\r\n\r\n")
                  .ends_with("/below/8"));
  EXPECT_FALSE(c.is_closed());
}

TEST_F(WebHttpServer, RefusesGarbageAndClosesAfterwards) {
  start();
  Client c = client();
  const std::string text = c.ask("\x16\x03\x01 nonsense\r\n\r\n");
  EXPECT_TRUE(text.starts_with("HTTP/1.1 400 Bad Request\r\n")) << text;
  EXPECT_TRUE(has(text, "Connection: close"));
  clock_.advance(3s);
  c.receive();
  EXPECT_TRUE(c.is_closed());
}

TEST_F(WebHttpServer, RefusesABodyThatIsTooLongAtItsHeadAndReadsTheRestAway) {
  limits_.body_bytes = 100;
  start();
  Client c = client();
  c.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\n\r\n");
  for (int i = 0; i < 100; ++i) c.send(std::string(10'000, 'x'));
  EXPECT_TRUE(c.receive().starts_with("HTTP/1.1 413 "));
  EXPECT_FALSE(c.is_closed());
  clock_.advance(3s);
  c.receive();
  EXPECT_TRUE(c.is_closed());
}

TEST_F(WebHttpServer, ASlowRequestEndsWith408HoweverItDrips) {
  start();
  Client c = client();
  for (int i = 0; i < 19; ++i) {
    c.send(i == 0 ? "GET /below/" : "x");
    clock_.advance(1s);
  }
  EXPECT_EQ(c.receive(), "");
  clock_.advance(2s);
  EXPECT_TRUE(c.receive().starts_with("HTTP/1.1 408 Request Timeout\r\n"));
  clock_.advance(3s);
  c.receive();
  EXPECT_TRUE(c.is_closed());
}

TEST_F(WebHttpServer, ASilentConnectionIsClosedWithoutAWord) {
  start();
  Client c = client();
  clock_.advance(59s);
  EXPECT_TRUE(has(c.ask(post("still there")), "still there"));
  clock_.advance(61s);
  EXPECT_EQ(c.receive(), "");
  EXPECT_TRUE(c.is_closed());
}

TEST_F(WebHttpServer, AsksForTheBodyWhenTheClientWaitsForThat) {
  start();
  Client c = client();
  EXPECT_EQ(c.ask("POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
                  "Content-Length: 2\r\n\r\n"),
            "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_TRUE(c.ask("ab").ends_with("\r\n\r\nab"));
}

TEST_F(WebHttpServer, ChunksMayComeByteByByte) {
  start();
  Client c = client();
  const std::string_view wire =
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "2\r\nab\r\n0\r\n\r\n";
  for (const char& byte : wire) c.send({&byte, 1});
  EXPECT_TRUE(c.receive().ends_with("\r\n\r\nab"));
}

TEST_F(WebHttpServer, AClientThatGoesAwayCancelsItsRequest) {
  start();
  Client c = client();
  c.send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(waiting_, 1);
  c.close();
  EXPECT_EQ(waiting_, 0);
  EXPECT_EQ(cancelled_, 1);
  EXPECT_TRUE(has(client().ask(post("next")), "next"));
}

TEST_F(WebHttpServer, AnExceptionIsAnAnswerAndNotTheEnd) {
  start();
  Client c = client();
  EXPECT_TRUE(
      c.ask("GET /broken HTTP/1.1\r\nHost: localhost\r\n\r\n").starts_with("HTTP/1.1 500 "));
  EXPECT_TRUE(has(c.ask(post("next")), "next"));
}

TEST_F(WebHttpServer, TurnsAwayWhatIsTooManyAndTakesTheNextOneAgain) {
  limits_.connections = 3;
  start();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 3; ++i)
    clients.push_back(std::make_unique<Client>(clock_, network_, Endpoint{"127.0.0.1", kPort}));
  Client fourth = client();
  EXPECT_TRUE(fourth.receive().starts_with("HTTP/1.1 503 "));
  EXPECT_TRUE(fourth.is_closed());
  clients.pop_back();
  clock_.settle();
  EXPECT_TRUE(has(client().ask(post("next")), "next"));
}

TEST_F(WebHttpServer, OnLoopbackOnlyOwnNamesAndOwnPagesMayAsk) {
  start();
  const auto with = [](std::string_view host, std::string_view more = "") {
    return "POST /echo HTTP/1.1\r\nHost: " + std::string(host) + "\r\n" + std::string(more) +
           "Content-Length: 0\r\n\r\n";
  };
  Client c = client();
  for (const char* own :
       {"localhost", "LocalHost:8084", "127.0.0.1:8084", "127.1.2.3", "[::1]:8084"})
    EXPECT_TRUE(has(c.ask(with(own)), "200 OK")) << own;
  for (const char* other : {"evil.example", "127.0.0.1.evil.example:8084", "localhost.evil.example",
                            "192.168.1.5", "[::1].evil.example"})
    EXPECT_TRUE(has(c.ask(with(other)), "403 Forbidden")) << other;
  EXPECT_TRUE(has(c.ask(with("localhost", "Origin: http://evil.example\r\n")), "403 Forbidden"));
  EXPECT_TRUE(has(c.ask(with("localhost", "Origin: null\r\n")), "403 Forbidden"));
  EXPECT_TRUE(has(c.ask(with("localhost", "Origin: http://localhost\r\n")), "200 OK"));
  EXPECT_TRUE(has(c.ask(with("localhost", "Host: localhost\r\n")), "400 Bad Request"));
}

TEST_F(WebHttpServer, ElsewhereEveryNameMayAsk) {
  start("192.168.1.5");
  Client c(clock_, network_, {"192.168.1.5", kPort});
  EXPECT_TRUE(
      has(c.ask("POST /echo HTTP/1.1\r\nHost: simulator\r\nContent-Length: 0\r\n\r\n"), "200 OK"));
}

TEST_F(WebHttpServer, GoesOnWithoutAPortThatIsInUseAndTakesItOnceItIsFree) {
  auto other = network_.listen({"127.0.0.1", kPort});
  ASSERT_TRUE(other);
  start();
  EXPECT_FALSE(server_->port());
  other->reset();
  clock_.advance(31s);
  EXPECT_EQ(server_->port(), kPort);
}

TEST_F(WebHttpServer, StopsInTheMiddleOfEverything) {
  start();
  Client waiting = client();
  waiting.send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
  Client partial = client();
  partial.send("GET /wai");
  Client idle = client();
  stop();
  EXPECT_EQ(cancelled_, 1);
  for (Client* c : {&waiting, &partial, &idle}) {
    c->receive();
    EXPECT_TRUE(c->is_closed());
  }
  EXPECT_FALSE(client().is_connected());
}

TEST_F(WebHttpServer, WorksOverRealSocketsAndSaysWhenAPortIsTaken) {
  const auto network = make_network(clock_.executor(), clock_);
  start("127.0.0.1", network.get(), 0);
  ASSERT_TRUE(server_->port());
  auto stream =
      finish(clock_, network->connect({"127.0.0.1", *server_->port()}, clock_.now() + 5s));
  ASSERT_TRUE(stream);
  ASSERT_TRUE(finish(clock_, (*stream)->write(bytes_of(post("real")), kNoDeadline)));
  std::string text;
  while (!text.ends_with("real")) {
    std::array<std::uint8_t, 512> buffer{};
    const auto n = finish(clock_, (*stream)->read_some(buffer, clock_.now() + 5s));
    ASSERT_TRUE(n);
    text.append(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*n));
  }
  EXPECT_TRUE(text.starts_with("HTTP/1.1 200 OK"));
  web::HttpServerSettings same;
  same.local = {"127.0.0.1", *server_->port()};
  web::HttpServer second(clock_.executor(), clock_, *network, same, {});
  second.start();
  EXPECT_FALSE(second.port());
  auto ending = [](web::HttpServer& s, SteadyTime deadline) -> Awaitable<Result<>> {
    co_await s.stop(deadline);
    co_return Result<>();
  };
  Running<> end(clock_, ending(second, clock_.now() + 1s));
  while (!end.is_done()) clock_.advance(10ms);
}

}  // namespace
}  // namespace b2m::test
