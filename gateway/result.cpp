// SPDX-License-Identifier: MIT
#include "gateway/result.hpp"

namespace b2m {

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::timeout:
      return "timed out";
    case Errc::disconnected:
      return "disconnected";
    case Errc::bus_off:
      return "bus off";
    case Errc::buffer_full:
      return "buffer full";
    case Errc::truncated:
      return "truncated";
    case Errc::malformed:
      return "malformed";
    case Errc::out_of_range:
      return "out of range";
    case Errc::unknown_device:
      return "unknown device";
    case Errc::unknown_key:
      return "unknown key";
    case Errc::not_allowed:
      return "not allowed";
    case Errc::refused:
      return "refused";
    case Errc::not_supported:
      return "not supported";
    case Errc::permission:
      return "permission denied";
    case Errc::not_found:
      return "not found";
    case Errc::cancelled:
      return "cancelled";
    case Errc::io_error:
      return "input/output error";
  }
  return "unknown error";
}

std::string Error::text() const { return detail.empty() ? std::string(to_string(code)) : detail; }

}  // namespace b2m
