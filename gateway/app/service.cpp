// SPDX-License-Identifier: MIT
// The protocol is one datagram of text (sd_notify(3)); libsystemd would bring four more libraries
// and a megabyte of memory for it.
#include "gateway/app/service.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include <malloc.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace b2m::app {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return value ? value : std::string_view();
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

/// Without systemd there is nobody to tell.
void tell_service_manager(std::string_view state) {
  const std::string_view path = variable("NOTIFY_SOCKET");
  sockaddr_un there{};
  const bool is_path = path.starts_with('/') || path.starts_with('@');
  if (!is_path || path.size() >= sizeof there.sun_path) return;
  there.sun_family = AF_UNIX;
  std::memcpy(there.sun_path, path.data(), path.size());
  if (path.front() == '@') there.sun_path[0] = '\0';  // a name without a file
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  // If it does not arrive, systemd's own time limit says so.
  (void)sendto(fd, state.data(), state.size(), MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&there), size);
  close(fd);
}

std::optional<SteadyDuration> watchdog_interval() {
  const auto timeout_us = number<std::int64_t>(variable("WATCHDOG_USEC"));
  if (!timeout_us || *timeout_us <= 0) return std::nullopt;
  const std::string_view pid = variable("WATCHDOG_PID");
  if (!pid.empty() && number<pid_t>(pid) != getpid()) return std::nullopt;
  return std::chrono::microseconds(*timeout_us / 2);
}

void give_back_memory() { malloc_trim(0); }

}  // namespace b2m::app
