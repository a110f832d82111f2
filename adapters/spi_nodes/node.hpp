// SPDX-License-Identifier: MIT
// What is known of one node, and how it is talked to.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "adapters/spi_nodes/calibration.hpp"
#include "adapters/spi_nodes/line.hpp"
#include "adapters/spi_nodes/settings.hpp"

namespace b2m::spi_nodes {

enum class Protocol { unknown, legacy, v2 };

/// The end of a question: the reply, or why there is none.
struct Told {
  Trouble trouble;
  V2Reply reply{};
};

class Node {
 public:
  struct Plan {
    int cell = 1;
    int address = 0;
    ProtocolChoice choice = ProtocolChoice::automatic;
    bool is_shared = false;  // its select line has other nodes too
    double scale = 1;        // from what it says to what is at its resistors
    std::optional<V2Limits> limits;
  };
  /// What the last cycle has brought.
  struct Measured {
    bool is_fresh = false;
    Volts volts;  // scaled, not calibrated
    std::optional<Celsius> temperature;
    bool is_suspect = false;  // the node doubts its own reference

    [[nodiscard]] bool is_sure() const { return is_fresh && !is_suspect; }
  };
  /// What it remembers by itself.
  struct Seen {
    Volts lowest, highest;
  };

  Node(Plan plan, Line& line) : plan_(std::move(plan)), line_(line) { forget(); }

  [[nodiscard]] const Plan& plan() const { return plan_; }
  void set_limits(std::optional<V2Limits> limits) { plan_.limits = limits; }
  [[nodiscard]] Line& line() const { return line_; }
  [[nodiscard]] Protocol protocol() const { return protocol_; }
  [[nodiscard]] bool can(std::uint8_t capability) const {
    return protocol_ == Protocol::v2 && (identity_.capabilities & capability) != 0;
  }
  [[nodiscard]] std::string text() const;  // "v2, address 3, firmware 2.3, serial ..."
  [[nodiscard]] const std::string& serial() const { return serial_; }

  /// Finds out what it speaks. Fails only when cancelled, as all of these.
  Awaitable<Result<>> detect();
  /// The reply to `request`, which may be a refusal; repeated once.
  Awaitable<Result<Told>> ask(V2Request request);
  /// The request as it goes to this node; for Line::exchange.
  [[nodiscard]] Asked asked(V2Request request);
  Awaitable<Result<>> read_legacy();
  /// Its limits, after it was found or has restarted.
  Awaitable<Result<>> set_up();
  Awaitable<Result<>> read_seen();

  void begin_cycle() { measured_.is_fresh = false, is_repeated_ = false, has_taken_ = false; }
  /// The answer to a READ, whenever it comes.
  void take(const Answer& answer);
  /// The answer to a bleed's end before a reading.
  void take_pause(const Answer& answer);
  /// Whether it shall be asked again at once.
  [[nodiscard]] bool deserves_repeat();
  void end_cycle();
  /// Nothing of what was found out holds any more.
  void forget();

  [[nodiscard]] bool has_taken() const { return has_taken_; }
  [[nodiscard]] const Measured& measured() const { return measured_; }
  [[nodiscard]] const std::optional<Seen>& seen() const { return seen_; }
  [[nodiscard]] int failures() const { return failures_; }  // cycles in a row
  [[nodiscard]] const Trouble& trouble() const { return trouble_; }
  void blame(Trouble trouble) { trouble_ = std::move(trouble); }
  /// What it has said is not its cell's.
  void disown(Trouble trouble) {
    measured_.is_fresh = false;
    trouble_ = std::move(trouble);
  }
  [[nodiscard]] std::string state() const;  // "ok", or what is wrong
  [[nodiscard]] const TroubleCounts& counts() const { return counts_; }
  [[nodiscard]] std::uint64_t errors() const;
  /// Who answered instead of it; 0: nobody.
  [[nodiscard]] int stranger() const { return stranger_; }
  /// True once after each restart.
  bool take_restart() { return std::exchange(has_restarted_, false); }
  [[nodiscard]] bool needs_set_up() const { return needs_set_up_; }

  // ---- bleed: as read back from it, and as ordered
  [[nodiscard]] std::uint8_t duty() const { return duty_; }
  [[nodiscard]] bool is_bleeding() const { return is_bleeding_; }
  void bled(const V2Bleed& said);
  /// It may have been told to, without an answer.
  void suspect_bleeding() { is_bleeding_ = true; }
  /// Until then the cell still recovers from a bleed.
  [[nodiscard]] SteadyTime settled_at() const { return settled_at_; }
  void unsettle();
  std::optional<SteadyTime> bleed_until;  // ordered, and no longer
  /// The order is taken back; that one more reading is under bleed is no trouble.
  void end_bleed() { bleed_until.reset(), is_ending_ = is_bleeding_; }

  // ---- calibration: as kept, and whether it is this node's
  Calibration calibration;
  std::string calibration_refused;  // why what was kept cannot be used
  [[nodiscard]] Calibration::Owner owner() const { return {serial_, plan_.scale}; }
  [[nodiscard]] bool is_owner_clear() const;
  /// Empty: it is in force, or there is none.
  [[nodiscard]] std::string why_not_calibrated() const;
  [[nodiscard]] const Calibration& calibration_in_force() const;
  [[nodiscard]] std::string calibration_text() const;

 private:
  Awaitable<Result<bool>> detect_v2();
  Awaitable<Result<bool>> detect_legacy();
  Awaitable<Result<>> read_serial();
  void note(Trouble trouble);
  void take_read(const V2Read& read);

  Plan plan_;
  Line& line_;
  Protocol protocol_ = Protocol::unknown;
  int address_ = 0;  // as configured, or as it once said
  V2Identity identity_;
  std::string serial_;
  LegacyFilter filter_;
  Measured measured_;
  std::optional<Seen> seen_;
  std::uint8_t flags_ = 0, duty_ = 0;
  bool is_bleeding_ = false, is_ending_ = false;
  SteadyTime settled_at_{};
  bool is_repeated_ = false, has_taken_ = false;
  bool has_restarted_ = false, needs_set_up_ = false, are_limits_refused_ = false;
  int failures_ = 0;
  int stranger_ = 0;
  Trouble trouble_;
  TroubleCounts counts_{};
};

/// Hands an answer to whom it belongs.
void deliver(const Answer& answer);

}  // namespace b2m::spi_nodes
