// SPDX-License-Identifier: MIT
// What Paho does not let its users set on the socket it makes.
#pragma once

#include <string_view>
#include <vector>

namespace b2m::mqtt {

/// Of two small messages in a row the second waits until the broker has acknowledged the bytes of
/// the first, which takes up to 40 ms: good for a flood of messages, bad for a few. Paho leaves it
/// at that and keeps the socket to itself, so it is looked for among our own: TCP, connected to the
/// broker's port. Where it is not found, messages are slower, nothing else.
class BrokerSocket {
 public:
  /// Right after the connection was made.
  void find(std::string_view broker_port);
  /// Every message by itself, or as many in a packet as there are.
  void send_at_once(bool each);

 private:
  int port_ = 0;
  std::vector<int> descriptors_;  // more than one while an old connection is being closed
  bool is_at_once_ = false;
};

}  // namespace b2m::mqtt
