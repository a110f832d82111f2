// SPDX-License-Identifier: MIT
// A job's result in parts that every broker takes: numbers as the eight bytes that they are, so
// that what arrives is what was calculated, to the last bit.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/app/simulation/job.hpp"
#include "gateway/app/simulation/wire.hpp"

namespace b2m::app::simulation_wire {

inline constexpr std::size_t kMostResultBytes = 64 * 1024 * 1024;

/// One part at least. A result beyond kMostResultBytes becomes a failed one that says so.
std::vector<ResultPart> encode_result(const Ticket& ticket, const JobResult& result);

/// Puts the parts together, in whatever order they come and however often.
class ResultAssembly {
 public:
  /// The result when this was the last part. An error: what was collected is gone.
  Result<std::optional<JobResult>> add(ResultPart part);

 private:
  Result<JobResult> finish();

  int missing_ = 0;
  std::size_t size_ = 0, collected_ = 0;
  std::uint64_t check_ = 0;
  std::vector<std::string> parts_;
};

}  // namespace b2m::app::simulation_wire
