// SPDX-License-Identifier: MIT
// One module of the ring: what is known of it, and what of that is reported.
#pragma once

#include <array>
#include <optional>
#include <set>
#include <string>

#include "adapters/tesla_uart/bleeder.hpp"
#include "adapters/tesla_uart/freshness.hpp"
#include "adapters/tesla_uart/limit_wishes.hpp"
#include "adapters/tesla_uart/measurement.hpp"
#include "gateway/model/report.hpp"

namespace b2m::tesla_uart {

/// Rows that are looked up by name, once.
struct ModuleRows {
  RowId address, alert, fault, cells_high, cells_low, clear_faults;
  RowId reads, read_errors, lowest_seen, highest_seen;
  std::array<RowId, kLimits> limits;
  std::array<RowId, std::size(kAlertFlags)> alerts;
  std::array<RowId, std::size(kFaultFlags)> faults;
};
const ModuleRows& module_rows();

/// Registers 0x20 to 0x34: flags, what is to be measured, bleeding.
struct Housekeeping {
  static constexpr std::uint8_t kStart = 0x20;
  static constexpr std::uint8_t kSize = 0x14;
  explicit Housekeeping(Bytes registers);
  std::uint8_t alerts, faults, cells_high, cells_low;
  std::uint8_t adc_control, io_control, bleed_mask, bleed_time;
};

class Module {
 public:
  struct Plan {
    int number = 1;   // in the pack
    int address = 1;  // on the ring
    SensorRange sensor_range;
    std::array<bool, kSensors> has_sensor{true, true};
    double max_age_s = 5;
    std::array<std::optional<double>, kLimits> limits{};  // of the configuration
  };

  explicit Module(Plan plan);

  void add_offers(std::vector<Offer>& list, const std::string& part) const;
  void bind(const Site& site, std::optional<Target> target);
  [[nodiscard]] const Plan& plan() const { return plan_; }
  [[nodiscard]] std::uint8_t address() const { return static_cast<std::uint8_t>(plan_.address); }

  // What was read; each goes into the report that post() sends.
  void take(const Measurement& m);
  void take(const Housekeeping& h);
  void take_bleed(std::uint8_t mask);
  void take_limits(Bytes registers);
  void failed_read();
  void note(std::string type, Severity severity, std::string message, std::string key = {});
  /// Once, until it is well again.
  void warn(const std::string& topic, std::string text);
  void calm(const std::string& topic) { warned_.erase(topic); }
  void post(Inbox& inbox);

  /// Limits that the chip does not have as they are wanted.
  [[nodiscard]] std::vector<std::size_t> wrong_limits() const;
  [[nodiscard]] std::optional<std::uint8_t> limit(std::size_t i) const { return limits_[i]; }
  [[nodiscard]] std::optional<std::uint8_t> alerts() const { return alerts_; }
  [[nodiscard]] std::optional<std::uint8_t> faults() const { return faults_; }
  /// As read back last.
  [[nodiscard]] std::uint8_t bleeding() const { return bleeding_; }
  [[nodiscard]] std::string name() const;
  [[nodiscard]] std::uint64_t reads() const { return reads_; }
  [[nodiscard]] std::uint64_t errors() const { return errors_; }
  /// One of its sensors read something, so that its power makes a difference.
  [[nodiscard]] bool can_tell_by_sensors() const { return has_sensor_reading_; }
  [[nodiscard]] bool knows_flags(bool has_alert, bool has_fault) const;

  Bleeder bleeder;
  Freshness freshness;
  LimitWishes limit_wishes;
  int silences = 0;   // reads in a row without answer
  int not_ready = 0;  // in a row, after a start for everybody
  bool needs_own_start = false;
  bool may_bleed = false;  // its mask was written and has not been read back as 0
  bool is_at_rest = true;  // no cell was bled when it measured
  bool needs_set_up = true;
  bool is_new_here = false;  // has just been given its address: its flags tell of the reset
  SteadyTime housekeeping_due{};
  SteadyTime look_due{};  // when it is lost
  SteadyDuration look_pause{};

 private:
  [[nodiscard]] std::string doubt_about(const Measurement& m);
  void take_sensors(const Measurement& m, bool is_frozen);
  void see_extremes(const Measurement& m);
  void note_new_flags(std::uint8_t alerts, std::uint8_t faults);
  void say_statistics();

  Plan plan_;
  Report report_;
  bool is_used_ = false;
  std::set<std::string> warned_;
  int implausible_ = 0;
  bool has_sensor_reading_ = false;
  std::optional<std::uint8_t> alerts_, faults_;
  std::uint8_t bleeding_ = 0;
  std::array<std::optional<std::uint8_t>, kLimits> limits_{};
  std::uint64_t reads_ = 0, errors_ = 0;
  std::optional<double> lowest_, highest_;
};

}  // namespace b2m::tesla_uart
