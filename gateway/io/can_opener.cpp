// SPDX-License-Identifier: MIT
// Which transport an interface's name asks for.
#include "gateway/io/can_transports.hpp"

namespace b2m {
namespace {

constexpr std::string_view kSlcan = "slcan:";
constexpr std::string_view kCandump = "candump:";

Awaitable<OpenedCan> open_can(Executor executor, Clock& clock, CanOpening opening) {
  const std::string& name = opening.interface;
  if (name.starts_with(kCandump))
    co_return open_candump(executor, clock, name.substr(kCandump.size()), opening);
  if (!name.starts_with(kSlcan)) co_return open_socketcan(executor, clock, opening);
  auto line = open_serial(executor, clock, name.substr(kSlcan.size()), opening.serial_baud);
  if (!line) co_return line.error();
  co_return co_await open_slcan(executor, clock, std::move(*line), std::move(opening));
}

}  // namespace

OpenCan make_can_opener(Executor executor, Clock& clock) {
  return [executor = std::move(executor), &clock](CanOpening opening) {
    return open_can(executor, clock, std::move(opening));
  };
}

}  // namespace b2m
