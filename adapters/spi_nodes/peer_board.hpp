// SPDX-License-Identifier: MIT
// One simulated node: its shift register, its measurements, its bleeder and what it obeys. Sees the
// select line and every edge of the clock, nothing else.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "adapters/spi_nodes/peer.hpp"
#include "adapters/spi_nodes/peer_wire.hpp"

namespace b2m::spi_nodes::peer {

/// What is wrong on the board; empty: nothing.
struct BoardFaults {
  std::optional<Volts> voltage;
  std::optional<Celsius> temperature;
  std::optional<std::uint8_t> status;
  std::optional<std::size_t> race;  // the byte after which an old node has half of a new value
  bool is_frozen = false;
  bool is_sensor_open = false;
};

class Board {
 public:
  using Tell = std::function<void(const std::string& what)>;

  Board(const NodeWiring& wiring, const NodesPeerSettings& settings, std::unique_ptr<NodeCell> cell,
        Tell tell);

  /// Times must not go back.
  void advance_to(SteadyTime now);
  /// When its bleed ends by itself.
  [[nodiscard]] SteadyTime next() const;

  void select(SteadyTime now);
  /// The bit on MISO; empty: it lets go of the line.
  [[nodiscard]] std::optional<bool> miso() const;
  void clock(bool mosi);
  void deselect();

  /// Without power nothing bleeds, and with it again nothing is remembered.
  void power(bool is_on);
  /// The supply has dipped.
  void restart();

  void share(bool is_shared) { is_shared_ = is_shared; }
  /// Obeys this address as well; 0: none.
  void answer_for(std::uint8_t address) { other_address_ = address; }

  [[nodiscard]] const NodeWiring& wiring() const { return wiring_; }
  [[nodiscard]] bool is_powered() const { return is_powered_; }
  [[nodiscard]] std::uint8_t address() const { return address_; }
  [[nodiscard]] std::uint8_t duty() const { return duty_; }
  [[nodiscard]] SteadyTime bleeds_until() const { return bleed_until_; }
  [[nodiscard]] bool is_located() const { return now_ < located_until_; }
  [[nodiscard]] std::uint64_t restarts() const { return restarts_; }
  [[nodiscard]] std::uint64_t requests() const { return requests_; }

  BoardFaults faults;

 private:
  struct Limits {
    int floor_mv = 0, maximum_mv = 0;
  };
  using Arguments = std::array<std::uint8_t, 4>;

  // peer_board.cpp
  void forget();
  void take_byte(std::uint8_t byte);
  [[nodiscard]] std::uint8_t old_answer(std::uint8_t byte) const;
  void half_change();
  void measure();
  void show(int centivolts);
  [[nodiscard]] Volts at_input() const;
  [[nodiscard]] Volts lost() const;
  [[nodiscard]] std::optional<Celsius> temperature() const;
  void look_at_bleed();
  void set_bleed(std::uint8_t duty, SteadyTime until, std::string_view by);
  void end_bleed(std::uint8_t why, std::string_view by);

  // peer_commands.cpp
  void prepare_frame();
  [[nodiscard]] std::uint8_t told_status() const;
  void take_request();
  Payload obey(std::uint8_t command, const Arguments& a);
  [[nodiscard]] Payload reading() const;
  Payload stats(const Arguments& a);
  Payload bleed(const Arguments& a);
  [[nodiscard]] std::uint8_t inhibition() const;
  Payload limits(const Arguments& a);
  Payload identity() const;
  Payload set_address(const Arguments& a);
  Payload calibrate(const Arguments& a);
  Payload refuse(std::uint8_t status);

  NodeWiring wiring_;
  NodesPeerSettings settings_;
  std::unique_ptr<NodeCell> cell_;
  Tell tell_;
  SteadyTime now_{};
  bool is_powered_ = true, is_shared_ = false;
  std::uint8_t address_, other_address_ = 0;
  double gain_ = 1;  // from its own calibration

  // the wire
  std::uint8_t shift_ = 0;
  std::size_t bits_ = 0;  // since the select line fell
  bool drives_ = false;
  std::vector<std::uint8_t> heard_;
  FrameBytes frame_{};

  // what it answers
  Saying saying_;
  bool has_request_ = false, answers_ = false, has_told_restart_ = false, is_cold_ = true;

  // measurements
  int adc_ = 0, millivolts_ = 0, next_centivolts_ = 0;
  std::uint8_t high_ = 0, low_ = 0;
  SteadyTime measured_at_{};
  bool has_measured_ = false;
  int lowest_mv_ = 0, highest_mv_ = 0, samples_ = 0;

  // bleed
  Limits limits_;
  std::uint8_t duty_ = 0, reason_ = 0;
  std::int8_t most_celsius_ = 60;
  SteadyTime bleed_until_{}, master_heard_{}, located_until_{};
  Volts lost_before_{};  // in the wires, when the bleeder was switched last
  SteadyTime switched_at_{};
  std::uint64_t restarts_ = 0, requests_ = 0;
};

}  // namespace b2m::spi_nodes::peer
