// SPDX-License-Identifier: MIT
// A DBC file in the form that is fast to use: a message is found by one table look-up, a signal is
// one 64-bit load, a shift and a sign extension, for both byte orders.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "adapters/can/dbc.hpp"
#include "gateway/io/can_frame.hpp"

namespace b2m::can {

struct DecodedSignal {
  SignalIndex signal = 0;
  std::uint64_t raw = 0;  // sign-extended when the signal is signed; a float's bits
  double value = 0;       // factor and offset applied; NaN when a float says so
};

enum class Decoding {
  decoded,
  unknown,       // no message has this id
  wrong_length,  // too short for a signal that should be in it, or not exactly as long as demanded
};

class Decoder {
 public:
  /// `dbc` must be free of mistakes. With `exact_length` a frame must be just as long as its BO_
  /// line says.
  explicit Decoder(const Dbc& dbc, bool exact_length = false);

  /// Appends what a data frame says to `out`; all of it or nothing.
  Decoding decode(const CanFrame& frame, std::vector<DecodedSignal>& out) const;
  [[nodiscard]] bool knows(std::uint32_t id, bool extended) const {
    return find(id, extended) != kNone;
  }
  [[nodiscard]] std::size_t signals() const { return signals_.size(); }

 private:
  static constexpr std::uint32_t kNone = 0xFFFF'FFFF;

  struct Signal {
    std::uint8_t shift = 0;  // to the right, after loading in the signal's byte order
    std::uint8_t spare = 0;  // bits above the signal
    std::uint8_t bytes = 0;  // that a frame must have
    bool big_endian = false;
    bool is_signed = false;
    DbcForm form = DbcForm::integer;
    double factor = 1, offset = 0;
    std::uint32_t selector = kNone;  // of a multiplexor
  };
  struct Message {
    std::uint8_t length = 0;
    std::vector<SignalIndex> always;
  };
  struct Case {
    std::uint64_t low = 0, high = 0;
    std::vector<SignalIndex> signals;
  };
  /// Which signals are there at which value of a multiplexor.
  struct Selector {
    std::vector<Case> cases;                  // sorted by low
    bool apart = true;                        // no value has two cases
    std::array<std::uint16_t, 256> direct{};  // value -> case + 1, when all values are that small
    bool is_small = false;
    [[nodiscard]] const Case* find(std::uint64_t value) const;
  };
  struct Words {
    std::uint64_t little = 0, big = 0;
  };

  static Signal compile(const DbcSignal& signal);
  void add(const DbcMessage& message);
  void add_selector(const DbcMessage& message, SignalIndex first, const DbcSignal& multiplexor);
  static void close(Selector& selector);
  [[nodiscard]] std::uint32_t find(std::uint32_t id, bool extended) const;
  bool take(SignalIndex index, const Words& words, int length,
            std::vector<DecodedSignal>& out) const;
  bool take_selected(const Selector& selector, std::uint64_t value, const Words& words, int length,
                     std::vector<DecodedSignal>& out) const;

  bool exact_length_;
  std::vector<Message> messages_;
  std::vector<Signal> signals_;
  std::vector<Selector> selectors_;
  std::vector<std::uint32_t> standard_;  // 11-bit id -> message
  std::unordered_map<std::uint32_t, std::uint32_t> extended_;
};

}  // namespace b2m::can
