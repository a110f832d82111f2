// SPDX-License-Identifier: MIT
// The Tesla adapter and a simulated ring on a serial line in memory, under a virtual clock;
// everything the adapter reports is kept by device and key.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/tesla_uart/adapter.hpp"
#include "adapters/tesla_uart/peer.hpp"
#include "gateway/io/memory_serial.hpp"
#include "tests/support/running.hpp"
#include "tests/support/virtual_clock.hpp"

namespace b2m::test {

/// "3.700", "unknown", "absent", "suspect" or a text; "nothing" when it was never said.
class ModuleInbox final : public Inbox {
 public:
  explicit ModuleInbox(Clock& clock) : clock_(clock) {}
  void post(const Report& report) override;
  void attach(const Site& site) { site_ = &site; }
  [[nodiscard]] std::string last(const std::string& device, const std::string& key,
                                 int decimals = 3) const;
  /// How long ago it was said last.
  [[nodiscard]] SteadyDuration age(const std::string& device, const std::string& key) const;
  /// "DEVICE: MESSAGE" of every note of this type.
  [[nodiscard]] std::vector<std::string> notes(const std::string& type) const;
  /// Every good number that was ever said of a point with this row.
  [[nodiscard]] const std::vector<double>& all(const std::string& key) { return all_[key]; }
  void forget() { said_.clear(), notes_.clear(), all_.clear(); }

 private:
  struct Said {
    Sample sample{};
    std::string text;
    SteadyTime when{};
  };
  Clock& clock_;
  const Site* site_ = nullptr;
  std::map<std::pair<std::string, std::string>, Said> said_;
  std::map<std::string, std::vector<double>> all_;
  std::vector<std::pair<std::string, Note>> notes_;
};

class MapOfMemory final : public Memory {
 public:
  [[nodiscard]] std::optional<std::string> recall(std::string_view key) const override;
  void keep(std::string key, std::string value) override { kept[std::move(key)] = value; }
  std::map<std::string, std::string> kept;
};

class TeslaFixture {
 public:
  TeslaFixture();
  ~TeslaFixture();
  TeslaFixture(const TeslaFixture&) = delete;
  TeslaFixture& operator=(const TeslaFixture&) = delete;

  /// A ring of so many boards with cells of 3.7 V, not yet addressed.
  void make_ring(int boards);
  /// Makes the adapter of `settings` and lets it run for `warm_up`.
  void start(SteadyDuration warm_up = std::chrono::seconds(2));
  void stop() { running_->cancel(); }
  [[nodiscard]] bool is_running() const { return running_ && !running_->is_done(); }
  [[nodiscard]] std::string ending() const { return running_->result().error().text(); }
  /// As the supervisor does.
  void run_again(SteadyDuration warm_up = std::chrono::seconds(2));

  /// Lets time pass; an adapter that ends is started again after a second.
  void supervise(SteadyDuration time);

  using Outcome = std::shared_ptr<std::optional<Result<>>>;
  Outcome order(int module, RowId row, double value, int index = 0, double guard_s = 0,
                bool keep = false);
  Outcome bleed(int module, int cell, bool on, double guard_s = 30, bool keep = false) {
    return order(module, point::cell_bleed.row, on ? 1 : 0, cell - 1, guard_s, keep);
  }
  /// "ok" or the text of the error.
  std::string ended(const Outcome& outcome, SteadyDuration within = std::chrono::seconds(6));
  std::string rescan();
  bool fault(tesla_uart::RingFaultKind kind, int module = 0, std::optional<double> value = {},
             int cell = 0, SteadyDuration lasts = SteadyDuration::max()) {
    return peer->inject({kind, module, cell, value, lasts});
  }
  [[nodiscard]] std::string last(int module, const std::string& key, int decimals = 3) const;
  [[nodiscard]] SteadyDuration age(int module, const std::string& key) const;
  [[nodiscard]] std::uint64_t counter(const std::string& name) const;
  [[nodiscard]] std::string detail(const std::string& name) const;
  /// Times that a request which begins with these hex digits was heard.
  [[nodiscard]] long heard(const std::string& hex) const;

  SteadyDuration patience = std::chrono::seconds(5);  // of orders
  std::vector<Control> allowed{Control::balancing, Control::limits};
  std::pair<double, double> cell_range{};  // plausible, of the chemistry
  VirtualClock clock;
  MemorySerial line{clock.executor(), clock};
  tesla_uart::RingPeerSettings peer_settings;
  tesla_uart::TeslaSettings settings;
  ModuleInbox inbox{clock};
  MapOfMemory memory;
  std::vector<tesla_uart::peer::FixedCells*> cells;
  std::unique_ptr<tesla_uart::RingPeer> peer;
  std::unique_ptr<Adapter> adapter;
  std::unique_ptr<Site> site;

 private:
  PointTable points_;
  std::unique_ptr<Resources> resources_;
  std::unique_ptr<Running<>> answering_;
  std::unique_ptr<Running<>> running_;
};

}  // namespace b2m::test
