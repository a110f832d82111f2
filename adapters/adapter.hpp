// SPDX-License-Identifier: MIT
// What every adapter is: an edge to the outside that is neither MQTT nor the web page.
// How to write one: adapters/README.md.
#pragma once

#include <any>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/io/awaitable.hpp"
#include "gateway/io/byte_stream.hpp"
#include "gateway/io/can_bus.hpp"
#include "gateway/io/clock.hpp"
#include "gateway/io/network.hpp"
#include "gateway/io/spi_bus.hpp"
#include "gateway/model/intent.hpp"

namespace b2m {

namespace config {
class TableSchema;
}

/// For bridge/health and `dump`.
struct Counter {
  std::string name;
  std::uint64_t value = 0;
};
struct Detail {
  std::string name;
  std::string text;
};

/// Everything an adapter may use of the world; it outlives every adapter.
struct Resources {
  Executor executor;
  Clock& clock;
  PointTable& points;  // for rows of its own, before the site is built
  OpenCan open_can;
  Network& network;
  /// Folder of a shipped or own profile: find_profile("can", "two_packs"); the error lists where
  /// was looked.
  std::function<Result<std::string>(std::string_view area, std::string_view name)> find_profile;
  OpenSerial open_serial{};
  OpenSpi open_spi{};
};

/// What an adapter finds again after a restart of the program. Keys begin with the adapter's id.
class Memory {
 public:
  virtual ~Memory() = default;
  [[nodiscard]] virtual std::optional<std::string> recall(std::string_view key) const = 0;
  /// Soon on disk; an empty value forgets the key.
  virtual void keep(std::string key, std::string value) = 0;
};

class Adapter {
 public:
  virtual ~Adapter() = default;
  /// What it will report and obey; asked once, before bind.
  [[nodiscard]] virtual std::vector<Offer> offers() const = 0;
  /// Devices that it has by itself, parents first; asked once, before bind.
  [[nodiscard]] virtual std::vector<DeviceOffer> devices() const { return {}; }
  /// The site is built: look up the targets of your parts now.
  virtual void bind(const Site& site, AdapterIndex self) = 0;
  /// Called once, after bind and before run; the memory outlives the adapter.
  virtual void attach(Memory& memory) { (void)memory; }
  /// Talks to the device until cancelled or broken; called again after a failure. The error's text
  /// goes to the user.
  virtual Awaitable<Result<>> run(Inbox& inbox) = 0;
  /// One step. Only the reconciler calls it, never two at a time for one point.
  virtual Awaitable<Result<>> execute(Order order) {
    (void)order;  // an adapter without outputs
    co_return Errc::not_supported;
  }
  /// Looks for its hardware again; what it has found, for the user.
  virtual Awaitable<Result<std::string>> rescan() {
    co_return Error(Errc::not_supported, "has nothing to enumerate");
  }
  /// There is no hardware: its packs are called that wherever they are shown.
  [[nodiscard]] virtual bool is_simulated() const { return false; }
  [[nodiscard]] virtual std::vector<Counter> counters() const { return {}; }
  [[nodiscard]] virtual std::vector<Detail> details() const { return {}; }
};

/// One row of adapters/registry.cpp.
struct AdapterKind {
  std::string_view name;  // "can": also the name of its tables in the configuration
  const config::TableSchema& (*schema)();
  /// `settings` holds the struct that the schema fills; errors say what, where and how to mend.
  Result<std::unique_ptr<Adapter>> (*make)(const std::any& settings, Resources& resources);
};

std::vector<AdapterKind> adapter_kinds();

}  // namespace b2m
