// SPDX-License-Identifier: MIT
// Error frames into bus state (docs/protocols/can.md, "Error frames").
#include "gateway/io/can_error.hpp"

namespace b2m::can_error {
namespace {

constexpr std::size_t kProblem = 1;
constexpr std::size_t kTxCount = 6;
constexpr std::size_t kRxCount = 7;

void note_controller(CanStatus& status, std::uint8_t problem) {
  if (problem & kRxOverflow) ++status.overruns;
  if (problem & kPassive) status.state = CanState::error_passive;
  if (problem & kWarning) status.state = CanState::error_warning;
  if (problem & kActive) status.state = CanState::error_active;
}

}  // namespace

void note(CanStatus& status, const CanFrame& frame) {
  ++status.error_frames;
  if (frame.id & kController) note_controller(status, frame.data[kProblem]);
  if (frame.id & kCounters) {
    status.tx_errors = frame.data[kTxCount];
    status.rx_errors = frame.data[kRxCount];
  }
  if (frame.id & kBusOff) {
    ++status.bus_offs;
    status.state = CanState::bus_off;
  }
  if (frame.id & kRestarted) {
    ++status.restarts;
    status.state = CanState::error_active;
  }
}

CanFrame make(std::uint32_t classes, std::uint8_t controller_problem) {
  CanFrame frame{.id = classes, .error = true, .length = 8};
  frame.data[kProblem] = controller_problem;
  return frame;
}

}  // namespace b2m::can_error
