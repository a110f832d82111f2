// SPDX-License-Identifier: MIT
// One select line: opened when it is needed, and what was asked on it last, since every reply of
// protocol v2 belongs to the request before.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/spi_nodes/legacy.hpp"
#include "adapters/spi_nodes/trouble.hpp"
#include "adapters/spi_nodes/v2.hpp"
#include "gateway/io/spi_bus.hpp"

namespace b2m::spi_nodes {

class Node;

/// A request and who it was for.
struct Asked {
  Node* node = nullptr;
  V2Request request{};
};

/// What came back while the next request went out.
struct Answer {
  std::optional<Asked> asked;  // empty: nobody was expected to answer
  Trouble trouble;             // of this exchange
  V2Reply reply{};             // only without trouble
};

/// The reply to `asked`, from the node with this address (0: any), and nothing wrong with it.
Trouble judge(const Answer& answer, std::uint8_t address);

class Line {
 public:
  struct Polarity {
    bool invert_mosi = false, invert_miso = false;
  };

  Line(const OpenSpi& open, Clock& clock, SpiOpening how, Polarity polarity)
      : open_(open), clock_(clock), how_(std::move(how)), polarity_(polarity) {}

  [[nodiscard]] const std::string& device() const { return how_.device; }
  [[nodiscard]] const std::optional<Asked>& pending() const { return pending_; }
  [[nodiscard]] std::uint64_t exchanges() const { return exchanges_; }
  [[nodiscard]] const Error& last_error() const { return last_error_; }
  /// When the select line fell last: that is when a node takes its sample.
  [[nodiscard]] SteadyTime last_start() const { return last_start_; }
  [[nodiscard]] SteadyTime now() const { return clock_.now(); }
  /// Nothing could be sent the last time.
  [[nodiscard]] bool is_broken() const { return !bus_; }

  /// Sends `next` and brings the answer to what was asked before. Fails only when cancelled.
  Awaitable<Result<Answer>> exchange(Asked next);
  /// Nobody answers it.
  Awaitable<Result<>> all_off();
  Awaitable<Result<LegacyReading>> read_legacy();
  void close();

 private:
  Awaitable<Result<std::vector<std::uint8_t>>> pass(std::vector<std::uint8_t> out);
  Result<> ensure_open();

  const OpenSpi& open_;
  Clock& clock_;
  SpiOpening how_;
  Polarity polarity_;
  std::unique_ptr<SpiBus> bus_;
  Error last_error_;
  SteadyTime next_try_{}, last_start_{};
  std::optional<Asked> pending_;
  std::uint8_t sequence_ = 0;
  std::uint64_t exchanges_ = 0;
};

}  // namespace b2m::spi_nodes
