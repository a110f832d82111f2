// SPDX-License-Identifier: MIT
// Rows of jobs as texts for HTTP: made on another thread, bounded one by one and together.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "gateway/app/simulation/service.hpp"
#include "gateway/io/bell.hpp"

namespace b2m::app {

struct RowsText {
  std::string text;            // as original_rows() has them; empty: there are none
  std::shared_ptr<void> room;  // to be kept as long as the text or a copy of it
};

/// The HTTP face and the call-backs share one.
class HttpRows {
 public:
  explicit HttpRows(Executor executor, SimulationService& service);
  ~HttpRows();

  /// Errc::out_of_range: larger than any answer; Errc::cancelled. Waits while others are on their
  /// way: at most two of the largest are.
  Awaitable<Result<RowsText>> of(std::string id);

 private:
  struct Room;
  struct Reading;
  Awaitable<Result<std::shared_ptr<void>>> find_room(std::size_t bytes);

  Executor executor_;
  SimulationService& service_;
  std::shared_ptr<Room> room_;
};

}  // namespace b2m::app
