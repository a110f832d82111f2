// SPDX-License-Identifier: MIT
// The link to the broker as the rest of the program sees it: messages out by lane, messages in,
// and news about the connection. All calls and callbacks happen on the event loop.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/io/awaitable.hpp"
#include "gateway/io/clock.hpp"
#include "gateway/units.hpp"

namespace b2m::mqtt {

/// What happens to a message that cannot be sent at once.
enum class Lane {
  state,     // newest per topic; costs memory per topic, not per minute
  alert,     // newest per `coalesce` key; never dropped
  response,  // a queue of 1,000; when full, new commands are refused
  event,     // a queue; drops its oldest, counted
  log,       // a queue; drops its oldest, counted; dropped at once while offline
  history,   // a queue; bounded by its producer, which waits for `history_room`
};
inline constexpr std::string_view kLanes[] = {"state", "alert", "response",
                                              "event", "log",   "history"};

struct Outgoing {
  std::string topic;
  std::string payload;
  Lane lane = Lane::state;
  int qos = 0;
  bool retain = false;
  std::string coalesce;        // lane alert: "(device, alert)"
  std::string correlation;     // MQTT 5 correlation data; empty: none
  std::string content_type;    // MQTT 5; empty: none
  std::uint32_t expiry_s = 0;  // MQTT 5 message expiry; 0: none
  std::uint64_t version = 0;   // the outbox's own: only the newest of a key goes back into it
};

struct Incoming {
  std::string topic;
  std::string payload;
  bool retained = false;
  bool too_large = false;  // the payload was cut off at the door
  int qos = 0;
  std::string response_topic;  // MQTT 5; empty: none
  std::string correlation;
};

struct QueueStats {
  std::size_t depth = 0;
  std::uint64_t sent = 0;
  std::uint64_t dropped = 0;
};

struct LinkStats {
  bool online = false;
  int protocol = 0;  // 5 or 4 (3.1.1); 0 while offline
  std::uint64_t connects = 0;
  std::uint64_t failed_connects = 0;
  std::uint64_t received = 0;
  std::uint64_t received_dropped = 0;  // inbound queue full
  std::size_t in_flight = 0;
  std::map<std::string, QueueStats> lanes;
};

/// Told about the connection and about every message of a subscription.
class LinkUser {
 public:
  virtual ~LinkUser() = default;
  /// Connected and subscribed: send everything again, the broker's store may be empty.
  virtual void on_online() = 0;
  virtual void on_offline(std::string_view reason) = 0;
  virtual void on_message(const Incoming& message) = 0;
};

class Link {
 public:
  virtual ~Link() = default;
  virtual void start(LinkUser& user) = 0;
  /// Topic filters, subscribed on every connection; call before start.
  virtual void subscribe(std::vector<std::string> filters) = 0;
  virtual void send(Outgoing message) = 0;
  [[nodiscard]] virtual bool is_online() const = 0;
  /// False while the response queue is full.
  [[nodiscard]] virtual bool takes_commands() const = 0;
  /// True when a history batch may be sent: online and the lane is empty and acknowledged.
  [[nodiscard]] virtual bool history_room() const = 0;
  [[nodiscard]] virtual LinkStats stats() const = 0;
  /// Sends what is queued (not longer than `deadline`), then `offline` on the will's topic, then
  /// disconnects.
  virtual Awaitable<> stop(SteadyTime deadline) = 0;
};

/// Everything the session needs to know; filled from [mqtt].
struct LinkSettings {
  std::string url = "mqtt://127.0.0.1:1883";  // mqtts:// for TLS
  std::string client_id = "battery2mqtt";
  std::string username;
  std::string password;
  std::string ca_file, cert_file, key_file;
  bool verify_hostname = true;
  int protocol = 0;  // 0: MQTT 5, falling back to 3.1.1; 5 or 4: only that
  double keep_alive_s = 30;
  std::string will_topic;  // gets `online` (retained, QoS 1) on connecting, `offline` as the will
  std::string online = "online";
  std::string offline = "offline";  // empty: the broker forgets the topic
  std::size_t window = 100;         // messages in flight
  std::size_t event_queue = 1000;
  std::size_t response_queue = 1000;
  std::size_t log_queue = 200;
  std::size_t inbound_queue = 256;
  std::size_t most_inbound_bytes = 256 * 1024;  // of a message; longer ones are not read
};

/// What is wrong with the settings, before anything is tried.
Result<> check(const LinkSettings& settings);

/// On Paho MQTT C++. Paho's threads only ever post onto `executor`.
std::unique_ptr<Link> make_paho_link(Executor executor, Clock& clock, LinkSettings settings);

}  // namespace b2m::mqtt
