// SPDX-License-Identifier: MIT
#include "gateway/app/simulation/local_place.hpp"

#include <atomic>
#include <chrono>
#include <ctime>
#include <exception>
#include <utility>

#include <boost/asio/post.hpp>
#include <fmt/format.h>

namespace b2m::app {
namespace {

constexpr double kProgressInterval_s = 0.25;

/// Of this thread: a machine that is busy with other things does not use up a job's time.
double cpu_s() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

JobState state_after(sim::EndReason reason) {
  switch (reason) {
    case sim::EndReason::finished:
    case sim::EndReason::lower_voltage:
    case sim::EndReason::upper_voltage:
    case sim::EndReason::depleted:
      return JobState::done;
    case sim::EndReason::out_of_time:
      return JobState::timed_out;
    case sim::EndReason::cancelled:
      return JobState::cancelled;
    case sim::EndReason::no_solution:
    case sim::EndReason::row_limit:
    case sim::EndReason::time_limit:
      break;
  }
  return JobState::failed;
}

JobResult failed(std::string why) {
  JobResult result;
  result.error = std::move(why);
  return result;
}

JobResult run_checked(const JobOrder& order, const RequestLimits& limits,
                      const sim::RunControl& control) {
  const ParsedRequest parsed = parse_self_contained(order.request, limits);
  if (!parsed.request)
    return failed(parsed.error.field.empty()
                      ? parsed.error.text
                      : fmt::format("{}: {}", parsed.error.field, parsed.error.text));
  auto output = sim::run(parsed.request->input, control);
  if (!output) return failed(output.error().text());
  JobResult result;
  result.state = state_after(output->end.reason);
  if (result.state != JobState::done) result.error = output->end.text;
  result.output = std::move(*output);
  return result;
}

}  // namespace

JobResult calculate(const JobOrder& order, const RequestLimits& limits,
                    const sim::RunControl& control) {
  const double begun = cpu_s();
  sim::RunControl limited = control;
  bool is_late = false;
  limited.is_out_of_time = [&] {
    is_late = cpu_s() - begun > order.time_limit_s ||
              (control.is_out_of_time && control.is_out_of_time());
    return is_late;
  };
  JobResult result;
  try {
    result = run_checked(order, limits, limited);
  } catch (const std::bad_alloc&) {
    result = failed("there is not enough memory for this job");
  } catch (const std::exception& e) {
    result = failed(fmt::format("the calculation has failed: {}", e.what()));
  }
  if (is_late && result.state == JobState::timed_out)
    result.error = fmt::format("not finished after {} s of calculation", order.time_limit_s);
  result.calculated_s = cpu_s() - begun;
  return result;
}

/// One order on its way through a thread. The thread writes `result` before the loop reads it.
struct LocalPlace::Run {
  JobOrder order;
  std::atomic<bool> is_cancelled = false;
  JobResult result;
};

LocalPlace::LocalPlace(Executor executor, std::size_t threads, RequestLimits limits)
    : executor_(executor), limits_(limits), workers_(Workers::make(std::move(executor), threads)) {}

LocalPlace::~LocalPlace() {
  for (const auto& [number, run] : running_) run->is_cancelled = true;
  workers_.reset();
}

std::size_t LocalPlace::room() const {
  const std::size_t most = workers_->threads();
  return running_.size() < most ? most - running_.size() : 0;
}

void LocalPlace::start(const JobOrder& order) {
  const auto run = std::make_shared<Run>();
  run->order = order;
  running_.emplace(order.attempt, run);
  const auto report = [this, alive = std::weak_ptr<bool>(alive_), executor = executor_,
                       id = order.id, attempt = order.attempt](double part) {
    boost::asio::post(executor, [this, alive, id, attempt, part] {
      if (!alive.expired()) hooks_.progress(id, attempt, part);
    });
  };
  const auto work = [run, report, limits = limits_] {
    sim::RunControl control;
    control.is_cancelled = &run->is_cancelled;
    double told = cpu_s();
    control.progress = [&](double part) {
      if (cpu_s() - told < kProgressInterval_s) return;
      told = cpu_s();
      report(part);
    };
    run->result = calculate(run->order, limits, control);
  };
  if (const auto taken = workers_->run(work, [this, run] { ended(run); }); !taken)
    return refuse(run, taken.error().text());
  hooks_.started(order.id, order.attempt);
}

/// The caller is in the middle of something.
void LocalPlace::refuse(const std::shared_ptr<Run>& run, std::string why) {
  run->result = failed(std::move(why));
  boost::asio::post(executor_, [this, run, alive = std::weak_ptr<bool>(alive_)] {
    if (!alive.expired()) ended(run);
  });
}

void LocalPlace::ended(const std::shared_ptr<Run>& run) {
  running_.erase(run->order.attempt);
  hooks_.ended(run->order.id, run->order.attempt, std::move(run->result));
  hooks_.has_room();
}

void LocalPlace::cancel(const std::string& id) {
  for (const auto& [number, run] : running_)
    if (run->order.id == id) run->is_cancelled = true;
}

}  // namespace b2m::app
