// SPDX-License-Identifier: MIT
// An adapter for SPI nodes and small scripted nodes on controllers in memory, under a virtual
// clock.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/spi_nodes/adapter.hpp"
#include "gateway/io/memory_spi.hpp"
#include "gateway/io/network.hpp"
#include "tests/support/running.hpp"
#include "tests/support/virtual_clock.hpp"

namespace b2m::test {

/// As deployed: two bytes, whatever is sent.
struct LegacyDevice {
  int centivolts = 361;
  std::uint8_t loaded = 0xFF;  // undefined after power-up

  std::vector<std::uint8_t> exchange(Bytes mosi);
};

/// The least that protocol v2 asks of a node.
class V2Device {
 public:
  V2Device(Clock& clock, int address) : clock_(clock), address_(address) {
    serial[5] = static_cast<std::uint8_t>(address);
  }

  int millivolts = 3613;
  std::optional<Celsius> temperature = Celsius(24.6);
  std::uint8_t flags = spi_nodes::v2_flag::kValid;
  std::uint8_t inhibited = 0;  // the reason
  spi_nodes::V2Identity identity{1, 1, 2, 3, 0x1F, 1};
  spi_nodes::V2Payload serial{0xDE, 0xAD, 0xBE, 0xEF, 0, 0};
  spi_nodes::V2Limits limits;
  bool obeys_limits = true;
  int blinked = 0;
  std::vector<spi_nodes::V2Request> heard;
  std::vector<double> bleed_timeouts_s;

  std::vector<std::uint8_t> exchange(Bytes mosi);
  void restart();
  [[nodiscard]] bool is_bleeding() const { return duty_ > 0 && clock_.now() < bleed_end_; }
  [[nodiscard]] SteadyTime bleed_end() const { return bleed_end_; }

 private:
  spi_nodes::V2Reply answer();
  spi_nodes::V2Payload payload_of(const spi_nodes::V2Request& request);
  void obey(const spi_nodes::V2Request& request);
  [[nodiscard]] spi_nodes::V2Read sample() const;

  Clock& clock_;
  int address_;
  std::optional<spi_nodes::V2Request> pending_;
  spi_nodes::V2Status pending_status_ = spi_nodes::V2Status::no_request;
  std::uint8_t duty_ = 0;
  SteadyTime bleed_end_{}, bled_until_{};
};

class SpiNodesFixture : public Memory, private Inbox {
 public:
  SpiNodesFixture() = default;
  ~SpiNodesFixture() override;

  static std::string device(int n);  // "/dev/spidev0.N"
  /// A node on a select line of its own, and its cell.
  LegacyDevice& add_legacy();
  V2Device& add_v2();
  /// With addresses, all on line 0.
  V2Device& add_shared();

  /// Ends half a second after a round, so that none is under way.
  void start(SteadyDuration warm_up = std::chrono::milliseconds(4500));
  void stop() { running_->cancel(); }
  [[nodiscard]] bool is_running() const { return running_ && !running_->is_done(); }
  [[nodiscard]] std::string ending() const { return running_->result().error().text(); }
  /// "3.610", "unknown", a text or "nothing" when it was never said.
  [[nodiscard]] std::string last(const std::string& key, int decimals = 3) const;
  [[nodiscard]] int times(const std::string& key) const;  // that it had a value
  [[nodiscard]] std::vector<std::string> notes(const std::string& type) const;
  void forget();
  /// How the order ended: "ok" or the text of the error.
  std::string order(std::string_view row, int cell, double value, double guard_s = 0);
  std::string bleed(int cell, bool on, double guard_s = 30) {
    return order("cell_{}_bleed", cell, on ? 1 : 0, guard_s);
  }
  [[nodiscard]] std::uint64_t counter(const std::string& name) const;

  // Memory
  [[nodiscard]] std::optional<std::string> recall(std::string_view key) const override;
  void keep(std::string key, std::string value) override;

  VirtualClock clock;
  MemorySpi bus{clock};
  spi_nodes::SpiNodesSettings settings;
  std::vector<std::unique_ptr<LegacyDevice>> legacy;
  std::vector<std::unique_ptr<V2Device>> v2;
  std::map<std::string, std::string, std::less<>> memory;
  std::vector<Control> allowed{Control::balancing, Control::limits};
  double cell_low = 0, cell_high = 0;
  std::unique_ptr<Adapter> adapter;
  std::unique_ptr<Site> site;

 private:
  void post(const Report& report) override;
  spi_nodes::NodeSettings& add_node();
  [[nodiscard]] std::string key(const Report& report, RowId row, int index) const;

  struct Said {
    std::string text;
    double value = 0;
    Quality quality = Quality::good;
    int times = 0;
  };

  PointTable points_;
  std::unique_ptr<Network> network_;
  std::unique_ptr<Resources> resources_;
  std::unique_ptr<Running<>> running_;
  std::map<std::string, Said> said_;
  std::vector<Note> notes_;
};

}  // namespace b2m::test
