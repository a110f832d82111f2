// SPDX-License-Identifier: MIT
// Calculates jobs on the threads of this machine.
#pragma once

#include <map>
#include <memory>

#include "gateway/app/simulation/job.hpp"
#include "gateway/app/simulation/request.hpp"
#include "gateway/io/workers.hpp"

namespace b2m::app {

/// Runs one order to its end, on whatever thread calls it; never throws.
JobResult calculate(const JobOrder& order, const RequestLimits& limits,
                    const sim::RunControl& control);

class LocalPlace final : public JobPlace {
 public:
  /// `threads` of them; started when first needed.
  LocalPlace(Executor executor, std::size_t threads, RequestLimits limits);
  /// Cancels what runs, and waits for it: a step of a solver at most.
  ~LocalPlace() override;
  LocalPlace(const LocalPlace&) = delete;
  LocalPlace& operator=(const LocalPlace&) = delete;

  void set_hooks(Hooks hooks) override { hooks_ = std::move(hooks); }
  [[nodiscard]] std::size_t room() const override;
  void start(const JobOrder& order) override;
  void cancel(const std::string& id) override;

 private:
  struct Run;
  void refuse(const std::shared_ptr<Run>& run, std::string why);
  void ended(const std::shared_ptr<Run>& run);

  Executor executor_;
  RequestLimits limits_;
  Hooks hooks_;
  std::map<int, std::shared_ptr<Run>> running_;                 // by the number of the order
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for what is posted and comes late
  std::unique_ptr<Workers> workers_;                            // ends first
};

}  // namespace b2m::app
