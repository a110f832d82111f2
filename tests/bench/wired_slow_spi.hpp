// SPDX-License-Identifier: MIT
// Nodes behind a controller whose transfers block for long, as those of spidev do, and a watch on
// how late a loop is meanwhile.
#pragma once

#include <algorithm>
#include <charconv>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "gateway/io/linux_spi_worker.hpp"
#include "gateway/io/nothrow.hpp"
#include "tests/bench/wired_peers.hpp"

namespace b2m::bench {

/// Every select line is a node of its own; the device's name ends with its number.
class SlowController {
 public:
  SlowController(int nodes, std::int64_t transfer_ns) : transfer_ns_(transfer_ns) {
    for (int n = 0; n < nodes; ++n) peer_.add_fixed(node_wiring(n, false));
  }
  [[nodiscard]] Result<std::unique_ptr<SpiBus>> open(Executor executor, const std::string& device) {
    int select = 0;
    const auto dot = device.rfind('.');
    std::from_chars(device.data() + dot + 1, device.data() + device.size(), select);
    return std::unique_ptr<SpiBus>(
        std::make_unique<Select>(*this, std::move(executor), static_cast<std::uint8_t>(select)));
  }
  [[nodiscard]] std::uint64_t transfers() const { return transfers_; }

 private:
  class Select final : public SpiBus {
   public:
    Select(SlowController& controller, Executor executor, std::uint8_t select)
        : controller_(controller), executor_(std::move(executor)), select_(select) {}
    Awaitable<Result<std::vector<std::uint8_t>>> exchange(std::vector<std::uint8_t> out) override {
      SpiWorker::Work work = [&c = controller_, select = select_, out = std::move(out)] {
        return SpiWorker::Reply(c.transfer(select, out));
      };
      return controller_.worker_.run(executor_, std::move(work));
    }

   private:
    SlowController& controller_;
    Executor executor_;
    std::uint8_t select_;
  };

  /// On the worker's thread, as the ioctl.
  std::vector<std::uint8_t> transfer(std::uint8_t select, const std::vector<std::uint8_t>& out) {
    sleep_until_ns(now_ns() + transfer_ns_);
    ++transfers_;
    return peer_.exchange(select, out, std::chrono::steady_clock::now());
  }

  std::int64_t transfer_ns_;
  std::uint64_t transfers_ = 0;  // the thread's
  spi_nodes::NodesPeer peer_;
  SpiWorker worker_;
};

/// How late a timer of every millisecond comes.
class LagWatch {
 public:
  Awaitable<Result<>> run(double warm_up_s) {
    constexpr auto kStep = std::chrono::milliseconds(1);
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
    SteadyTime next = std::chrono::steady_clock::now() + from_seconds(warm_up_s);
    for (;;) {
      timer.expires_at(next);
      const auto [ended] = co_await timer.async_wait(nothrow);
      if (ended) co_return Errc::cancelled;
      const SteadyTime now = std::chrono::steady_clock::now();
      late_ms_.push_back(to_seconds(now - next) * 1000);
      next = std::max(next + kStep, now);
    }
  }
  /// When the loop has ended.
  [[nodiscard]] std::string figures(const std::string& name) const {
    return fmt::format(R"("{0}_p50_ms":{1:.3f},"{0}_p99_ms":{2:.3f},"{0}_max_ms":{3:.3f})", name,
                       percentile(late_ms_, 50), percentile(late_ms_, 99),
                       percentile(late_ms_, 100));
  }

 private:
  std::vector<double> late_ms_;
};

}  // namespace b2m::bench
