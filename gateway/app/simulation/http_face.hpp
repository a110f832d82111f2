// SPDX-License-Identifier: MIT
// The addresses of the service that this one replaces, on its two ports, and the call-backs of
// jobs. docs/simulation.md, "Over HTTP".
#pragma once

#include <memory>
#include <string>

#include "gateway/app/simulation/callbacks.hpp"
#include "gateway/web/http_server.hpp"

namespace b2m::app {

class HttpFace {
 public:
  /// All outlive it. `clock` is that of machines, not of a scaled demonstration. `network` null:
  /// the machine's.
  HttpFace(Executor executor, Clock& clock, SimulationService& service,
           const config::SimulationHttp& settings, Network* network = nullptr);
  ~HttpFace();

  /// Before SimulationService::start(), which tells of call-backs that wait. Listens if it is
  /// enabled; call-backs are made in any case.
  void start();
  /// For SimulationService::Hooks::ended.
  void ended(const JobStatus& status) { callbacks_.add(status); }
  /// Requests that wait for their jobs end, and cancel them.
  Awaitable<> stop(SteadyTime deadline);

  [[nodiscard]] const web::HttpServer* simulator() const { return simulator_.get(); }
  [[nodiscard]] const web::HttpServer* queue() const { return queue_.get(); }
  [[nodiscard]] const Callbacks& callbacks() const { return callbacks_; }

 private:
  using Request = web::HttpRequest;
  using Response = web::HttpResponse;
  web::HttpServerSettings server(const char* name, int port, const char* setting) const;
  void make_servers();
  Awaitable<Response> simulate(Request request, std::string simulation_type);
  Awaitable<Result<JobStatus>> over(std::string id);
  Awaitable<Response> publish(Request request);
  enum class IfGone { keep, cancel };
  Awaitable<SimulationService::Submitted> submit(std::string json, std::string callback_url,
                                                 IfGone if_gone);
  Awaitable<Response> publish_text(Request request);
  Awaitable<Response> by_number(Request request);
  [[nodiscard]] Response failed(int status, std::string body) const;
  [[nodiscard]] Response refused(std::string_view why) const;
  [[nodiscard]] Response not_json(const std::string& simulation_type, int status,
                                  std::string_view text) const;
  void cancel(const std::string& id);
  std::int64_t next_number();

  Executor executor_;
  Clock& clock_;
  SimulationService& service_;
  const config::SimulationHttp& settings_;
  std::unique_ptr<Network> own_network_;
  Network& network_;
  HttpRows rows_;
  Callbacks callbacks_;
  std::unique_ptr<web::HttpServer> simulator_, queue_;
  std::int64_t last_number_ = -1;  // not looked for yet
};

}  // namespace b2m::app
