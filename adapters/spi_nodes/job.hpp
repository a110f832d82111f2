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

  void finish(Result<> with) {
    result = std::move(with);
    done.ring();
  }

  std::function<Awaitable<Result<>>()> work;
  Bell done;
  std::optional<Result<>> result;
  bool is_abandoned = false;
};

}  // namespace b2m::spi_nodes
