// SPDX-License-Identifier: MIT
// What benchmarks share: times, percentiles, CPU and memory of another process, one JSON line of
// figures a case.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <sys/types.h>
#include <time.h>

namespace b2m::bench {

inline std::int64_t nanoseconds(clockid_t clock) {
  timespec t{};
  if (clock_gettime(clock, &t) != 0) return 0;
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}
/// The steady clock; the same in every process of the machine.
inline std::int64_t now_ns() { return nanoseconds(CLOCK_MONOTONIC); }
inline double to_ms(std::int64_t ns) { return static_cast<double>(ns) / 1e6; }
inline void sleep_until_ns(std::int64_t when) {
  const timespec t{when / 1'000'000'000, when % 1'000'000'000};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, nullptr);
}
inline void sleep_ms(int ms) { sleep_until_ns(now_ns() + std::int64_t{ms} * 1'000'000); }

/// CPU time of a process, all threads.
inline std::int64_t cpu_ns(pid_t pid) {
  clockid_t clock{};
  return clock_getcpuclockid(pid, &clock) == 0 ? nanoseconds(clock) : 0;
}

/// A line of /proc/PID/FILE such as "VmRSS:   9876 kB"; 0 when there is none.
inline long proc_kib(pid_t pid, const std::string& file, std::string_view name) {
  std::ifstream in(fmt::format("/proc/{}/{}", pid, file));
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(name)) return std::stol(line.substr(name.size() + 1));
  return 0;
}

/// Nearest-rank percentile; NaN of nothing.
inline double percentile(std::vector<double> values, double percent) {
  if (values.empty()) return std::nan("");
  std::ranges::sort(values);
  const auto rank =
      static_cast<std::size_t>(std::ceil(percent / 100 * static_cast<double>(values.size())));
  return values[std::clamp<std::size_t>(rank, 1, values.size()) - 1];
}

/// One line of figures: {"bench":"gateway","name":"idle",...} on standard output.
class Figures {
 public:
  Figures(std::string_view bench, std::string_view name)
      : json_(fmt::format(R"({{"bench":"{}","name":"{}")", bench, name)) {}
  Figures& add(std::string_view key, double value, int decimals = 3) {
    json_ += std::isfinite(value) ? fmt::format(R"(,"{}":{:.{}f})", key, value, decimals)
                                  : fmt::format(R"(,"{}":null)", key);
    return *this;
  }
  Figures& count(std::string_view key, std::uint64_t value) {
    json_ += fmt::format(R"(,"{}":{})", key, value);
    return *this;
  }
  Figures& truth(std::string_view key, bool value) {
    json_ += fmt::format(R"(,"{}":{})", key, value);
    return *this;
  }
  Figures& text(std::string_view key, std::string_view value) {
    json_ += fmt::format(R"(,"{}":"{}")", key, value);
    return *this;
  }
  void print() const {
    std::printf("%s}\n", json_.c_str());
    std::fflush(stdout);
  }

 private:
  std::string json_;
};

}  // namespace b2m::bench
