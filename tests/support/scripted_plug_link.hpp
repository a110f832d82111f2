// SPDX-License-Identifier: MIT
// A line to a plug that expects requests in order, each known by a part of it, and answers as told.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "adapters/kasa/plug_link.hpp"

namespace b2m::test {

class ScriptedPlugLink final : public kasa::PlugLink {
 public:
  struct Sent {
    std::string request;
    kasa::Repeat repeat;
  };

  ~ScriptedPlugLink() override {
    for (const auto& line : script_) ADD_FAILURE() << "was not asked: " << line.part;
  }

  ScriptedPlugLink& on(std::string part, std::string reply) {
    script_.push_back({std::move(part), std::move(reply)});
    return *this;
  }
  ScriptedPlugLink& fail(std::string part, Errc code) {
    script_.push_back({std::move(part), Error(code, "scripted")});
    return *this;
  }

  Awaitable<Result<std::string>> exchange(std::string request, kasa::Repeat repeat,
                                          SteadyTime) override {
    sent.push_back({request, repeat});
    if (script_.empty()) {
      ADD_FAILURE() << "unexpected: " << request;
      co_return Errc::timeout;
    }
    auto line = std::move(script_.front());
    script_.pop_front();
    EXPECT_NE(request.find(line.part), std::string::npos) << request << " instead of " << line.part;
    co_return std::move(line.reply);
  }
  void close() override { ++closed; }
  [[nodiscard]] std::string_view name() const override { return "scripted"; }

  std::vector<Sent> sent;
  int closed = 0;

 private:
  struct Line {
    std::string part;
    Result<std::string> reply;
  };
  std::deque<Line> script_;
};

}  // namespace b2m::test
