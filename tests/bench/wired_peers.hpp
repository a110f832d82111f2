// SPDX-License-Identifier: MIT
// Simulated wires on a thread of their own: a ring of modules on a pseudo terminal, which keeps the
// time of the real line, and nodes on a socket, which keep the time of their clock.
#pragma once

#include <cstdint>
#include <deque>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "adapters/spi_nodes/peer.hpp"
#include "adapters/tesla_uart/peer.hpp"
#include "gateway/app/spi_server.hpp"
#include "gateway/io/pty_stream.hpp"
#include "tests/bench/measure.hpp"

namespace b2m::bench {

inline constexpr int kNodesClock_hz = 8000;
inline constexpr double kClocksPerByte = 9;  // as the simulated nodes have it

class LoopThread {
 public:
  LoopThread() : clock_(make_clock(io_.get_executor())), thread_([this] { io_.run(); }) {}
  ~LoopThread() { stop(); }
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  void stop() {
    if (!thread_.joinable()) return;
    boost::asio::post(io_, [this] {
      is_ending_ = true;
      for (auto& end : ends_) end.emit(boost::asio::cancellation_type::terminal);
      work_.reset();
    });
    thread_.join();
  }
  /// On the thread; returns when it is done.
  template <class Work>
  void run(Work work) {
    std::promise<void> done;
    boost::asio::post(io_, [&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  /// From the thread; goes on until stop().
  void spawn(Awaitable<Result<>> task) {
    // A coroutine that is cancelled between two waits ends with an exception.
    const auto ended = [this](const std::exception_ptr& thrown, const Result<>&) {
      if (thrown && !is_ending_) std::rethrow_exception(thrown);
    };
    boost::asio::co_spawn(io_, std::move(task),
                          boost::asio::bind_cancellation_slot(ends_.emplace_back().slot(), ended));
  }
  [[nodiscard]] Executor executor() { return io_.get_executor(); }
  [[nodiscard]] Clock& clock() { return *clock_; }

 private:
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};
  std::deque<boost::asio::cancellation_signal> ends_;
  bool is_ending_ = false;  // the thread's
  std::unique_ptr<Clock> clock_;
  std::thread thread_;
};

class RingThread {
 public:
  /// `path` becomes the line.
  RingThread(const std::string& path, int modules) {
    tesla_uart::RingPeerSettings settings;
    settings.is_paced = true;
    peer_ = std::make_unique<tesla_uart::RingPeer>(loop_.clock(), settings);
    for (int i = 0; i < modules; ++i) cells_.push_back(&peer_->add_fixed());
    auto line = make_pty_stream(loop_.executor(), path);
    if (!line) throw std::runtime_error(line.error().text());
    line_ = std::move(*line);
    loop_.run([this] { loop_.spawn(peer_->run(*line_)); });
  }
  ~RingThread() { loop_.stop(); }

  /// Cells of all modules in a row, from 0; when it was.
  std::int64_t set(std::size_t cell, Volts voltage) {
    std::int64_t at = 0;
    loop_.run([&] {
      cells_[cell / tesla_uart::peer::kCells]->voltages[cell % tesla_uart::peer::kCells] = voltage;
      at = now_ns();
    });
    return at;
  }

 private:
  LoopThread loop_;
  std::vector<tesla_uart::peer::FixedCells*> cells_;
  std::unique_ptr<tesla_uart::RingPeer> peer_;
  std::unique_ptr<PtyStream> line_;
};

/// On select line n or, where they share it, with address n + 1.
inline spi_nodes::NodeWiring node_wiring(int n, bool is_shared) {
  spi_nodes::NodeWiring wiring;
  wiring.select = static_cast<std::uint8_t>(is_shared ? 0 : n);
  wiring.address = static_cast<std::uint8_t>(n + 1);
  wiring.serial[5] = static_cast<std::uint8_t>(n + 1);
  return wiring;
}

class NodesThread {
 public:
  NodesThread(const std::string& path, int nodes, bool is_shared)
      : server_(loop_.executor(), loop_.clock(), path, true, [this](const SpiRequest& request) {
          return peer_.exchange(request.select, request.bytes, loop_.clock().now(),
                                static_cast<int>(request.clock_hz));
        }) {
    for (int n = 0; n < nodes; ++n) peer_.add_fixed(node_wiring(n, is_shared));
    if (const Result<> opened = server_.open(); !opened)
      throw std::runtime_error(opened.error().text());
    loop_.run([this] { loop_.spawn(server_.run()); });
  }
  ~NodesThread() {
    loop_.run([this] { server_.close(); });
    loop_.stop();
  }

 private:
  LoopThread loop_;
  spi_nodes::NodesPeer peer_;
  app::SpiServer server_;
};

}  // namespace b2m::bench
