// SPDX-License-Identifier: MIT
// [simulation]: the service that calculates jobs, and its faces.
#pragma once

#include <string>
#include <vector>

namespace b2m::config {

struct SimulationHttp {
  bool enabled = false;
  std::string address = "127.0.0.1";
  bool expose = false;                      // an address that others can reach is meant
  int port = 8084;                          // POST /cell/simulate, /drivecycle/simulate
  int queue_port = 8081;                    // POST /queue/publish
  bool strict_status = false;               // a failure is 4xx instead of 200 with jobStarted false
  std::string callback_url;                 // results of queue jobs go there; empty: nowhere
  std::vector<std::string> callback_hosts;  // "HOST" or "HOST:PORT"; other call-backs are refused
};

struct Simulation {
  bool enabled = true;
  int workers = 0;         // threads; 0: one less than the machine has, at least one; -1: none
  int queue_limit = 2000;  // jobs waiting; more are refused
  double job_time_limit_s = 60;
  int keep_results = 1000;  // the oldest go
  int keep_mb = 200;        // of results; the oldest go
  double keep_days = 30;
  std::string parameter_dir;  // folder with own parameter sets; empty: none
  std::string cycle_dir;      // folder with drive cycles, NAME.csv; empty: none
  std::string drive_cycle =
      "us06";                   // of jobs of the original's form; not shipped (docs/simulation.md)
  bool remote_workers = false;  // also hand jobs to battery2mqtt simulate-worker
  std::string remote_group = "battery2mqtt";
  double remote_timeout_s = 30;  // without a sign of life a job is handed out again
  SimulationHttp http;
};

}  // namespace b2m::config
