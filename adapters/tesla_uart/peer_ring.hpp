// SPDX-License-Identifier: MIT
// The boards of a simulated ring and the way of a request through them: bytes in, bytes out, each
// with the time it takes. No I/O and no clock of its own.
#pragma once

#include <random>
#include <utility>

#include "adapters/tesla_uart/peer.hpp"
#include "adapters/tesla_uart/peer_chip.hpp"
#include "adapters/tesla_uart/peer_faults.hpp"

namespace b2m::tesla_uart::peer {

using Frame = std::vector<std::uint8_t>;

/// What comes out of the ring in one piece.
struct Answer {
  Frame bytes;
  SteadyDuration takes{};  // from the first bit of the request to the last of this
  SteadyDuration apart{};  // between bytes, when they drip
};

class Ring {
 public:
  Ring(const RingPeerSettings& settings, RingSay say);

  void add(std::unique_ptr<ModuleCells> cells);
  /// What was written to the ring in one piece.
  std::vector<Answer> hear(Bytes bytes, SteadyTime now);
  /// Random bytes of a noisy line in silence.
  [[nodiscard]] Frame babble();
  void advance_to(SteadyTime now);
  bool inject(const RingFault& fault, SteadyTime now);
  void clear_faults();

  /// When advance_to() is wanted next, at the latest.
  [[nodiscard]] SteadyTime next_event() const { return next_event_; }

  [[nodiscard]] std::size_t size() const { return boards_.size(); }
  [[nodiscard]] Chip& chip(std::size_t place) { return *boards_[place].chip; }
  [[nodiscard]] const std::vector<Frame>& requests() const { return requests_; }

 private:
  struct Board {
    std::unique_ptr<Chip> chip;
    bool is_powered = true;
    std::uint8_t bleed = 0;  // as it was said last
  };
  using Places = std::vector<std::size_t>;

  [[nodiscard]] Board make_board(std::unique_ptr<ModuleCells> cells) const;
  [[nodiscard]] Frame heard(Bytes bytes);
  [[nodiscard]] bool is_whole(Bytes rest) const;
  Answer pass(SteadyTime now);
  Answer repeat_unfinished();
  /// Who takes the request, in the order of the wiring; marks its first byte.
  Places takers(Frame& passing) const;
  [[nodiscard]] std::size_t reach() const;
  void exchange(Frame& passing, const Places& from, SteadyTime now);
  void answer_read(Frame& passing, const Chip& chip) const;
  void spoil(Answer& answer, const Places& from);
  void lose(Frame& bytes, double share);
  void insert(Frame& bytes, double share);
  [[nodiscard]] const RingFault* on(RingFaultKind kind, const Places& from) const;
  void time(Answer& answer) const;
  void apply_faults();
  void apply_to(std::size_t place);
  void apply_to_values(ChipFaults& faults, int module) const;
  void power(Board& board, bool is_powered);
  void arrange_extra(bool is_wanted);
  void tell_bleed(std::size_t place);
  void remember();
  [[nodiscard]] bool is_read() const { return (request_[0] & 1) == 0; }
  double chance();

  RingPeerSettings settings_;
  RingSay say_;
  std::vector<Board> boards_;
  bool has_extra_ = false;  // at the end
  FaultList faults_;
  std::optional<std::pair<std::size_t, std::size_t>> swapped_;
  Frame request_;           // so far
  std::size_t passed_ = 0;  // bytes of it that have come out already
  SteadyTime heard_at_{};
  SteadyTime looked_at_{};  // at all boards
  SteadyTime next_event_ = SteadyTime::max();
  std::vector<Frame> requests_;
  std::mt19937_64 random_;
};

}  // namespace b2m::tesla_uart::peer
