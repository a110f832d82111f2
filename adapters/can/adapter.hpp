// SPDX-License-Identifier: MIT
// A CAN bus with batteries on it: reads frames by a profile, and starts and stops charging where
// the configuration allows it. Facts: docs/protocols/pican2.md.
#pragma once

#include <any>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "adapters/adapter.hpp"
#include "adapters/can/decoder.hpp"
#include "adapters/can/profile.hpp"
#include "adapters/can/traffic.hpp"

namespace b2m::can {

class CanAdapter final : public Adapter {
 public:
  CanAdapter(CanSettings settings, Profile profile, Resources& resources);

  [[nodiscard]] std::vector<Offer> offers() const override;
  void bind(const Site& site, AdapterIndex self) override;
  Awaitable<Result<>> run(Inbox& inbox) override;
  Awaitable<Result<>> execute(Order order) override;
  [[nodiscard]] std::vector<Counter> counters() const override { return traffic_.counters(); }
  [[nodiscard]] std::vector<Detail> details() const override { return traffic_.details(); }

 private:
  /// What is known of one part at run time.
  struct Battery {
    Part part;
    std::optional<Target> target;  // empty: no pack uses it
    bool needs_off = true;         // no OFF frame has been sent since the bus came up
    bool is_locked = true;         // nobody has ordered OFF since then: ON is refused
    bool is_allowed = false;       // control.allow lets us switch it
    std::optional<SteadyTime> last_error_note;
  };
  struct Outlet {  // of one destination of the profile
    bool is_used = false;
    Report report;
  };

  [[nodiscard]] CanOpening opening() const;
  [[nodiscard]] bool may_transmit() const;
  [[nodiscard]] bool commands(const Battery& b) const;

  Awaitable<Result<>> read_loop(std::shared_ptr<CanBus> bus);
  void take(std::span<const CanFrame> frames, CanBus& bus);
  void take_error_frame(const CanFrame& frame, CanBus& bus);
  void take_data_frame(const CanFrame& frame);
  bool take_part_frame(const CanFrame& frame);
  void take_signal(const DecodedSignal& decoded);
  void take_bms_error(Battery& b, const CanFrame& frame);
  void take_acknowledgement(const Battery& b, const CanFrame& frame);
  void flush();

  void bus_went_off();
  void bus_came_back();
  void forget_charging();
  void post_charging(const Battery& b, std::optional<bool> is_on);
  void post_status(CanBus& bus);
  void post_note(std::string type, Severity severity, std::string message);

  [[nodiscard]] bool owes_off() const;
  Awaitable<void> stop_charging();
  Awaitable<Result<>> send_charge(Battery& b, bool is_on, SteadyTime deadline);

  CanSettings settings_;
  Profile profile_;
  Clock& clock_;
  OpenCan open_can_;
  Decoder decoder_;
  Traffic traffic_;
  std::vector<Battery> batteries_;
  std::vector<Outlet> outlets_;
  std::vector<DecodedSignal> decoded_;  // reused by every frame
  std::vector<RowId> status_rows_;
  std::uint64_t outages_ = 0;
  AdapterIndex self_ = kNoAdapter;
  Inbox* inbox_ = nullptr;
  std::shared_ptr<CanBus> bus_;  // shared: an order may be waiting on it when run() ends
  bool is_off_ = false;
  SteadyTime next_status_{}, last_status_{};
  SteadyTime next_off_try_{};
};

Result<std::unique_ptr<Adapter>> make_can(const std::any& settings, Resources& resources);

}  // namespace b2m::can
