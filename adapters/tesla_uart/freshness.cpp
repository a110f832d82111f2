// SPDX-License-Identifier: MIT
#include "adapters/tesla_uart/freshness.hpp"

namespace b2m::tesla_uart {
namespace {

using namespace std::chrono_literals;

constexpr int kSame = 10;               // readings until the first test
constexpr SteadyDuration kAgain = 60s;  // while they stay the same
constexpr SteadyDuration kUnclearAgain = 10s;
constexpr int kStands = 2;                  // the first may be an accident of the line
constexpr SteadyDuration kUnclear = 10min;  // without any proof of life

}  // namespace

void Freshness::take(const RawReading& raw) {
  if (last_ == raw) {
    ++same_;
    return;
  }
  *this = {};
  last_ = raw;
  same_ = 1;
}

void Freshness::take(Proof proof, SteadyTime now) {
  due_ = now + (proof == Proof::unclear ? kUnclearAgain : kAgain);
  if (proof != Proof::unclear) unclear_since_.reset();
  if (proof == Proof::lives) {
    stands_ = 0;
    is_frozen_ = false;
  } else if (proof == Proof::stands) {
    if (++stands_ < kStands) due_ = now;
    is_frozen_ = is_frozen_ || stands_ >= kStands;
  } else {
    if (!unclear_since_) unclear_since_ = now;
    is_frozen_ = is_frozen_ || now - *unclear_since_ >= kUnclear;
  }
}

bool Freshness::is_test_due(SteadyTime now) const { return same_ >= kSame && now >= due_; }

}  // namespace b2m::tesla_uart
