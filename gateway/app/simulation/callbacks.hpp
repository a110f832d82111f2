// SPDX-License-Identifier: MIT
// Tells the URLs that jobs name about their ends: again and again, over restarts, until they answer
// or a day has passed.
#pragma once

#include <deque>
#include <string>

#include "config/simulation.hpp"
#include "gateway/app/simulation/http_rows.hpp"
#include "gateway/app/simulation/service.hpp"
#include "gateway/io/bell.hpp"
#include "gateway/web/http_client.hpp"
#include "gateway/web/tasks.hpp"

namespace b2m::app {

/// Whether results may be posted there: http, and a host that the configuration names.
Result<web::HttpUrl> allowed_callback(const std::string& url, const config::SimulationHttp& http);

class Callbacks {
 public:
  /// All outlive it; `clock` is the network's.
  Callbacks(Executor executor, Clock& clock, Network& network, SimulationService& service,
            HttpRows& rows, const config::SimulationHttp& settings);

  void start();
  /// For SimulationService::Hooks::ended.
  void add(const JobStatus& status);
  Awaitable<> stop(SteadyTime deadline);
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  struct Waiting {
    std::string id;
    web::HttpUrl url;
    SteadyTime next;
    SteadyDuration pause{};     // before the next try, once this one has failed
    SteadyTime since;           // as if it had been over all that time in this run
    bool is_unreached = false;  // at its last try, nobody was there
    bool is_in_work = false;
  };
  Awaitable<> work();
  Awaitable<Result<>> deliver(std::string id, web::HttpUrl url);
  [[nodiscard]] SteadyDuration age(const JobStatus& status) const;
  [[nodiscard]] Waiting* first_due();
  [[nodiscard]] SteadyTime next_due() const;
  void settled(std::string id);
  void failed(Waiting& waiting, const Error& error);
  void share(const Waiting& failed);
  void wake(const Endpoint& server);
  [[nodiscard]] Waiting* find(const std::string& id);

  Clock& clock_;
  Network& network_;
  SimulationService& service_;
  HttpRows& rows_;
  const config::SimulationHttp& settings_;
  std::deque<Waiting> waiting_;
  Bell bell_;
  web::Tasks tasks_;
};

}  // namespace b2m::app
