// SPDX-License-Identifier: MIT
// A CAN adapter with the two-pack profile on a bus in memory, under a virtual clock; everything it
// reports is kept by device and key.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/cancellation_signal.hpp>

#include "adapters/can/adapter.hpp"
#include "gateway/io/memory_can.hpp"
#include "tests/support/virtual_clock.hpp"

namespace b2m::test {

class RecordingInbox final : public Inbox {
 public:
  void post(const Report& report) override;
  void attach(const Site& site) { site_ = &site; }
  /// "12.80", "unknown" or a text; "nothing" when it was never said.
  [[nodiscard]] std::string last(const std::string& device, const std::string& key,
                                 int decimals = 2) const;
  [[nodiscard]] std::size_t notes(const std::string& type) const;
  void forget() { values_.clear(), texts_.clear(), notes_.clear(); }
  [[nodiscard]] std::size_t said_of_packs() const;

 private:
  [[nodiscard]] std::pair<std::string, std::string> name(const Report& r, RowId row,
                                                         int index) const;
  const Site* site_ = nullptr;
  std::map<std::pair<std::string, std::string>, Sample> values_;
  std::map<std::pair<std::string, std::string>, std::string> texts_;
  std::vector<Note> notes_;
};

class CanAdapterFixture {
 public:
  explicit CanAdapterFixture(can::CanSettings with = settings());
  ~CanAdapterFixture();

  static can::CanSettings settings();
  void start();
  void stop();
  [[nodiscard]] bool is_running() const { return !ended_; }
  [[nodiscard]] Error ending() const { return ended_->error(); }
  /// Charging of part "1" or "2"; how the order ended, empty while it has not.
  std::shared_ptr<std::optional<Result<>>> order(const std::string& part, bool on,
                                                 SteadyDuration patience = std::chrono::seconds(1));
  /// "600#000521": three or eight digits of id; R: a remote frame.
  void inject(const std::string& frame);
  [[nodiscard]] std::vector<std::string> take_sent();
  [[nodiscard]] std::uint64_t counter(const std::string& name) const;

  VirtualClock clock;
  MemoryCanBus bus{clock.executor()};
  RecordingInbox inbox;
  std::unique_ptr<Adapter> adapter;
  std::unique_ptr<Site> site;

 private:
  PointTable points_;
  std::unique_ptr<Network> network_ = make_network(clock.executor(), clock);
  std::unique_ptr<Resources> resources_;
  boost::asio::cancellation_signal cancel_;
  std::optional<Result<>> ended_;
  std::vector<std::string> sent_;
};

}  // namespace b2m::test
