// SPDX-License-Identifier: MIT
// The coroutine type of every seam. Cheap to include; the Asio I/O headers stay in linux_*.cpp.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "gateway/result.hpp"

namespace b2m {

template <class T = void>
using Awaitable = boost::asio::awaitable<T>;
using Executor = boost::asio::any_io_executor;

}  // namespace b2m
