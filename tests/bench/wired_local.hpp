// SPDX-License-Identifier: MIT
// One wired adapter alone on the loop of the benchmark, its line watched: how long every round took
// and how long the wire alone would have taken for the same bytes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "adapters/spi_nodes/adapter.hpp"
#include "adapters/tesla_uart/adapter.hpp"
#include "tests/bench/measure.hpp"

namespace b2m::bench {

inline constexpr int kRingBaud = 612'500;
inline constexpr double kBitsPerByte = 10;

/// Rounds of an adapter, each with its time and that of the wire.
class Rounds {
 public:
  /// A new one begins; the first is not whole and does not count.
  void begin() {
    const std::int64_t now = now_ns();
    if (is_counting_ && began_ > 0) {
      elapsed_ms_ += to_ms(now - began_);
      wire_ms_ += wire_;
      ratios_.push_back(to_ms(now - began_) / wire_);
      rounds_ms_.push_back(to_ms(now - began_));
    }
    is_counting_ = is_wanted_;
    began_ = now;
    wire_ = 0;
  }
  void wire(double ms) { wire_ += ms; }
  void want(bool is_wanted) { is_wanted_ = is_wanted; }
  [[nodiscard]] std::size_t count() const { return ratios_.size(); }
  /// True when the typical round meets the goal.
  bool add_to(Figures& figures, double goal) const {
    const auto rounds = static_cast<double>(ratios_.size());
    figures.count("rounds", ratios_.size());
    figures.add("wire_ms", wire_ms_ / rounds).add("round_p50_ms", percentile(rounds_ms_, 50));
    figures.add("ratio_p50", percentile(ratios_, 50)).add("ratio_p90", percentile(ratios_, 90));
    figures.add("ratio_mean", elapsed_ms_ / wire_ms_).add("goal_ratio", goal, 1);
    return percentile(ratios_, 50) <= goal;
  }

 private:
  bool is_wanted_ = false, is_counting_ = false;
  std::int64_t began_ = 0;
  double wire_ = 0, wire_ms_ = 0, elapsed_ms_ = 0;
  std::vector<double> ratios_, rounds_ms_;
};

/// A serial line in a ring: what goes out passes every board, a byte's time for each.
class WatchedRing final : public ByteStream {
 public:
  WatchedRing(std::unique_ptr<ByteStream> line, Rounds& rounds, int modules)
      : line_(std::move(line)), rounds_(rounds), modules_(modules) {}
  Awaitable<Result<std::size_t>> read_some(MutableBytes buffer, SteadyTime deadline) override {
    auto n = co_await line_->read_some(buffer, deadline);
    if (n) rounds_.wire(static_cast<double>(*n) * kByte_ms);
    co_return n;
  }
  Awaitable<Result<>> write(Bytes bytes, SteadyTime deadline) override {
    // Every round begins with the order to measure.
    if (bytes.size() > 1 && bytes[1] == tesla_uart::reg::kConvert) rounds_.begin();
    rounds_.wire(modules_ * kByte_ms);
    return line_->write(bytes, deadline);
  }

 private:
  static constexpr double kByte_ms = kBitsPerByte * 1000 / kRingBaud;
  std::unique_ptr<ByteStream> line_;
  Rounds& rounds_;
  int modules_;
};

/// A select line, with all bytes through one wire.
class WatchedSelect final : public SpiBus {
 public:
  WatchedSelect(std::unique_ptr<SpiBus> bus, Rounds& rounds, double byte_ms)
      : bus_(std::move(bus)), rounds_(rounds), byte_ms_(byte_ms) {}
  Awaitable<Result<std::vector<std::uint8_t>>> exchange(std::vector<std::uint8_t> out) override {
    rounds_.wire(static_cast<double>(out.size()) * byte_ms_);
    return bus_->exchange(std::move(out));
  }

 private:
  std::unique_ptr<SpiBus> bus_;
  Rounds& rounds_;
  double byte_ms_;
};

/// One adapter, a pack on it, and nobody who listens but us.
class Local final : public Inbox, private Memory {
 public:
  Local() : network_(make_network(io_.get_executor(), *clock_)) {}
  ~Local() {
    is_ending_ = true;
    end_.emit(boost::asio::cancellation_type::terminal);
    while (is_running_ && io_.run_one() > 0) {
    }
  }

  /// `part` of it is a pack.
  void start(const std::string& kind, const std::string& part, std::unique_ptr<Adapter> adapter) {
    adapter_ = std::move(adapter);
    SitePlan plan;
    plan.adapters.push_back({"wires", kind, adapter_->offers()});
    PackPlan pack;
    pack.slug = "pack";
    pack.name = "Pack";
    pack.sources.push_back({0, part});
    plan.packs.push_back(std::move(pack));
    site_.emplace(points_, plan);
    adapter_->bind(*site_, 0);
    adapter_->attach(*this);
    const auto ended = [this](const std::exception_ptr& thrown, const Result<>& result) {
      is_running_ = false;
      if (is_ending_) return;
      if (thrown) std::rethrow_exception(thrown);
      std::fprintf(stderr, "the adapter has ended: %s\n", result.error().text().c_str());
    };
    is_running_ = true;
    boost::asio::co_spawn(io_, adapter_->run(*this),
                          boost::asio::bind_cancellation_slot(end_.slot(), ended));
  }
  void run_for(double seconds) {
    io_.run_for(std::chrono::milliseconds(static_cast<int>(seconds * 1000)));
  }
  /// Warms up, then counts rounds for so long.
  void measure(double warm_up_s, double seconds) {
    run_for(warm_up_s);
    rounds.want(true);
    run_for(seconds);
    rounds.want(false);
  }
  Resources resources(OpenSerial serial, OpenSpi spi) {
    return {io_.get_executor(), *clock_, points_,           {},
            *network_,          {},      std::move(serial), std::move(spi)};
  }
  [[nodiscard]] std::uint64_t counter(const std::string& name) const {
    for (const Counter& c : adapter_->counters())
      if (c.name == name) return c.value;
    return 0;
  }
  [[nodiscard]] Executor executor() { return io_.get_executor(); }
  [[nodiscard]] Clock& clock() { return *clock_; }

  std::function<void(const Report&)> heard;
  Rounds rounds;
  std::optional<Resources> used;  // outlives the adapter

 private:
  void post(const Report& report) override {
    if (heard) heard(report);
  }
  [[nodiscard]] std::optional<std::string> recall(std::string_view) const override {
    return std::nullopt;
  }
  void keep(std::string, std::string) override {}

  boost::asio::io_context io_{1};
  std::unique_ptr<Clock> clock_ = make_clock(io_.get_executor());
  std::unique_ptr<Network> network_;
  PointTable points_;
  std::unique_ptr<Adapter> adapter_;
  std::optional<Site> site_;
  boost::asio::cancellation_signal end_;
  bool is_running_ = false, is_ending_ = false;
};

}  // namespace b2m::bench
