// SPDX-License-Identifier: MIT
// What a DBC file can say without being broken, but that cannot be true of any frame.
#pragma once

#include <functional>

#include "adapters/can/dbc.hpp"

namespace b2m::can {

using Complain = std::function<void(int line, int column, std::string what, std::string hint)>;

/// Length and factor, without which a signal is of no use.
bool is_sensible(const DbcSignal& signal, const Complain& complain);
/// Signals against the message's length, against each other and against their multiplexors.
void check_message(const DbcMessage& message, const Complain& complain);
/// Messages against each other: ids and names.
void check_messages(const Dbc& dbc, const Complain& complain);

}  // namespace b2m::can
