// SPDX-License-Identifier: MIT
// What a gateway and its workers on other machines say to each other over the broker: a line of
// JSON, and after it the bytes that JSON would only make longer. docs/simulation.md, "On other
// machines", documents the topics.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/result.hpp"

namespace b2m::app::simulation_wire {

/// Both sides must speak the same; it is part of the topics, so that others are never asked.
inline constexpr int kVersion = 1;
inline constexpr std::size_t kMostOrderBytes = 4 * 1024 * 1024;
inline constexpr std::size_t kPartBytes = 128 * 1024;
inline constexpr std::size_t kMostMessageBytes = kMostOrderBytes + 64 * 1024;

/// One level of a topic, and something that a person may read in a log.
bool is_name(std::string_view text);

std::string jobs_topic(std::string_view base, std::string_view group);
/// What the workers of a group subscribe to: the broker gives each message to one of them.
std::string jobs_filter(std::string_view base, std::string_view group);
std::string cancel_topic(std::string_view base, std::string_view group);
std::string worker_topic(std::string_view base, std::string_view worker);
/// Empty: not the topic of a worker.
std::string worker_of(std::string_view base, std::string_view topic);
std::string results_topic(std::string_view base, std::string_view gateway);

/// One handing out of one job. The token is new every time and everywhere, so that an answer
/// belongs to exactly one of them, whatever was restarted in between.
struct Ticket {
  std::string token;
  std::string id;  // for the log
  bool operator==(const Ticket&) const = default;
};

/// To whichever worker the broker chooses.
struct Order {
  Ticket ticket;
  std::string gateway;       // whom to answer
  double time_limit_s = 60;  // of calculation
  double sign_every_s = 2;   // of life
  std::string request;       // self-contained JSON
};

/// To all workers of the group; the one that has it stops, without an answer.
struct Cancel {
  std::string gateway;
  std::string token;
};

/// Retained while a worker is there, and renewed; the broker forgets what is not.
inline constexpr double kPresenceExpiry_s = 90, kPresenceEvery_s = 30;
struct Presence {
  int wire = kVersion;
  std::string version;  // of the program
  std::string group;
  std::size_t threads = 1;
  std::size_t takes = 1;  // jobs at a time, waiting ones included
};

/// Everything that a worker has of this gateway, at regular times: what is not listed any more and
/// has not been answered is lost.
struct Signs {
  struct Sign {
    std::string token;
    bool is_running = false;
    double part = 0;
  };
  std::vector<Sign> signs;
};
/// Not begun, or not finished: another worker's turn.
struct Returned {
  Ticket ticket;
  std::string why;
};
/// Of a result, see wire_result.hpp.
struct ResultPart {
  Ticket ticket;
  int part = 1, parts = 1;
  std::size_t size = 0;     // of all parts
  std::uint64_t check = 0;  // sum of all parts
  std::string bytes;
};
struct Answer {
  std::string worker;
  std::variant<Signs, Returned, ResultPart> said;
};

std::string encode(const Order& order);
std::string encode(const Cancel& cancel);
std::string encode(const Presence& presence);
std::string encode(const Answer& answer);

Result<Order> parse_order(std::string_view payload);
Result<Cancel> parse_cancel(std::string_view payload);
Result<Presence> parse_presence(std::string_view payload);
Result<Answer> parse_answer(std::string_view payload);

}  // namespace b2m::app::simulation_wire
