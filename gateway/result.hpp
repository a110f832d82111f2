// SPDX-License-Identifier: MIT
// What may go wrong, and the type that carries either a value or what went wrong.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <boost/system/result.hpp>

namespace b2m {

enum class Errc {
  timeout,       // nobody answered within the deadline
  disconnected,  // the line, interface or connection is gone; opening again may help
  bus_off,       // the CAN controller has taken itself off the bus
  buffer_full,   // no room just now; trying again later helps
  truncated,     // the input ends too early
  malformed,     // the input is not what its format says
  out_of_range,  // understood, but outside what is allowed
  unknown_device,
  unknown_key,
  not_allowed,  // control.allow does not list it
  refused,      // a rule said no; the detail says which
  not_supported,
  permission,  // the system does not let us
  not_found,   // a file, interface or device is not there
  cancelled,
  io_error,  // anything else the system reports
};

std::string_view to_string(Errc code);

/// What went wrong, and in words for the user: what, where, how to mend.
struct Error {
  Errc code = Errc::io_error;
  std::string detail;

  Error() = default;
  Error(Errc c) : code(c) {}  // NOLINT(google-explicit-constructor): an Errc is an Error
  Error(Errc c, std::string text) : code(c), detail(std::move(text)) {}
  [[nodiscard]] std::string text() const;
};

[[noreturn]] inline void throw_exception_from_error(const Error& error,
                                                    const boost::source_location&) {
  throw std::runtime_error(error.text());
}

template <class T = void>
struct [[nodiscard]] Result : boost::system::result<T, Error> {
  using boost::system::result<T, Error>::result;
  Result(Errc code) : boost::system::result<T, Error>(Error(code)) {}
};

}  // namespace b2m
