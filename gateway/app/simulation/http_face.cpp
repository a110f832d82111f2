// SPDX-License-Identifier: MIT
#include "gateway/app/simulation/http_face.hpp"

#include <fmt/format.h>

#include "gateway/app/simulation/http_answers.hpp"
#include "gateway/log.hpp"

namespace b2m::app {
namespace {

constexpr std::size_t kMaxBody = 64 * 1024;  // read on the event loop; larger jobs go over MQTT
constexpr std::int64_t kMostNumber = 1'000'000'000;
constexpr std::string_view kByNumber = "/getSimulation/";
constexpr std::string_view kWantsJson =
    "the body must be JSON, with Content-Type: application/json";

web::HttpResponse json_response(std::string body) {
  web::HttpResponse response;
  response.body = std::move(body);
  return response;
}

web::HttpResponse text_response(std::string body) {
  web::HttpResponse response;
  response.body = std::move(body);
  response.content_type = "text/plain; charset=utf-8";
  return response;
}

std::string text_of(const RequestError& error) {
  return error.field.empty() ? error.text : fmt::format("{}: {}", error.field, error.text);
}

/// What a coroutine waits for that others bring.
template <class T>
struct Arrival {
  explicit Arrival(const Executor& executor) : bell(executor) {}
  void bring(T value) {
    here = std::move(value);
    bell.ring();
  }
  std::optional<T> here;
  Bell bell;
  bool is_left = false;  // nobody waits any more
};

/// Errc::cancelled, or it is here.
template <class T>
Awaitable<Result<>> await_arrival(std::shared_ptr<Arrival<T>> arrival) {
  while (!arrival->here) {
    const auto rung = co_await arrival->bell.wait();
    if (!rung) co_return rung;
  }
  co_return Result<>();
}

}  // namespace

HttpFace::HttpFace(Executor executor, Clock& clock, SimulationService& service,
                   const config::SimulationHttp& settings, Network* network)
    : executor_(executor),
      clock_(clock),
      service_(service),
      settings_(settings),
      own_network_(network ? nullptr : make_network(executor, clock)),
      network_(network ? *network : *own_network_),
      rows_(executor, service),
      callbacks_(std::move(executor), clock, network_, service, rows_, settings) {}

HttpFace::~HttpFace() = default;

web::HttpServerSettings HttpFace::server(const char* name, int port, const char* setting) const {
  web::HttpServerSettings server;
  server.name = name;
  server.area = "simulation";
  server.local = {settings_.address, static_cast<std::uint16_t>(port)};
  server.setting = setting;
  server.limits.body_bytes = kMaxBody;
  return server;
}

void HttpFace::make_servers() {
  std::vector<web::HttpRoute> simulator{
      {"POST", "/cell/simulate", [this](Request r) { return simulate(std::move(r), "cell"); }},
      {"POST", "/drivecycle/simulate",
       [this](Request r) { return simulate(std::move(r), "driveCycle"); }}};
  std::vector<web::HttpRoute> queue{
      {"POST", "/queue/publish", [this](Request r) { return publish(std::move(r)); }},
      {"GET", "/string/publish", [this](Request r) { return publish_text(std::move(r)); }},
      {"GET", std::string(kByNumber), [this](Request r) { return by_number(std::move(r)); }}};
  simulator_ = std::make_unique<web::HttpServer>(
      executor_, clock_, network_, server("simulator", settings_.port, "simulation.http.port"),
      std::move(simulator));
  queue_ = std::make_unique<web::HttpServer>(
      executor_, clock_, network_,
      server("queue", settings_.queue_port, "simulation.http.queue_port"), std::move(queue));
}

void HttpFace::start() {
  callbacks_.start();
  if (!settings_.enabled) return;
  make_servers();
  simulator_->start();
  queue_->start();
}

Awaitable<> HttpFace::stop(SteadyTime deadline) {
  if (simulator_) co_await simulator_->stop(deadline);
  if (queue_) co_await queue_->stop(deadline);
  co_await callbacks_.stop(deadline);
}

/// As its clients expect, a failure is 200 unless the user wants it otherwise.
HttpFace::Response HttpFace::failed(int status, std::string body) const {
  Response response = json_response(std::move(body));
  if (settings_.strict_status) response.status = status;
  return response;
}

/// Of /queue/publish, which does not know the type.
HttpFace::Response HttpFace::refused(std::string_view why) const {
  return failed(400, failed_answer({}, why));
}

/// The original has two shapes for this.
HttpFace::Response HttpFace::not_json(const std::string& simulation_type, int status,
                                      std::string_view text) const {
  if (simulation_type == "cell") return failed(status, web::error_response(status, text).body);
  const std::string error =
      fmt::format("Error: {} {}: {}", status, web::reason_phrase(status), text);
  return failed(status,
                fmt::format(R"({{"jobStarted": false, "error": {}}})", web::json_text(error)));
}

Awaitable<HttpFace::Response> HttpFace::simulate(Request request, std::string simulation_type) {
  if (!request.is_json()) co_return not_json(simulation_type, 415, kWantsJson);
  const OriginalRequest original = original_request(request.body, simulation_type);
  if (!original.problem.empty()) co_return not_json(simulation_type, 400, original.problem);
  const auto submitted = co_await submit(original.json, {}, IfGone::cancel);
  if (submitted.id.empty())
    co_return failed(400, failed_answer(simulation_type, text_of(submitted.error)));
  const auto status = co_await over(submitted.id);
  if (!status) co_return web::error_response(503, status.error().detail);
  if (const std::string why = failure_of(*status); !why.empty())
    co_return failed(422, failed_answer(simulation_type, why));
  auto rows = co_await rows_.of(submitted.id);
  if (!rows) co_return failed(422, failed_answer(simulation_type, rows.error().detail));
  Response response = json_response(started_answer(simulation_type, std::move(rows->text)));
  response.kept = std::move(rows->room);
  co_return response;
}

/// Who asked is gone when this is cancelled: then nobody needs the job any more.
Awaitable<Result<JobStatus>> HttpFace::over(std::string id) {
  if (!service_.status(id)) co_return Error(Errc::not_found, "the job has been deleted");
  const auto arrival = std::make_shared<Arrival<JobStatus>>(executor_);
  service_.when_over(id, [arrival](const JobStatus& status) { arrival->bring(status); });
  if (const auto waited = co_await await_arrival(arrival); !waited) {
    cancel(id);
    co_return Error(Errc::cancelled, "the gateway stops");
  }
  co_return *arrival->here;
}

Awaitable<HttpFace::Response> HttpFace::publish(Request request) {
  if (!request.is_json()) co_return failed(415, web::error_response(415, kWantsJson).body);
  for (;;) {
    const std::int64_t number = next_number();
    std::string callback_url;
    std::string json = numbered_request(request.body, number, callback_url);
    if (json.empty()) co_return refused("the body is not a JSON object");
    if (callback_url.empty()) callback_url = settings_.callback_url;
    if (!callback_url.empty())
      if (const auto allowed = allowed_callback(callback_url, settings_); !allowed)
        co_return refused("callback: " + allowed.error().detail);
    const auto submitted = co_await submit(std::move(json), callback_url, IfGone::keep);
    const bool is_taken = submitted.is_known || submitted.error.field == "id";
    if (is_taken) continue;  // somebody chose this number for a job of his own
    if (submitted.id.empty()) co_return refused(text_of(submitted.error));
    co_return text_response(std::to_string(number));
  }
}

/// Read on another thread; returns once the job is on the disk, so that a number that was handed
/// out is never lost.
Awaitable<SimulationService::Submitted> HttpFace::submit(std::string json, std::string callback_url,
                                                         IfGone if_gone) {
  using Submitted = SimulationService::Submitted;
  const auto arrival = std::make_shared<Arrival<Submitted>>(executor_);
  const auto told = [this, arrival, if_gone](const Submitted& submitted) {
    if (!arrival->is_left) return arrival->bring(submitted);
    if (if_gone == IfGone::cancel && !submitted.id.empty()) cancel(submitted.id);
  };
  service_.submit_later(std::move(json), std::move(callback_url), told);
  if (const auto waited = co_await await_arrival(arrival); waited) co_return *arrival->here;
  arrival->is_left = true;
  if (arrival->here) told(*arrival->here);
  Submitted stopped;
  stopped.error.text = "the gateway stops";
  co_return stopped;
}

void HttpFace::cancel(const std::string& id) {
  if (const auto cancelled = service_.cancel(id); !cancelled)
    log::debug("simulation", "job {}: {}", id, cancelled.error().text());
}

/// The original put the text on a queue that nobody read.
Awaitable<HttpFace::Response> HttpFace::publish_text(Request request) {
  if (request.parameter("message").empty())
    co_return web::error_response(400, "the parameter message is missing");
  co_return text_response("the message was taken; nobody reads it");
}

Awaitable<HttpFace::Response> HttpFace::by_number(Request request) {
  const std::string id = request.path.substr(kByNumber.size());
  auto status = service_.status(id);
  if (!status) co_return web::error_response(404, "there is no job of this number");
  auto rows = co_await rows_.of(id);
  if (!rows && rows.error().code == Errc::cancelled)
    co_return web::error_response(503, "the gateway stops");
  if (!rows) status->reason = rows.error().detail;
  Response response =
      json_response(number_answer(*status, rows ? std::move(rows->text) : std::string()));
  if (rows) response.kept = std::move(rows->room);
  co_return response;
}

/// Goes on after a restart, where the original began at 1 again.
std::int64_t HttpFace::next_number() {
  if (last_number_ < 0) last_number_ = service_.largest_number(kMostNumber);
  return ++last_number_;
}

}  // namespace b2m::app
