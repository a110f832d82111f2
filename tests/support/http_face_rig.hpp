// SPDX-License-Identifier: MIT
// The simulation service behind its HTTP face, on a network in memory with virtual time; a client
// of it, and somebody who takes call-backs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "gateway/app/simulation/http_face.hpp"
#include "gateway/io/memory_network.hpp"
#include "tests/support/scripted_place.hpp"
#include "tests/support/virtual_clock.hpp"

namespace b2m::test {

struct HttpReply {
  int status = 0;  // 0: none
  std::string body;
  [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
};

/// One connection.
class HttpClient {
 public:
  HttpClient(VirtualClock& clock, Network& network, std::uint16_t port);
  void send(const std::string& method, const std::string& target, const std::string& body = "",
            const std::string& content_type = "application/json");
  /// Waits for it, also in real time (calculating needs that).
  HttpReply receive();
  void close();

 private:
  VirtualClock& clock_;
  std::unique_ptr<ByteStream> stream_;
  std::string received_;
};

class HttpFaceRig {
 public:
  enum class Calculates { scripted, really };

  /// `folder`: of the database; empty: none.
  explicit HttpFaceRig(Calculates how = Calculates::scripted, std::string folder = {});
  ~HttpFaceRig();
  /// With the settings as they are now.
  void start();
  void stop();

  HttpReply ask(std::uint16_t port, const std::string& method, const std::string& target,
                const std::string& body = "", const std::string& content_type = "application/json");
  HttpReply cell(const std::string& body) { return ask(8084, "POST", "/cell/simulate", body); }
  HttpReply publish(const std::string& body) { return ask(8081, "POST", "/queue/publish", body); }
  /// Until it is, in real time.
  bool wait_until(const std::function<bool()>& done);

  VirtualClock clock;
  MemoryNetwork network{clock.executor(), clock};
  config::Simulation settings;
  ScriptedPlace* place = nullptr;  // null where it really calculates
  std::unique_ptr<store::Database> database;
  std::unique_ptr<store::Simulations> store;
  std::unique_ptr<app::SimulationService> service;
  std::unique_ptr<app::HttpFace> face;

 private:
  void build_service();
  Calculates how_;
  std::string folder_;
};

/// Takes what is posted to http://receiver:9000/..., and answers with a status.
class CallbackReceiver {
 public:
  explicit CallbackReceiver(HttpFaceRig& rig);
  ~CallbackReceiver();

  std::vector<nlohmann::json> taken;
  std::vector<std::string> paths;
  int status = 200;

 private:
  Awaitable<web::HttpResponse> take(web::HttpRequest request);
  HttpFaceRig& rig_;
  std::unique_ptr<web::HttpServer> server_;
};

}  // namespace b2m::test
