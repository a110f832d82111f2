// SPDX-License-Identifier: MIT
// Serial lines on Asio's stream_descriptor; asio::serial_port refuses unusual baud rates.
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <unistd.h>

#include "gateway/io/byte_stream.hpp"
#include "gateway/io/linux_tty.hpp"
#include "gateway/io/nothrow.hpp"

namespace b2m {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

constexpr std::string_view kById = "/dev/serial/by-id";

class SerialLine final : public ByteStream {
 public:
  SerialLine(const Executor& executor, Clock& clock, int fd, std::string path)
      : clock_(clock), descriptor_(executor, fd), path_(std::move(path)) {}

  Awaitable<Result<std::size_t>> read_some(MutableBytes buffer, SteadyTime deadline) override {
    for (;;) {
      if (const auto ready = co_await wait(Descriptor::wait_read, deadline); !ready)
        co_return ready.error();
      const ssize_t n = ::read(descriptor_.native_handle(), buffer.data(), buffer.size());
      if (n > 0) co_return static_cast<std::size_t>(n);
      if (n == 0) co_return gone();
      if (errno != EAGAIN && errno != EINTR) co_return failure(errno);
    }
  }

  Awaitable<Result<>> write(Bytes bytes, SteadyTime deadline) override {
    while (!bytes.empty()) {
      const ssize_t n = ::write(descriptor_.native_handle(), bytes.data(), bytes.size());
      if (n > 0) {
        bytes = bytes.subspan(static_cast<std::size_t>(n));
        continue;
      }
      if (n < 0 && errno != EAGAIN && errno != EINTR) co_return failure(errno);
      if (const auto ready = co_await wait(Descriptor::wait_write, deadline); !ready)
        co_return ready.error();
    }
    co_return Result<>();
  }

 private:
  Awaitable<Result<>> wait(Descriptor::wait_type what, SteadyTime deadline) {
    using namespace boost::asio::experimental::awaitable_operators;
    if (deadline == kNoDeadline) {
      const auto [error] = co_await descriptor_.async_wait(what, nothrow);
      co_return outcome(error);
    }
    const auto first =
        co_await (descriptor_.async_wait(what, nothrow) || clock_.sleep_until(deadline));
    if (first.index() == 0) co_return outcome(std::get<0>(std::get<0>(first)));
    if (!std::get<1>(first)) co_return std::get<1>(first).error();
    co_return Error(Errc::timeout, path_ + ": no answer in time");
  }

  Result<> outcome(boost::system::error_code error) const {
    if (!error) return {};
    if (error == boost::asio::error::operation_aborted) return Errc::cancelled;
    return failure(error.value());
  }

  Error gone() const { return {Errc::disconnected, path_ + ": the serial line is gone"}; }
  Error failure(int code) const {
    if (code == EIO || code == ENXIO || code == ENODEV) return gone();
    return {Errc::io_error, fmt::format("{}: {}", path_, std::strerror(code))};
  }

  Clock& clock_;
  Descriptor descriptor_;
  std::string path_;
};

std::string known_lines() {
  std::vector<std::string> names;
  std::error_code ignored;  // no such folder: no such lines
  for (const auto& entry : std::filesystem::directory_iterator(kById, ignored))
    names.push_back(entry.path().string());
  return names.empty() ? fmt::format("{} lists no serial line: is it plugged in?", kById)
                       : fmt::format("there are: {}", fmt::join(names, ", "));
}

Error open_failure(const std::string& path, int code) {
  switch (code) {
    case ENOENT:
      return {Errc::not_found, fmt::format("no serial line {}; {}", path, known_lines())};
    case EACCES:
    case EPERM:
      return {Errc::permission, fmt::format("{}: permission denied; add the user to group dialout "
                                            "(sudo usermod -aG dialout USER) and start again",
                                            path)};
    case EBUSY:
    case EWOULDBLOCK:
      return {Errc::io_error, path + ": in use by another program"};
    case ENOTTY:
      return {Errc::not_supported, path + " is not a serial line"};
    case ENXIO:
    case ENODEV:
    case EIO:
      return {Errc::disconnected, path + ": the serial line is gone"};
    default:
      return {Errc::io_error, fmt::format("cannot open {}: {}", path, std::strerror(code))};
  }
}

}  // namespace

Result<std::unique_ptr<ByteStream>> open_serial(const Executor& executor, Clock& clock,
                                                const std::string& path, int baud) {
  if (baud <= 0) return Error(Errc::out_of_range, fmt::format("{}: baud rate {}", path, baud));
  const int fd = ::open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return open_failure(path, errno);
  int code = make_tty_raw(fd, baud);
  // Root may open a line in spite of TIOCEXCL; the lock stops a second gateway.
  if (code == 0 && ::flock(fd, LOCK_EX | LOCK_NB) != 0) code = errno;
  if (code != 0) {
    ::close(fd);
    return open_failure(path, code);
  }
  return std::unique_ptr<ByteStream>(std::make_unique<SerialLine>(executor, clock, fd, path));
}

}  // namespace b2m
