// SPDX-License-Identifier: MIT
// Polled from a timer of its own, so that closing the terminal needs nobody's consent.
#include "tests/support/scripted_pty.hpp"

#include <array>
#include <stdexcept>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fcntl.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include "gateway/io/nothrow.hpp"

namespace b2m::test {

ScriptedPty::ScriptedPty(VirtualClock& clock) : clock_(clock) {
  std::array<char, 128> name{};
  int slave = -1;
  termios settings{};
  ::cfmakeraw(&settings);
  if (::openpty(&master_, &slave, name.data(), &settings, nullptr) != 0)
    throw std::runtime_error("no pseudo terminals");
  ::fcntl(master_, F_SETFL, O_NONBLOCK);
  ::close(slave);
  path_ = name.data();
  boost::asio::co_spawn(clock_.context(), listen(), boost::asio::detached);
}

Awaitable<> ScriptedPty::listen() {
  boost::asio::steady_timer pause(clock_.context());
  const std::shared_ptr<bool> is_alive = is_alive_;
  while (*is_alive) {
    std::array<char, 256> bytes;
    const ssize_t n = ::read(master_, bytes.data(), bytes.size());
    for (ssize_t i = 0; i < n; ++i) {
      if (bytes[static_cast<std::size_t>(i)] != '\r') {
        partial_ += bytes[static_cast<std::size_t>(i)];
        continue;
      }
      heard_.push_back(std::exchange(partial_, {}));
      if (script_) say(script_(heard_.back()));
    }
    pause.expires_after(std::chrono::milliseconds(1));
    co_await pause.async_wait(nothrow);
  }
}

void ScriptedPty::say(const std::string& bytes) const {
  if (!bytes.empty() && ::write(master_, bytes.data(), bytes.size()) < 0)
    throw std::runtime_error("the pseudo terminal takes nothing");
}

void ScriptedPty::unplug() {
  if (!std::exchange(*is_alive_, false)) return;
  ::close(master_);
}

}  // namespace b2m::test
