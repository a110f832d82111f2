// SPDX-License-Identifier: MIT
// When an adapter counts as connected: once a device has said something, not that it is silent.
#include <gtest/gtest.h>

#include "gateway/app/supervisor.hpp"
#include "tests/support/virtual_clock.hpp"

namespace b2m::app {
namespace {

using namespace std::chrono_literals;

class Voice final : public Adapter {
 public:
  Voice(Clock& clock, Inbox*& inbox) : clock_(clock), inbox_(inbox) {}
  [[nodiscard]] std::vector<Offer> offers() const override { return {}; }
  void bind(const Site& site, AdapterIndex self) override { (void)site, (void)self; }
  Awaitable<Result<>> run(Inbox& inbox) override {
    inbox_ = &inbox;
    co_return co_await clock_.sleep_for(1h);
  }

 private:
  Clock& clock_;
  Inbox*& inbox_;
};

TEST(SupervisorConnected, OnlyByWhatADeviceHasSaid) {
  test::VirtualClock clock;
  Supervisor supervisor(clock.executor(), clock, {[](const Report&) {}, [](AdapterIndex) {}});
  Inbox* inbox = nullptr;
  supervisor.add("nodes", std::make_unique<Voice>(clock, inbox));
  supervisor.start();
  clock.advance(1s);
  ASSERT_NE(inbox, nullptr);

  Report report;
  inbox->post(report);
  report.add(point::voltage.row, 0, 0, Quality::missing);
  report.add(point::temperature.row, 0, 0, Quality::absent);
  report.add_text(0, "no answer");
  report.notes.push_back({"device_lost", Severity::error, "", "no answer"});
  inbox->post(report);
  EXPECT_FALSE(supervisor.health(0).connected);
  EXPECT_FALSE(supervisor.health(0).has_reported);

  report.add(point::voltage.row, 0, 0, Quality::suspect);
  inbox->post(report);
  EXPECT_TRUE(supervisor.health(0).connected);
}

}  // namespace
}  // namespace b2m::app
