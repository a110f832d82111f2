// SPDX-License-Identifier: MIT
// The keys of [simulation] and [simulation.http].
#include <algorithm>
#include <charconv>
#include <string_view>

#include "config/tables.hpp"

namespace b2m::config {

namespace {

bool is_loopback(std::string_view address) { return address.starts_with("127."); }

/// The gateway's sockets know no others.
bool is_ipv4(std::string_view text) {
  for (int i = 0; i < 4; ++i) {
    unsigned part = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, failed] = std::from_chars(text.data(), end, part);
    if (failed != std::errc() || part > 255) return false;
    if (i == 3) return stop == end;
    if (stop == end || *stop != '.') return false;
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()) + 1);
  }
  return false;
}

Rule ipv4_address() { return text_that("an IPv4 address, such as 127.0.0.1", is_ipv4); }

Rule http_url() {
  return text_that("a URL that begins with http://", [](std::string_view text) {
    const auto fits = [](char c) { return c > ' ' && c < 0x7F; };
    return text.size() > 7 && text.size() <= 2000 && text.starts_with("http://") &&
           std::ranges::all_of(text, fits);
  });
}

/// One level of a topic, as a shared subscription has it.
Rule group_name() {
  return text_that("letters, digits, - and _, at most 64", [](std::string_view text) {
    const auto fits = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
             c == '-' || c == '_';
    };
    return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, fits);
  });
}

void check_http(const SimulationHttp& http, Complaints& complaints) {
  if (http.enabled && http.port == http.queue_port)
    complaints.about("queue_port", "queue_port is the same as port", "for example 8081");
  if (!is_loopback(http.address) && !http.expose)
    complaints.about("address",
                     "other machines could reach this address, and there is no login: whoever "
                     "reaches it can start simulations",
                     "keep address = \"127.0.0.1\", or add expose = true if that is meant");
}

void check_simulation(const Simulation& simulation, Complaints& complaints) {
  if (simulation.enabled && simulation.workers < 0 && !simulation.remote_workers)
    complaints.about("workers", "nobody would calculate: workers = -1 is for remote workers alone",
                     "add remote_workers = true, or remove this line");
}

const Schema<SimulationHttp>& http_schema() {
  using S = SimulationHttp;
  static const auto kSchema =
      Schema<S>("http", "Simulations over HTTP, as the service had it that this one replaces.")
          .option("enabled", &S::enabled, "Listen at all.")
          .option("address", &S::address, "Where to listen.", ipv4_address())
          .option("expose", &S::expose,
                  "Allows an address that other machines can reach. There is no login.")
          .option("port", &S::port, "Of /cell/simulate and /drivecycle/simulate.", range(1, 65535))
          .option("queue_port", &S::queue_port, "Of /queue/publish.", range(1, 65535))
          .option("strict_status", &S::strict_status,
                  "A failure is answered with 4xx; otherwise with 200 and jobStarted false.")
          .option("callback_url", &S::callback_url,
                  "Results of jobs from /queue/publish are posted there; not set: nowhere.",
                  http_url())
          .option("callback_hosts", &S::callback_hosts,
                  "Where jobs may have their results posted besides: HOST or HOST:PORT each.")
          .check(check_http);
  return kSchema;
}

}  // namespace

const Schema<Simulation>& simulation_schema() {
  using S = Simulation;
  static const auto kSchema =
      Schema<S>("simulation", "Simulation jobs (docs/simulation.md).")
          .option("enabled", &S::enabled, "Take jobs at all.")
          .option("workers", &S::workers,
                  "Threads that calculate; 0: one less than the machine has, but one at least; "
                  "-1: none, remote workers do it all.",
                  range(-1, 256))
          .option("queue_limit", &S::queue_limit, "Jobs that wait; more are refused.",
                  range(1, 100'000))
          .option("job_time_limit_s", &S::job_time_limit_s,
                  "Time of calculation of a job that asks for no other.", range(1, 86'400))
          .option("keep_results", &S::keep_results, "Jobs that are over; the oldest go.",
                  range(1, 100'000))
          .option("keep_mb", &S::keep_mb, "Megabytes of results; the oldest go.", range(1, 100'000))
          .option("keep_days", &S::keep_days, "Age at which a job that is over goes.",
                  range(0.01, 3650))
          .option("parameter_dir", &S::parameter_dir,
                  "Folder with own parameter sets: NAME.toml, or NAME.json for BPX.")
          .option("cycle_dir", &S::cycle_dir, "Folder with drive cycles: NAME.csv.")
          .option("drive_cycle", &S::drive_cycle,
                  "Name of the cycle of jobs of type driveCycle. None is shipped.", not_empty())
          .option("remote_workers", &S::remote_workers,
                  "Also hand jobs to battery2mqtt simulate-worker on other machines.")
          .option("remote_group", &S::remote_group, "Which workers: their --group.", group_name())
          .option("remote_timeout_s", &S::remote_timeout_s,
                  "Without a sign of life for so long a job is handed out again.", range(1, 3600))
          .table("http", &S::http, http_schema())
          .check(check_simulation);
  return kSchema;
}

}  // namespace b2m::config
