// SPDX-License-Identifier: MIT
// Commands in: checks form, age, permission and rate of every message to a command topic, hands
// what is left to the rules, and answers.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "discovery/topics.hpp"
#include "discovery/value.hpp"
#include "gateway/io/clock.hpp"
#include "gateway/model/intent.hpp"
#include "gateway/mqtt/link.hpp"

namespace b2m::app {

/// A bridge/request: what it asks and what is answered.
struct Request {
  std::string verb;
  std::string payload;
};
struct Answer {
  std::string data = "null";       // JSON
  std::string error{};             // empty: it went well
  std::optional<Intent> intent{};  // answered by the rules' verdict on it instead
  /// Answered when this calls back instead, on the event loop: once, or once for each part.
  std::function<void(std::function<void(Answer)> done)> later{};
};

/// Why an entity takes no commands, and the line to add if that is all.
std::string read_only_reason(const Entity& entity);

class CommandRouter {
 public:
  struct Hooks {
    std::function<void(Intent)> submit;
    std::function<void(DeviceId, const Note&)> note;
    std::function<void(Slot)> publish_now;
    /// A command on an entity of the gateway itself; the error says why not.
    std::function<Result<>(const Entity&, const discovery::Command&)> own;
    std::function<Answer(const Request&)> request;
  };

  CommandRouter(const Site& site, const discovery::Topics& topics, mqtt::Link& link, Clock& clock,
                Hooks hooks);
  void on_message(const mqtt::Incoming& message, const discovery::Address& address);
  void on_verdicts(const std::vector<Verdict>& verdicts);
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  static constexpr double kCommandsPerSecond = 20;
  static constexpr double kJobsPerSecond = 500;
  /// Whom to answer, and with what besides the result.
  struct Caller {
    std::string response_topic, correlation, transaction;
    DeviceId device;
    std::string key;
    std::string verb{};     // of a bridge/request, answered on its own topic as well
    bool is_heard = false;  // not one of a flood that is turned away unread
  };
  /// So many commands a second are taken; a burst may be twice as many.
  class Rate {
   public:
    explicit Rate(double per_second) : per_second_(per_second) {}
    bool take(SteadyTime now);

   private:
    double per_second_;
    double tokens_ = 0;
    SteadyTime last_{};
    bool is_started_ = false;
  };
  enum class Sort { command, switch_off, job };
  [[nodiscard]] std::string obstacle(const mqtt::Incoming& message, Sort sort = Sort::command);
  /// The way to the safe side is open however much else is going on.
  [[nodiscard]] bool switches_off(const mqtt::Incoming& message,
                                  const discovery::Address& address) const;
  void set(const mqtt::Incoming& message, const discovery::Address& address);
  void set_device(const mqtt::Incoming& message, const discovery::Address& address);
  void request(const mqtt::Incoming& message, const discovery::Address& address);
  void obey(const discovery::Command& command, Caller caller);
  void submit(Intent intent, Caller caller);
  void respond(const Caller& caller, const Answer& reply);
  void refuse(const Caller& caller, const std::string& why);
  void answer(const Caller& caller, const Answer& answer);
  void send(std::string topic, const std::string& json, const std::string& correlation);
  void complain(const Caller& caller, const std::string& why);
  [[nodiscard]] bool is_answerable(const std::string& topic) const;

  const Site& site_;
  const discovery::Topics& topics_;
  mqtt::Link& link_;
  Clock& clock_;
  Hooks hooks_;
  std::map<std::uint64_t, Caller> waiting_;
  std::uint64_t last_ticket_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t unsaid_ = 0;                // refusals without an event of their own
  std::map<std::string, SteadyTime> told_;  // refusals of late, and until when not again
  Rate rate_{kCommandsPerSecond};
  Rate job_rate_{kJobsPerSecond};      // these switch nothing
  Rate off_rate_{kCommandsPerSecond};  // no flood of other commands keeps an OFF out
};

}  // namespace b2m::app
