// SPDX-License-Identifier: MIT
// We keep the slave end open as well, so that reads do not end while nobody else has it open.
#include <array>
#include <cerrno>
#include <cstring>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "gateway/io/nothrow.hpp"
#include "gateway/io/pty_stream.hpp"

namespace b2m {
namespace {

Error system_error(const std::string& what) {
  return {Errc::io_error, fmt::format("{}: {}", what, std::strerror(errno))};
}

class LinuxPtyStream final : public PtyStream {
 public:
  LinuxPtyStream(const Executor& executor, std::string path)
      : master_(executor), plugged_(executor), path_(std::move(path)) {}
  ~LinuxPtyStream() override { unplug(); }

  Result<> plug_in() override;
  void unplug() override;
  bool put(Bytes bytes) override;
  Awaitable<Result<std::size_t>> read_some(MutableBytes buffer, SteadyTime) override;
  Awaitable<Result<>> write(Bytes bytes, SteadyTime) override;

 private:
  Result<> open_terminal();

  boost::asio::posix::stream_descriptor master_;
  boost::asio::steady_timer plugged_;  // never expires; cancelled when the line is back
  std::string path_;
  int slave_ = -1;
};

Result<> LinuxPtyStream::plug_in() {
  if (master_.is_open()) return {};
  if (const Result<> done = open_terminal(); !done) {
    unplug();
    return done;
  }
  plugged_.cancel();
  return {};
}

Result<> LinuxPtyStream::open_terminal() {
  const int fd = ::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return system_error("cannot open a pseudo terminal");
  master_.assign(fd);
  std::array<char, 64> name{};
  if (::grantpt(fd) != 0 || ::unlockpt(fd) != 0 || ::ptsname_r(fd, name.data(), name.size()) != 0)
    return system_error("cannot set up a pseudo terminal");
  slave_ = ::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  termios settings{};
  if (slave_ < 0 || ::tcgetattr(slave_, &settings) != 0)
    return system_error(fmt::format("cannot open {}", name.data()));
  ::cfmakeraw(&settings);
  ::tcsetattr(slave_, TCSANOW, &settings);
  std::array<char, 4096> old{};
  if (::readlink(path_.c_str(), old.data(), old.size()) > 0) ::unlink(path_.c_str());
  if (::symlink(name.data(), path_.c_str()) != 0)
    return system_error(fmt::format("cannot make {} a link to {}", path_, name.data()));
  return {};
}

void LinuxPtyStream::unplug() {
  if (!master_.is_open()) return;
  ::unlink(path_.c_str());
  if (slave_ >= 0) ::close(slave_);
  slave_ = -1;
  boost::system::error_code ignored;  // closing is all that is wanted
  master_.close(ignored);
}

Awaitable<Result<std::size_t>> LinuxPtyStream::read_some(MutableBytes buffer, SteadyTime) {
  for (;;) {
    if (!master_.is_open()) {
      plugged_.expires_at(SteadyTime::max());
      co_await plugged_.async_wait(nothrow);  // ends by plug_in() or by cancellation
      if (!master_.is_open()) co_return Errc::cancelled;
      continue;
    }
    const auto [error, n] = co_await master_.async_read_some(
        boost::asio::buffer(buffer.data(), buffer.size()), nothrow);
    if (error && !master_.is_open()) continue;  // unplugged
    if (error == boost::asio::error::operation_aborted) co_return Errc::cancelled;
    if (error) co_return Error(Errc::io_error, "pseudo terminal: " + error.message());
    // Held open by us, the terminal would stay exclusive for a host that has gone.
    ::ioctl(slave_, TIOCNXCL);
    co_return n;
  }
}

bool LinuxPtyStream::put(Bytes bytes) {
  // A host that does not read loses bytes, as with the real thing.
  return master_.is_open() && ::write(master_.native_handle(), bytes.data(), bytes.size()) >= 0;
}

Awaitable<Result<>> LinuxPtyStream::write(Bytes bytes, SteadyTime) {
  put(bytes);
  co_return Result<>();
}

}  // namespace

Result<std::unique_ptr<PtyStream>> make_pty_stream(Executor executor, const std::string& path) {
  auto stream = std::make_unique<LinuxPtyStream>(executor, path);
  if (const Result<> done = stream->plug_in(); !done) return done.error();
  return std::unique_ptr<PtyStream>(std::move(stream));
}

}  // namespace b2m
