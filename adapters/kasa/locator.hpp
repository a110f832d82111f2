// SPDX-License-Identifier: MIT
// Where the plugs are: searches by UDP on both ports, keeps who has answered, and says which of
// them a configured plug is.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapters/kasa/device.hpp"
#include "adapters/kasa/discovery.hpp"
#include "adapters/kasa/settings.hpp"
#include "adapters/kasa/turn.hpp"
#include "gateway/io/network.hpp"

namespace b2m::kasa {

class Locator {
 public:
  struct Options {
    bool broadcast = true;
    double interval_s = 900;
    std::vector<std::string> addresses;  // more than those of the interfaces
    std::uint16_t xor_port = kXorPort;
    std::uint16_t tdp_port = kTdpPort;
  };
  /// One device that has answered, and what a login has told of it since.
  struct Known {
    Found found;
    std::string sysinfo_id;  // of sysinfo where the answer had only a hash
    std::string trouble;     // of the last login, in words
    bool is_named = false;   // alias and sockets are known
    SteadyTime seen{};
    SteadyTime next_login{};
    int missed = 0;  // searches in a row that it has not answered
  };

  Locator(const Executor& executor, Network& network, Clock& clock, Options options);
  ~Locator();

  /// Searches until cancelled.
  Awaitable<Result<>> run();
  /// Search now; again at the earliest 10 s after the last search.
  void ask();
  /// Both probes to one address; wakes the newest firmware's web server.
  void probe(const std::string& address);

  /// Errc::not_found: nobody like that has answered; Errc::unknown_device: several have.
  [[nodiscard]] Result<Found> find(const Match& match) const;
  [[nodiscard]] const Known* at_address(const std::string& address) const;
  [[nodiscard]] const std::map<std::string, Known>& known() const { return known_; }
  /// What a login has told; the device is one that has answered, or stands at `address`.
  void learn(const std::string& mac, const DeviceState& state);
  void learn_trouble(const std::string& mac, std::string trouble, SteadyTime next_login);
  /// Notified with each answer that tells something new.
  [[nodiscard]] Bell& news() { return news_; }
  [[nodiscard]] std::uint64_t answers() const { return answers_; }
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

 private:
  Awaitable<Result<>> listen_and_call();
  Awaitable<Result<>> listen();
  Awaitable<Result<>> call();
  Awaitable<Result<>> search();
  void count_missing(SteadyTime since);
  void send_to(const std::string& address);
  void take(Bytes datagram, const Endpoint& from);
  void take(Found found);
  [[nodiscard]] Error nobody_like(const Match& match) const;

  Network& network_;
  Clock& clock_;
  Options options_;
  std::unique_ptr<Datagram> socket_;
  std::map<std::string, Known> known_;  // by MAC
  Bell asked_, news_;
  bool is_asked_ = false;
  SteadyTime last_search_{};
  std::uint32_t serial_ = 0;
  std::uint64_t answers_ = 0;
  std::vector<std::uint8_t> xor_probe_;
  std::string trouble_;  // why searching does not work
};

/// Does the alias of a configuration name this device or one of its sockets?
bool is_called(const Found& found, const std::string& normal);

}  // namespace b2m::kasa
