// SPDX-License-Identifier: MIT
// Plug::ask, for the files that Plug is spread over.
#pragma once

#include <utility>

#include "adapters/kasa/plug.hpp"

namespace b2m::kasa {

template <class T>
Awaitable<Result<T>> Plug::ask(Awaitable<Result<T>> request) {
  struct Closing {  // a request that was cut short leaves half a reply behind
    explicit Closing(Plug& p) : plug(p) {}
    ~Closing() {
      if (!is_over) plug.drop_connection();
    }
    Closing(const Closing&) = delete;
    Closing& operator=(const Closing&) = delete;
    Plug& plug;
    bool is_over = false;
  };
  ++shared_.requests;
  Closing closing(*this);
  Result<T> result = co_await std::move(request);
  closing.is_over = true;
  if (!result) count(result.error());
  co_return result;
}

}  // namespace b2m::kasa
