// SPDX-License-Identifier: MIT
// Does a module that repeats itself still convert? A conversion ends sooner than it can be asked
// for, so the test changes what is measured: with the power of its sensors off a living module
// reads other temperatures. docs/protocols/tesla-uart.md 7.
#include "adapters/tesla_uart/adapter.hpp"
#include "gateway/log.hpp"

namespace b2m::tesla_uart {
namespace {

using namespace std::chrono_literals;

constexpr SteadyDuration kSensorsSettle = 20ms;
constexpr SteadyDuration kConverted = 2ms;
constexpr int kTries = 3;

}  // namespace

/// One module, before a reading, while all cells are at rest; what it measures is never reported.
Awaitable<Result<>> TeslaAdapter::test_one() {
  for (const auto& m : modules_)
    if (is_present(*m) && m->freshness.is_test_due(clock_.now())) co_return co_await test_life(*m);
  co_return Result<>();
}

Awaitable<Result<>> TeslaAdapter::test_life(Module& m) {
  Proof proof = Proof::unclear;
  const auto dark = co_await power_sensors(m, 0);
  if (!dark && dark.error().code != Errc::timeout) co_return dark.error();
  if (dark && *dark) {
    const auto proved = co_await prove_life(m);
    if (!proved && proved.error().code != Errc::timeout) co_return proved.error();
    if (proved) proof = *proved;
  }
  m.freshness.take(proof, clock_.now());
  const auto lit = co_await power_sensors(m, kSensorsOn);
  if (!lit && lit.error().code != Errc::timeout) co_return lit.error();
  if (!lit || !*lit) settings_due_ = clock_.now();  // together with all others
  co_return Result<>();
}

/// True: seen to have happened.
Awaitable<Result<bool>> TeslaAdapter::power_sensors(Module& m, std::uint8_t bits) {
  for (int i = 0; i < kTries; ++i) {
    const Result<> told = co_await ring_.write(m.address(), reg::kIoControl, bits);
    if (is_fatal(told)) co_return told.error();
    const auto read = co_await ring_.read(m.address(), reg::kIoControl, 1);
    if (!read) co_return read.error();
    if ((*read)[0] != bits) continue;
    const Result<> slept = co_await clock_.sleep_for(kSensorsSettle);
    if (!slept) co_return slept.error();
    co_return true;
  }
  co_return false;
}

Awaitable<Result<Proof>> TeslaAdapter::prove_life(Module& m) {
  if (!is_told_alone(m)) {
    const auto with_all = co_await prove_start(m, kEverybody);
    if (!with_all || *with_all == Proof::lives) co_return with_all;
  }
  const auto alone = co_await prove_start(m, m.address());
  if (!alone || *alone != Proof::lives || is_told_alone(m)) co_return alone;
  m.needs_own_start = true;
  m.freshness.forget();
  log::warn("tesla_uart", "{} does not measure with the others: told by itself from now on",
            m.name());
  co_return alone;
}

/// Where both sensors say the same without power, a start that is seen to run must do.
Awaitable<Result<Proof>> TeslaAdapter::prove_start(Module& m, std::uint8_t whom) {
  const Result<> told = co_await ring_.write(whom, reg::kConvert, kStartConversion);
  if (!told) co_return told.error();
  const auto running = co_await ring_.read(m.address(), reg::kConvert, 1);
  if (!running) co_return running.error();
  const bool is_seen_to_run = (*running)[0] != 0;
  const Result<> slept = co_await clock_.sleep_for(kConverted);
  if (!slept) co_return slept.error();
  const auto read = co_await read_once(m);
  if (!read) co_return read.error();
  if (!read->measurement) co_return Proof::unclear;
  if (!m.freshness.is_same(read->measurement->raw)) co_return Proof::lives;
  if (m.can_tell_by_sensors()) co_return Proof::stands;
  co_return is_seen_to_run ? Proof::lives : Proof::unclear;
}

}  // namespace b2m::tesla_uart
