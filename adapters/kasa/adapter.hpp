// SPDX-License-Identifier: MIT
// TP-Link Kasa and Tapo plugs and strips: found by name, read, switched, each confirmed by reading
// back. One conversation a device, all on one loop. Facts: docs/protocols/kasa.md.
#pragma once

#include <any>
#include <memory>
#include <string>
#include <vector>

#include "adapters/adapter.hpp"
#include "adapters/kasa/plug.hpp"
#include "adapters/kasa/settings.hpp"

namespace b2m::kasa {

class KasaAdapter final : public Adapter {
 public:
  /// `make_device` stands in for the real transports in tests.
  KasaAdapter(const KasaSettings& settings, Resources& resources, MakeDevice make_device = {});

  [[nodiscard]] std::vector<Offer> offers() const override;
  [[nodiscard]] std::vector<DeviceOffer> devices() const override;
  void bind(const Site& site, AdapterIndex self) override;
  void attach(Memory& memory) override;
  Awaitable<Result<>> run(Inbox& inbox) override;
  Awaitable<Result<>> execute(Order order) override;
  [[nodiscard]] std::vector<Counter> counters() const override;
  [[nodiscard]] std::vector<Detail> details() const override;

 private:
  void add_plug(const PlugSettings& plug, double max_age_s);
  void add_strip(const StripSettings& strip, double max_age_s);
  Outlet& add_outlet(OutletPlan plan, const Match& match);
  Awaitable<Result<>> name_unknown();
  Awaitable<Result<>> name(const Locator::Known& known);
  [[nodiscard]] bool are_names_wanted() const;
  Awaitable<Result<>> until_stopped(SteadyTime deadline);

  std::string id_;
  Executor executor_;
  Clock& clock_;
  double timeout_s_;
  MakeDevice make_device_;
  Locator locator_;
  Shared shared_;
  Bell stopped_;
  bool is_running_ = false;
  std::vector<std::unique_ptr<Outlet>> outlets_;
  std::vector<std::unique_ptr<Plug>> plugs_;
};

/// Links and devices on a network; transports that are not spoken give null.
MakeDevice device_maker(Network& network, Clock& clock, Account account);

Result<std::unique_ptr<Adapter>> make_kasa(const std::any& settings, Resources& resources);

}  // namespace b2m::kasa
