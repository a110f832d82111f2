// SPDX-License-Identifier: MIT
// An independent MQTT 3.1.1 client on a bare socket, QoS 0 only: what a benchmark hears through it
// is stamped as soon as the kernel has it, and no library of the gateway's is in between.
#pragma once

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/measure.hpp"

namespace b2m::bench {

struct Heard {
  std::string topic, payload;
  bool retained = false;  // was stored at the broker before we subscribed
  std::int64_t at_ns = 0;
};

class RawMqtt {
 public:
  RawMqtt(int port, std::string_view client_id, std::string_view filter) {
    connect_to(port);
    std::string body = text("MQTT");
    body += '\x04';              // version 3.1.1
    body += '\x02';              // clean session
    body.append("\x00\x00", 2);  // no keep-alive
    body += text(client_id);
    send_packet('\x10', body);
    await('\x20');
    send_packet('\x82', std::string("\x00\x01", 2) + text(filter) + '\x00');
    await('\x90');
  }
  ~RawMqtt() { close(fd_); }
  RawMqtt(const RawMqtt&) = delete;
  RawMqtt& operator=(const RawMqtt&) = delete;

  void publish(std::string_view topic, std::string_view payload) {
    send_packet('\x30', text(topic) + std::string(payload));
  }

  /// Waits up to `limit_ms` for messages and appends them; false when the broker is gone.
  bool hear(std::vector<Heard>& into, int limit_ms) {
    take_packets(into);  // what came together with an answer
    pollfd end{fd_, POLLIN, 0};
    if (poll(&end, 1, limit_ms) <= 0) return true;
    if (!read_more()) return false;
    take_packets(into);
    return true;
  }

  /// True when a listener accepts connections there.
  static bool is_listening(int port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in there = local(port);
    const bool is = ::connect(fd, reinterpret_cast<const sockaddr*>(&there), sizeof there) == 0;
    close(fd);
    return is;
  }

 private:
  static sockaddr_in local(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  static std::string text(std::string_view s) {
    std::string out{static_cast<char>(s.size() >> 8), static_cast<char>(s.size() & 0xFF)};
    return out.append(s);
  }

  void connect_to(int port) {
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in there = local(port);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0)
      throw std::runtime_error("no broker on port " + std::to_string(port));
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }

  void send_packet(char type, const std::string& body) {
    std::string packet(1, type);
    for (std::size_t rest = body.size();;) {
      const auto low = static_cast<char>(rest & 0x7F);
      rest >>= 7;
      packet += static_cast<char>(rest > 0 ? low | '\x80' : low);
      if (rest == 0) break;
    }
    packet += body;
    for (std::size_t done = 0; done < packet.size();) {
      const ssize_t n = ::send(fd_, packet.data() + done, packet.size() - done, MSG_NOSIGNAL);
      if (n <= 0) throw std::runtime_error("the broker does not take what we send");
      done += static_cast<std::size_t>(n);
    }
  }

  bool read_more() {
    char chunk[65536];
    const ssize_t n = recv(fd_, chunk, sizeof chunk, 0);
    if (n <= 0) return false;
    read_at_ns_ = now_ns();
    buffer_.append(chunk, static_cast<std::size_t>(n));
    return true;
  }

  /// Length of the packet at `at` with its header; 0 while it is not complete.
  std::size_t packet_size(std::size_t at, std::size_t& header) const {
    std::size_t length = 0;
    for (std::size_t i = 1; i <= 4 && at + i < buffer_.size(); ++i) {
      const auto byte = static_cast<unsigned char>(buffer_[at + i]);
      length |= static_cast<std::size_t>(byte & 0x7FU) << (7 * (i - 1));
      header = i + 1;
      if ((byte & 0x80U) == 0) return at + header + length <= buffer_.size() ? header + length : 0;
    }
    return 0;
  }

  void await(char type) {
    for (;;) {
      std::size_t header = 0;
      const std::size_t size = packet_size(0, header);
      if (size == 0) {
        if (!read_more()) throw std::runtime_error("the broker has hung up");
        continue;
      }
      const char found = buffer_[0];
      if ((found & '\xF0') == '\x30') take_publish(0, header, size, early_);
      buffer_.erase(0, size);
      if (found == type) return;
    }
  }

  void take_packets(std::vector<Heard>& into) {
    into.insert(into.end(), early_.begin(), early_.end());
    early_.clear();
    std::size_t at = 0, header = 0;
    while (const std::size_t size = packet_size(at, header)) {
      if ((buffer_[at] & '\xF0') == '\x30') take_publish(at, header, size, into);
      at += size;
    }
    buffer_.erase(0, at);
  }

  void take_publish(std::size_t at, std::size_t header, std::size_t size,
                    std::vector<Heard>& into) const {
    const auto byte = [&](std::size_t i) {
      return static_cast<std::size_t>(static_cast<unsigned char>(buffer_[i]));
    };
    const std::size_t topic = byte(at + header) << 8 | byte(at + header + 1);
    Heard& heard = into.emplace_back();
    heard.topic = buffer_.substr(at + header + 2, topic);
    heard.payload = buffer_.substr(at + header + 2 + topic, size - header - 2 - topic);
    heard.retained = (buffer_[at] & 1) != 0;
    heard.at_ns = read_at_ns_;
  }

  int fd_ = -1;
  std::string buffer_;
  std::vector<Heard> early_;  // messages before the answer to our subscription
  std::int64_t read_at_ns_ = 0;
};

}  // namespace b2m::bench
