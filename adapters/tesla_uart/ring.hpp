// SPDX-License-Identifier: MIT
// One request after the other on the ring, each with its deadline. A reader and a watchman run
// beside the conversation, so that no request needs a timer of its own.
// Facts: docs/protocols/tesla-uart.md 3 and 7.
#pragma once

#include <array>

#include "adapters/tesla_uart/protocol.hpp"
#include "adapters/tesla_uart/registers.hpp"
#include "gateway/io/bell.hpp"
#include "gateway/io/byte_stream.hpp"

namespace b2m::tesla_uart {

/// The line itself is gone; a module that does not answer is no reason to stop.
inline bool is_fatal(const Result<>& r) { return !r && r.error().code != Errc::timeout; }

class Ring {
 public:
  static constexpr std::size_t kMostRegisters = 24;

  struct Registers {
    std::array<std::uint8_t, kMostRegisters> bytes{};
    std::size_t size = 0;
    [[nodiscard]] Bytes view() const { return Bytes(bytes).first(size); }
    std::uint8_t operator[](std::size_t i) const { return bytes.at(i); }
  };
  struct Counts {
    std::uint64_t requests = 0, timeouts = 0, strange_bytes = 0;
  };

  Ring(const Executor& executor, Clock& clock, SteadyDuration deadline);

  /// Reads the line until it breaks; the calls below work only meanwhile.
  Awaitable<Result<>> serve(std::shared_ptr<ByteStream> line);

  /// Success says that it has come round the ring, not that anybody heard it.
  Awaitable<Result<>> write(std::uint8_t address, std::uint8_t reg, std::uint8_t value);
  Awaitable<Result<>> write_all(std::uint8_t reg, std::uint8_t value) {
    return write(kEverybody, reg, value);
  }
  Awaitable<Result<Registers>> read(std::uint8_t address, std::uint8_t reg, std::uint8_t count);

  void use(RequestForm form) { form_ = form; }
  [[nodiscard]] RequestForm form() const { return form_; }
  [[nodiscard]] const Counts& counts() const { return counts_; }
  /// Something was heard since the last call, if only our own bytes.
  [[nodiscard]] bool has_heard() const { return has_heard_; }
  bool take_sign_of_life() { return std::exchange(has_heard_, false); }

 private:
  Awaitable<Result<>> exchange(Request request);
  Awaitable<Result<>> listen();
  Awaitable<Result<>> watch();
  [[nodiscard]] std::uint8_t skewed(std::uint8_t count);

  Clock& clock_;
  SteadyDuration deadline_;
  std::shared_ptr<ByteStream> line_;
  ReplyParser parser_;
  RequestForm form_ = RequestForm::three_bytes;
  Bell answered_, asked_;
  bool is_waiting_ = false;  // for a reply
  bool is_watching_ = false;
  SteadyTime until_{};
  SteadyTime last_timeout_{};
  std::uint8_t skew_ = 0;
  bool has_heard_ = false;
  Counts counts_;
};

}  // namespace b2m::tesla_uart
