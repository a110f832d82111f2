// SPDX-License-Identifier: MIT
#include "gateway/app/simulation/fetches.hpp"

#include <utility>

#include <fmt/format.h>

namespace b2m::app {
namespace {

constexpr std::size_t kMostWaiting = 100;

}  // namespace

/// The archive's thread has it while a part is made, the loop otherwise.
struct Fetches::Running {
  Fetch fetch;
  TablePtr table;
  std::size_t part = 1;
  bool is_last = false;
  Answer answer;

  void make(Archive& archive) {
    if (!table) {
      auto read = archive.table(fetch.job);
      if (!read) return fail(read.error().text());
      table = std::move(*read);
    }
    const std::size_t parts = count_parts(*table);
    part = fetch.part.value_or(part);
    if (part < 1 || part > parts)
      return fail(fmt::format("there is no part {}; parts are 1 to {}", part, parts));
    is_last = fetch.part || part == parts;
    answer = Answer();
    answer.data = fmt::format(R"({{{},"part":{},"parts":{},{}}})", fetch.id_fields, part, parts,
                              part_fields(*table, part, fetch.format));
  }

  void fail(std::string why) {
    is_last = true;
    answer.data = fmt::format("{{{}}}", fetch.id_fields);
    answer.error = std::move(why);
  }
};

bool Fetches::is_full() const { return waiting_.size() >= kMostWaiting; }

void Fetches::add(Fetch fetch) {
  waiting_.push_back(std::move(fetch));
  next();
}

void Fetches::tick() { next(); }

void Fetches::next() {
  if (is_making_ || (!running_ && waiting_.empty())) return;
  if (has_room_ && !has_room_()) return;
  if (!running_) {
    running_ = std::make_shared<Running>();
    running_->fetch = std::move(waiting_.front());
    waiting_.pop_front();
  }
  is_making_ = true;
  archive_.run([&archive = archive_, running = running_] { running->make(archive); },
               [this, running = running_](const Result<>& done) {
                 if (!done) running->fail(done.error().text());
                 made(running);
               });
}

void Fetches::made(const std::shared_ptr<Running>& running) {
  is_making_ = false;
  ++running->part;
  if (running->is_last) running_.reset();
  running->fetch.answer(std::move(running->answer));
  next();
}

}  // namespace b2m::app
