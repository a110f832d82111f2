// SPDX-License-Identifier: MIT
// The completion token for every Asio call: results come back as a tuple that starts with the
// error_code, nothing is thrown for them. For .cpp files that talk to Asio itself.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace b2m {

inline constexpr auto nothrow = boost::asio::as_tuple(boost::asio::use_awaitable);

}  // namespace b2m
