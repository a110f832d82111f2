// SPDX-License-Identifier: MIT
// Results on their way to those who have asked for them: part by part, so that neither the loop nor
// the queue of answers ever holds a whole one.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gateway/app/command_router.hpp"
#include "gateway/app/simulation/archive.hpp"
#include "gateway/app/simulation/rows.hpp"

namespace b2m::app {

struct Fetch {
  std::string job;        // as on topics
  std::string id_fields;  // `"id":17,"job":"17"`, for the answers
  ResultFormat format = ResultFormat::json;
  std::optional<std::size_t> part;  // from 1; nothing: all, one after the other
  std::function<void(Answer)> answer;
};

class Fetches {
 public:
  explicit Fetches(Archive& archive, std::function<bool()> has_room)
      : archive_(archive), has_room_(std::move(has_room)) {}

  [[nodiscard]] bool is_full() const;
  void add(Fetch fetch);
  /// Goes on with what has waited for room.
  void tick();

 private:
  struct Running;
  void next();
  void made(const std::shared_ptr<Running>& running);

  Archive& archive_;
  std::function<bool()> has_room_;
  std::deque<Fetch> waiting_;
  std::shared_ptr<Running> running_;  // one at a time
  bool is_making_ = false;
};

}  // namespace b2m::app
