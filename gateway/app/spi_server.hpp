// SPDX-License-Identifier: MIT
// The server's end of gateway/io/spi_socket.hpp: simulated nodes on a Unix socket.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/io/clock.hpp"
#include "gateway/io/spi_socket.hpp"

namespace b2m::app {

class SpiServer {
 public:
  /// What comes back on MISO.
  using Answer = std::function<std::vector<std::uint8_t>(const SpiRequest& request)>;

  /// Paced: exchanges take their bits' time, one after the other. The clock outlives it.
  SpiServer(Executor executor, Clock& clock, std::string path, bool is_paced, Answer answer);
  /// Nothing is answered any more, and the socket is gone.
  ~SpiServer();
  SpiServer(const SpiServer&) = delete;
  SpiServer& operator=(const SpiServer&) = delete;

  /// The socket is there from now on.
  Result<> open();
  /// Takes connections until it is cancelled.
  Awaitable<Result<>> run();
  /// The socket goes, and every connection with it; open() brings it back.
  void close();
  [[nodiscard]] bool is_open() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace b2m::app
