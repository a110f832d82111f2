// SPDX-License-Identifier: MIT
#include "gateway/app/command_router.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "discovery/text.hpp"

namespace b2m::app {
namespace {

constexpr SteadyDuration kComplaintInterval = std::chrono::milliseconds(200);
constexpr std::size_t kMaxRequestBytes = 256 * 1024;

std::string allow_word(Control control) {
  switch (control) {
    case Control::charging:
      return "charging";
    case Control::plugs:
      return "plugs";
    case Control::balancing:
      return "balancing";
    case Control::contactors:
      return "contactors";
    case Control::limits:
      return "limits";
    case Control::none:
    case Control::always:
      break;
  }
  return {};
}

std::string json_text(std::string_view text) {
  std::string json;
  discovery::append_json_string(json, text);
  return json;
}

std::string to_json(const Answer& reply, const std::string& transaction) {
  const bool ok = reply.error.empty();
  return fmt::format(R"({{"status":"{}","data":{},"error":{},"transaction":{}}})",
                     ok ? "ok" : "error", reply.data, ok ? "null" : json_text(reply.error),
                     transaction.empty() ? "null" : transaction);
}

/// The caller's own "transaction" (text or number) of a JSON payload, as JSON; empty if there is
/// none.
std::string transaction_of(const std::string& payload) {
  if (payload.size() > discovery::kMaxDeviceSetBytes || !payload.starts_with('{')) return {};
  const auto json = nlohmann::json::parse(payload, nullptr, false);
  if (!json.is_object() || !json.contains("transaction") || !json["transaction"].is_primitive())
    return {};
  return json["transaction"].dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string read_only_reason(const Entity& entity) {
  const std::string word = allow_word(entity.control);
  if (word.empty()) return fmt::format("{} is read-only", entity.key);
  return fmt::format(
      "{} may not be switched; add \"{}\" to allow in [control] of the configuration", entity.key,
      word);
}

bool CommandRouter::Rate::take(SteadyTime now) {
  const double burst = 2 * per_second_;
  tokens_ = is_started_ ? std::min(burst, tokens_ + to_seconds(now - last_) * per_second_) : burst;
  is_started_ = true;
  last_ = now;
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

CommandRouter::CommandRouter(const Site& site, const discovery::Topics& topics, mqtt::Link& link,
                             Clock& clock, Hooks hooks)
    : site_(site), topics_(topics), link_(link), clock_(clock), hooks_(std::move(hooks)) {}

void CommandRouter::on_message(const mqtt::Incoming& message, const discovery::Address& address) {
  switch (address.verb) {
    case discovery::Verb::set:
      return set(message, address);
    case discovery::Verb::device_set:
      return set_device(message, address);
    case discovery::Verb::request:
      return request(message, address);
    case discovery::Verb::config:
      return;  // the announcer's
  }
}

std::string CommandRouter::obstacle(const mqtt::Incoming& message, Sort sort) {
  if (message.retained)
    return "retained commands are ignored, since they would be repeated at every connection; "
           "publish without the "
           "retain flag and clear this one with an empty retained message";
  if (message.too_large) return "the payload is too large";
  if (sort != Sort::switch_off && !link_.takes_commands())
    return "too many answers are waiting to be sent; try again later";
  Rate& rate = sort == Sort::switch_off ? off_rate_ : sort == Sort::job ? job_rate_ : rate_;
  if (!rate.take(clock_.now()))
    return fmt::format("too many commands; at most {} a second are taken",
                       sort == Sort::job ? kJobsPerSecond : kCommandsPerSecond);
  return {};
}

bool CommandRouter::switches_off(const mqtt::Incoming& message,
                                 const discovery::Address& address) const {
  if (message.retained || message.too_large) return false;
  const Entity* entity = site_.find(address.device, address.key);
  if (!entity || !entity->writable || entity->row->platform != Platform::switch_) return false;
  const auto command = discovery::parse_command(*entity, message.payload);
  return command && command->value == 0;
}

void CommandRouter::set(const mqtt::Incoming& message, const discovery::Address& address) {
  Caller caller{message.response_topic, message.correlation, {}, kBridge, std::string(address.key)};
  const Device* device = site_.find(address.device);
  if (device) caller.device = device->id;
  const bool off = switches_off(message, address);
  const Sort sort = off ? Sort::switch_off : Sort::command;
  if (const std::string why = obstacle(message, sort); !why.empty()) return refuse(caller, why);
  caller.is_heard = true;
  caller.transaction = transaction_of(message.payload);
  if (!device) return refuse(caller, fmt::format("there is no device \"{}\"", address.device));
  const Entity* entity = site_.find(address.device, address.key);
  if (!entity) return refuse(caller, fmt::format("{} has no \"{}\"", device->slug, address.key));
  if (!entity->writable) return refuse(caller, read_only_reason(*entity));
  const auto command = discovery::parse_command(*entity, message.payload);
  if (!command) return refuse(caller, command.error().text());
  obey(*command, std::move(caller));
}

void CommandRouter::set_device(const mqtt::Incoming& message, const discovery::Address& address) {
  Caller caller{message.response_topic, message.correlation, {}, kBridge, {}};
  const Device* device = site_.find(address.device);
  if (device) caller.device = device->id;
  if (const std::string why = obstacle(message); !why.empty()) return refuse(caller, why);
  caller.is_heard = true;
  caller.transaction = transaction_of(message.payload);
  if (!device) return refuse(caller, fmt::format("there is no device \"{}\"", address.device));
  const auto commands = discovery::parse_device_set(site_, *device, message.payload);
  if (!commands) return refuse(caller, commands.error().text());
  for (const discovery::Command& c : *commands)
    if (!c.entity->writable) return refuse(caller, read_only_reason(*c.entity));
  for (const discovery::Command& c : *commands) {
    Caller own = caller;
    own.key = c.entity->key;
    obey(c, std::move(own));
  }
}

void CommandRouter::obey(const discovery::Command& command, Caller caller) {
  const Entity& entity = *command.entity;
  if (command.expires_at && *command.expires_at < clock_.wall())
    return refuse(caller, fmt::format("the command had expired at {}",
                                      discovery::format_time(*command.expires_at)));
  if (entity.device == kBridge) {
    const Result<> done = hooks_.own(entity, command);
    return done ? answer(caller, {}) : refuse(caller, done.error().text());
  }
  Intent intent;
  intent.slot = entity.slot;
  intent.value = command.value;
  intent.text = command.text;
  submit(std::move(intent), std::move(caller));
}

void CommandRouter::submit(Intent intent, Caller caller) {
  intent.ticket = ++last_ticket_;
  waiting_.emplace(intent.ticket, std::move(caller));
  hooks_.submit(std::move(intent));
}

void CommandRouter::on_verdicts(const std::vector<Verdict>& verdicts) {
  for (const Verdict& verdict : verdicts) {
    const auto at = waiting_.find(verdict.ticket);
    if (at == waiting_.end()) continue;
    const Caller caller = std::move(at->second);
    waiting_.erase(at);
    if (verdict.accepted) {
      answer(caller, {});
    } else {
      refuse(caller, verdict.reason);
    }
  }
}

void CommandRouter::request(const mqtt::Incoming& message, const discovery::Address& address) {
  Caller caller{message.response_topic, message.correlation, {}, kBridge, std::string(address.key)};
  caller.verb = address.key;
  Answer reply;
  reply.error = obstacle(message, address.key.starts_with("simulate") ? Sort::job : Sort::command);
  caller.is_heard = reply.error.empty();
  if (reply.error.empty() && message.payload.size() > kMaxRequestBytes)
    reply.error = "the payload is too large";
  if (reply.error.empty()) {
    caller.transaction = transaction_of(message.payload);
    reply = hooks_.request({std::string(address.key), message.payload});
  }
  if (reply.error.empty() && reply.intent) {
    caller.device = site_.entity(reply.intent->slot).device;
    caller.key = site_.entity(reply.intent->slot).key;
    return submit(std::move(*reply.intent), std::move(caller));
  }
  if (reply.error.empty() && reply.later)
    return reply.later([this, caller](const Answer& late) { respond(caller, late); });
  respond(caller, reply);
}

void CommandRouter::respond(const Caller& caller, const Answer& reply) {
  if (!reply.error.empty()) complain(caller, reply.error);
  answer(caller, reply);
}

void CommandRouter::refuse(const Caller& caller, const std::string& why) {
  complain(caller, why);
  Answer reply;
  reply.error = why;
  answer(caller, reply);
  const Entity* entity = site_.find(site_.device(caller.device).slug, caller.key);
  if (entity) hooks_.publish_now(entity->slot);
}

/// Repeats, and what is turned away unread, are told of in sums; anything else by itself.
void CommandRouter::complain(const Caller& caller, const std::string& why) {
  ++refused_;
  const SteadyTime now = clock_.now();
  std::erase_if(told_, [now](const auto& one) { return one.second <= now; });
  std::string mark = why;
  if (caller.is_heard) mark += fmt::format("\n{}/{}", site_.device(caller.device).slug, caller.key);
  if (!told_.emplace(std::move(mark), now + kComplaintInterval).second) {
    ++unsaid_;
    return;
  }
  Note note{"command_failed", Severity::warning, caller.key,
            fmt::format("Command refused: {}", why)};
  if (unsaid_ > 0)
    note.message += fmt::format(" (and {} more refusals)", std::exchange(unsaid_, 0));
  hooks_.note(caller.device, note);
}

bool CommandRouter::is_answerable(const std::string& topic) const {
  if (topic.empty() || topic.size() > 256 || topic.find_first_of("+#") != std::string::npos)
    return false;
  const bool is_ours =
      topic.starts_with(topics_.base() + "/") && !topic.starts_with(topics_.bridge("response"));
  return !is_ours && topic[0] != '$' && topic != topics_.base() && discovery::is_utf8(topic);
}

void CommandRouter::answer(const Caller& caller, const Answer& reply) {
  const std::string json = to_json(reply, caller.transaction);
  if (!caller.verb.empty()) send(topics_.response(caller.verb), json, {});
  if (!is_answerable(caller.response_topic)) return;
  send(caller.response_topic, json, caller.correlation);
}

void CommandRouter::send(std::string topic, const std::string& json,
                         const std::string& correlation) {
  mqtt::Outgoing message;
  message.topic = std::move(topic);
  message.payload = json;
  message.lane = mqtt::Lane::response;
  message.qos = 1;
  message.correlation = correlation;
  message.content_type = "application/json";
  link_.send(std::move(message));
}

}  // namespace b2m::app
