// SPDX-License-Identifier: MIT
// A private mosquitto on a free port of 127.0.0.1: plain, with a login, or with TLS and
// certificates made for the test; stopped, frozen and started again as a test wants it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace b2m::test {

/// A port that nobody listens on just now.
int free_port();

/// A folder under /tmp that goes with this object.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// Two authorities and what the first of them has signed.
class Certificates {
 public:
  Certificates();
  [[nodiscard]] std::string ca() const { return folder_ / "ca.crt"; }
  [[nodiscard]] std::string other_ca() const { return folder_ / "other.crt"; }
  [[nodiscard]] std::string file(const std::string& name) const { return folder_ / name; }

 private:
  void authority(const std::string& name, const std::string& common_name) const;
  void signed_by_ca(const std::string& name, const std::string& subject_alternative) const;
  ScratchFolder folder_;
};

struct BrokerSettings {
  std::string username{}, password{};  // empty: everybody may come in
  bool is_tls = false;
  std::string server_certificate{"server"};  // or "wronghost"
  bool wants_client_certificate = false;
  bool is_persistent = false;        // keeps retained messages over stop() and start()
  std::vector<std::string> lines{};  // more of mosquitto.conf
};

class Broker {
 public:
  explicit Broker(BrokerSettings settings = BrokerSettings());
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  void start();  // returns when it listens
  void stop();   // SIGTERM; the store is saved when it is persistent
  void kill();   // SIGKILL
  void freeze() const;
  void thaw() const;
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url() const;  // with "localhost"
  [[nodiscard]] const Certificates& certificates() const { return *certificates_; }

 private:
  void write_configuration() const;
  [[nodiscard]] bool listens() const;
  void end(int signal);

  BrokerSettings settings_;
  ScratchFolder folder_;
  std::optional<Certificates> certificates_;
  int port_;
  pid_t pid_ = -1;
};

}  // namespace b2m::test
