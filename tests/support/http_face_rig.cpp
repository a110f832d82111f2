// SPDX-License-Identifier: MIT
#include "tests/support/http_face_rig.hpp"

#include <array>
#include <charconv>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "gateway/app/simulation/local_place.hpp"
#include "gateway/app/simulation/sources.hpp"
#include "tests/support/running.hpp"

namespace b2m::test {
namespace {

using namespace std::chrono_literals;

constexpr auto kRealLimit = std::chrono::seconds(60);

template <class Stopped>
void stop_now(VirtualClock& clock, Stopped& what) {
  auto stopping = [](Stopped& w, SteadyTime deadline) -> Awaitable<Result<>> {
    co_await w.stop(deadline);
    co_return Result<>();
  };
  const Running<> running(clock, stopping(what, clock.now() + 1s));
  while (!running.is_done()) clock.advance(10ms);
}

}  // namespace

HttpClient::HttpClient(VirtualClock& clock, Network& network, std::uint16_t port) : clock_(clock) {
  auto connected = finish(clock, network.connect({"127.0.0.1", port}, clock.now() + 5s));
  if (connected) stream_ = std::move(*connected);
}

void HttpClient::send(const std::string& method, const std::string& target, const std::string& body,
                      const std::string& content_type) {
  if (!stream_) return;
  const std::string text = fmt::format(
      "{} {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}",
      method, target, content_type, body.size(), body);
  const Bytes bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  EXPECT_TRUE(finish(clock_, stream_->write(bytes, clock_.now() + 5s)));
  clock_.settle();
}

HttpReply HttpClient::receive() {
  HttpReply reply;
  if (!stream_) return reply;
  std::size_t head = received_.npos;
  std::size_t length = 0;
  while (head == received_.npos || received_.size() < head + 4 + length) {
    std::array<std::uint8_t, 4096> buffer{};
    Running<std::size_t> reading(clock_, stream_->read_some(buffer, kNoDeadline));
    clock_.run_until([&] { return reading.is_done(); }, kRealLimit);
    if (!reading.is_done() || !reading.result()) return reply;
    received_.append(buffer.begin(),
                     buffer.begin() + static_cast<std::ptrdiff_t>(*reading.result()));
    head = received_.find("\r\n\r\n");
    const std::size_t field = received_.find("Content-Length: ");
    if (field < head) std::from_chars(&received_[field + 16], &received_[head], length);
  }
  std::from_chars(&received_[9], &received_[12], reply.status);
  reply.body = received_.substr(head + 4, length);
  received_.erase(0, head + 4 + length);
  return reply;
}

void HttpClient::close() {
  stream_.reset();
  clock_.settle();
}

HttpFaceRig::HttpFaceRig(Calculates how, std::string folder)
    : how_(how), folder_(std::move(folder)) {
  settings.http.enabled = true;
  settings.http.callback_hosts.emplace_back("receiver:9000");
}

HttpFaceRig::~HttpFaceRig() { stop(); }

void HttpFaceRig::build_service() {
  if (!folder_.empty()) {
    database = *store::Simulations::open(folder_ + "/jobs.db");
    store = std::make_unique<store::Simulations>(*database);
  }
  std::vector<std::unique_ptr<app::JobPlace>> places;
  if (how_ == Calculates::scripted) {
    places.push_back(std::make_unique<ScriptedPlace>(8));
    place = static_cast<ScriptedPlace*>(places.front().get());
  } else {
    places.push_back(std::make_unique<app::LocalPlace>(clock.executor(), 2, app::RequestLimits()));
  }
  app::SimulationService::Hooks hooks;
  hooks.ended = [this](const app::JobStatus& status) {
    if (face) face->ended(status);
  };
  hooks.allows_callback = [this](const std::string& url) -> Result<> {
    const auto allowed = app::allowed_callback(url, settings.http);
    return allowed ? Result<>() : allowed.error();
  };
  service = std::make_unique<app::SimulationService>(
      clock.executor(), settings, clock, store.get(), std::move(places),
      app::request_sources(settings, std::string(B2M_SOURCE_DIR) + "/config/x.toml"), hooks);
}

void HttpFaceRig::start() {
  build_service();
  face =
      std::make_unique<app::HttpFace>(clock.executor(), clock, *service, settings.http, &network);
  face->start();
  service->start();
  clock.settle();
}

void HttpFaceRig::stop() {
  if (!face) return;
  stop_now(clock, *face);
  service->stop();
  face.reset();
  service.reset();
  store.reset();
  database.reset();
}

HttpReply HttpFaceRig::ask(std::uint16_t port, const std::string& method, const std::string& target,
                           const std::string& body, const std::string& content_type) {
  HttpClient client(clock, network, port);
  client.send(method, target, body, content_type);
  return client.receive();
}

bool HttpFaceRig::wait_until(const std::function<bool()>& done) {
  return clock.run_until(done, kRealLimit);
}

CallbackReceiver::CallbackReceiver(HttpFaceRig& rig) : rig_(rig) {
  web::HttpServerSettings server;
  server.name = "receiver";
  server.area = "test";
  server.local = {"receiver", 9000};
  server.limits.body_bytes = 1 << 20;
  const auto take_it = [this](web::HttpRequest r) { return take(std::move(r)); };
  std::vector<web::HttpRoute> routes{{"POST", "/done/", take_it}, {"POST", "/done", take_it}};
  server_ = std::make_unique<web::HttpServer>(rig.clock.executor(), rig.clock, rig.network, server,
                                              std::move(routes));
  server_->start();
  rig.clock.settle();
}

CallbackReceiver::~CallbackReceiver() { stop_now(rig_.clock, *server_); }

Awaitable<web::HttpResponse> CallbackReceiver::take(web::HttpRequest request) {
  web::HttpResponse response;
  response.status = status;
  if (status == 200) taken.push_back(nlohmann::json::parse(request.body, nullptr, false));
  paths.push_back(request.path);
  co_return response;
}

}  // namespace b2m::test
