// SPDX-License-Identifier: MIT
// A Kasa adapter and simulated plugs on a network in memory, under a virtual clock; everything the
// adapter reports is kept by device and key.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/kasa/adapter.hpp"
#include "adapters/kasa/peer.hpp"
#include "gateway/io/memory_network.hpp"
#include "tests/support/can_adapter_fixture.hpp"
#include "tests/support/running.hpp"
#include "tests/support/virtual_clock.hpp"

namespace b2m::test {

/// Keeps what was noted, beside the values.
class NotingInbox final : public Inbox {
 public:
  void post(const Report& report) override;
  void attach(const Site& site) { values_.attach(site), site_ = &site; }
  [[nodiscard]] std::string last(const std::string& device, const std::string& key,
                                 int decimals = 0) const {
    return values_.last(device, key, decimals);
  }
  /// "DEVICE: MESSAGE" of every note of this type.
  [[nodiscard]] std::vector<std::string> notes(const std::string& type) const;
  /// Every value that the point was given, in order: "0 1 unknown".
  [[nodiscard]] std::string course(const std::string& device, const std::string& key) const;
  void forget();

 private:
  RecordingInbox values_;
  const Site* site_ = nullptr;
  std::vector<std::pair<std::string, Note>> notes_;
  std::map<std::string, std::string> courses_;
};

class MapMemory final : public Memory {
 public:
  [[nodiscard]] std::optional<std::string> recall(std::string_view key) const override;
  void keep(std::string key, std::string value) override;

  std::map<std::string, std::string> kept;
};

class KasaAdapterFixture {
 public:
  KasaAdapterFixture() = default;
  ~KasaAdapterFixture();
  KasaAdapterFixture(const KasaAdapterFixture&) = delete;
  KasaAdapterFixture& operator=(const KasaAdapterFixture&) = delete;

  /// A KP115 with a 60 W lamp at `address`, XOR, unless the settings say otherwise.
  static kasa::PlugPeerSettings peer(const std::string& address, const std::string& alias,
                                     const std::string& mac);
  kasa::PlugPeer& add(kasa::PlugPeerSettings settings);
  static kasa::PlugSettings plug(const std::string& id, kasa::Match match);
  static kasa::Match by_alias(const std::string& alias);
  static kasa::Match by_mac(const std::string& mac);
  static kasa::Match by_host(const std::string& host);

  /// Makes the adapter of `settings` and lets it run for `warm_up`.
  void start(SteadyDuration warm_up = std::chrono::seconds(1));
  [[nodiscard]] bool is_running() const { return running_ && !running_->is_done(); }
  void stop() { running_->cancel(); }

  using Outcome = std::shared_ptr<std::optional<Result<>>>;
  Outcome order(const std::string& part, RowId row, double value, double guard_s = 0,
                const std::string& text = {}, bool keep = false);
  Outcome relay(const std::string& part, bool on, double guard_s = 0) {
    return order(part, point::relay.row, on ? 1 : 0, guard_s);
  }
  Outcome renew(const std::string& part, double guard_s) {
    return order(part, point::relay.row, 1, guard_s, {}, true);
  }
  /// How an order ended, given as long as it has: "ok" or the text of the error.
  std::string ended(const Outcome& outcome, SteadyDuration within = std::chrono::seconds(6));
  static void fault(kasa::PlugPeer& peer, kasa::PlugFaultKind kind,
                    SteadyDuration lasts = SteadyDuration::max());
  [[nodiscard]] std::uint64_t counter(const std::string& name) const;
  [[nodiscard]] std::string detail(const std::string& name) const;

  VirtualClock clock;
  MemoryNetwork network{clock.executor(), clock};
  kasa::KasaSettings settings;
  NotingInbox inbox;
  MapMemory memory;
  std::vector<std::unique_ptr<kasa::PlugPeer>> peers;
  std::unique_ptr<Adapter> adapter;
  std::unique_ptr<Site> site;

 private:
  PointTable points_;
  std::unique_ptr<Resources> resources_;
  std::unique_ptr<Running<>> running_;
};

}  // namespace b2m::test
