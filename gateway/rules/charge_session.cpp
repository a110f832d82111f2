// SPDX-License-Identifier: MIT
#include "gateway/rules/charge_session.hpp"

#include <utility>

#include "gateway/rules/charge_machine.hpp"

namespace b2m::rules {

struct ChargeSession::State {
  ChargeMachine machine;
};

ChargeSession::ChargeSession(ChargerSettings settings, Learned learned)
    : state_(std::make_unique<State>(State{ChargeMachine(std::move(settings), learned)})) {}
ChargeSession::~ChargeSession() = default;
ChargeSession::ChargeSession(ChargeSession&&) noexcept = default;
ChargeSession& ChargeSession::operator=(ChargeSession&&) noexcept = default;

void ChargeSession::restore(std::string_view kept) { state_->machine.restore(kept); }
std::string ChargeSession::to_text() const { return state_->machine.to_text(); }
SessionOutput ChargeSession::step(const SessionInput& in) { return state_->machine.step(in); }
const SessionFigures& ChargeSession::figures() const { return state_->machine.figures(); }
const Learned& ChargeSession::learned() const { return state_->machine.learned(); }
void ChargeSession::set_start_level(std::optional<double> percent) {
  state_->machine.set_start_level(percent);
}

}  // namespace b2m::rules
