// SPDX-License-Identifier: MIT
// Work that others hand to the conversation: it is done between two exchanges.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "adapters/spi_nodes/adapter.hpp"

namespace b2m::spi_nodes {

struct SpiNodesAdapter::Job {
  Job(const Executor& executor, std::function<Awaitable<Result<>>()> what)
      : work(std::move(what)), done(executor) {}

  /// An off is carried out even if nobody waits for it any more.
  [[nodiscard]] bool is_wanted() const { return off_cell || !is_abandoned; }

  void finish(Result<> with) {
    result = std::move(with);
    done.ring();
  }

  std::function<Awaitable<Result<>>()> work;
  Bell done;
  std::optional<Result<>> result;
  std::optional<int> off_cell;  // ends the bleed of this one, before anything else is done
  bool is_abandoned = false;
};

}  // namespace b2m::spi_nodes
