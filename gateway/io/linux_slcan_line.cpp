// SPDX-License-Identifier: MIT
// We keep the slave end open as well, so that reads do not end while nobody else has it open. The
// parser is our own, not the gateway's codec, so that a mistake in either shows.
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <optional>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "gateway/io/nothrow.hpp"
#include "gateway/io/slcan_line.hpp"

namespace b2m {
namespace {

constexpr std::size_t kLongestLine = 32;  // "T" + 8 + 1 + 16 digits, with room
constexpr char kOk = '\r';
constexpr char kError = '\a';
constexpr std::uint32_t kBusOffClass = 0x040;
constexpr std::uint32_t kRestartedClass = 0x100;
// Bits of the answer to F.
constexpr unsigned kFlagWarning = 0x04, kFlagPassive = 0x20, kFlagBusError = 0x80;

std::optional<std::uint32_t> hex(std::string_view text) {
  std::uint32_t value = 0;
  for (const char c : text) {
    std::uint32_t digit = 0;
    if (c >= '0' && c <= '9')
      digit = static_cast<std::uint32_t>(c - '0');
    else if (c >= 'A' && c <= 'F')
      digit = static_cast<std::uint32_t>(c - 'A' + 10);
    else if (c >= 'a' && c <= 'f')
      digit = static_cast<std::uint32_t>(c - 'a' + 10);
    else
      return std::nullopt;
    value = value << 4 | digit;
  }
  return value;
}

/// The line of a t, T, r or R command; nothing when it is none.
std::optional<CanFrame> parse_frame(std::string_view line) {
  CanFrame frame;
  frame.extended = line[0] == 'T' || line[0] == 'R';
  frame.remote = line[0] == 'r' || line[0] == 'R';
  const std::size_t digits = frame.extended ? 8 : 3;
  if (line.size() < digits + 2) return std::nullopt;
  const auto id = hex(line.substr(1, digits));
  const char length = line[digits + 1];
  if (!id || *id > (frame.extended ? 0x1FFFFFFFU : 0x7FFU) || length < '0' || length > '8')
    return std::nullopt;
  frame.id = *id;
  frame.length = static_cast<std::uint8_t>(length - '0');
  const std::string_view data = line.substr(digits + 2);
  if (data.size() != (frame.remote ? 0U : frame.length * 2U)) return std::nullopt;
  for (std::size_t i = 0; i * 2 < data.size(); ++i) {
    const auto byte = hex(data.substr(i * 2, 2));
    if (!byte) return std::nullopt;
    frame.data[i] = static_cast<std::uint8_t>(*byte);
  }
  return frame;
}

std::string line_of(const CanFrame& frame) {
  const char letter = frame.extended ? (frame.remote ? 'R' : 'T') : (frame.remote ? 'r' : 't');
  std::string line = frame.extended ? fmt::format("{}{:08X}{}", letter, frame.id, frame.length)
                                    : fmt::format("{}{:03X}{}", letter, frame.id, frame.length);
  if (!frame.remote) line += to_hex(frame.payload());
  return line + '\r';
}

Error system_error(const std::string& what) {
  return {Errc::io_error, fmt::format("{}: {}", what, std::strerror(errno))};
}

class PtyLine final : public SlcanLine {
 public:
  PtyLine(Executor executor, std::string path, std::function<void(bool)> opened)
      : master_(executor), plugged_(executor), path_(std::move(path)), opened_(std::move(opened)) {}
  ~PtyLine() override { unplug(); }

  Result<> plug_in() override;
  void unplug() override;
  void write_raw(std::string_view bytes) override {
    if (is_open_) write(bytes);
  }
  Awaitable<Result<std::size_t>> receive(std::span<CanFrame> frames) override;
  Awaitable<Result<>> send(CanFrame frame) override;
  [[nodiscard]] CanStatus status() override { return status_; }

 private:
  Result<> open_terminal();
  void take(std::string_view bytes);
  void obey(std::string_view line);
  bool obeyed(std::string_view line);
  bool transmit(std::string_view line);
  bool set_open(bool is_open, bool listens_only);
  void write(std::string_view bytes);
  std::string flags() const;
  [[nodiscard]] bool is_off() const { return status_.state == CanState::bus_off; }

  boost::asio::posix::stream_descriptor master_;
  boost::asio::steady_timer plugged_;  // never expires; cancelled when the line is back
  std::string path_;
  std::function<void(bool)> opened_;
  int slave_ = -1;
  std::string line_;
  std::deque<CanFrame> received_;
  CanStatus status_;
  bool is_open_ = false;
  bool listens_only_ = false;
};

Result<> PtyLine::plug_in() {
  if (master_.is_open()) return {};
  if (const Result<> done = open_terminal(); !done) {
    unplug();
    return done;
  }
  line_.clear();
  status_.state = CanState::error_active;
  plugged_.cancel();
  return {};
}

Result<> PtyLine::open_terminal() {
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

void PtyLine::unplug() {
  if (!master_.is_open()) return;
  ::unlink(path_.c_str());
  if (slave_ >= 0) ::close(slave_);
  slave_ = -1;
  boost::system::error_code ignored;  // closing is all that is wanted
  master_.close(ignored);
  if (is_open_) opened_(false);
  is_open_ = false;
}

Awaitable<Result<std::size_t>> PtyLine::receive(std::span<CanFrame> frames) {
  std::array<char, 1024> buffer;
  while (received_.empty()) {
    if (!master_.is_open()) {
      plugged_.expires_at(SteadyTime::max());
      co_await plugged_.async_wait(nothrow);  // ends by plug_in() or by cancellation
      if (!master_.is_open()) co_return Errc::cancelled;
      continue;
    }
    const auto [error, n] = co_await master_.async_read_some(boost::asio::buffer(buffer), nothrow);
    if (error && !master_.is_open()) continue;  // unplugged
    if (error == boost::asio::error::operation_aborted) co_return Errc::cancelled;
    if (error) co_return Error(Errc::io_error, "pseudo terminal: " + error.message());
    // Held open by us, the terminal would stay exclusive for a host that has gone.
    ::ioctl(slave_, TIOCNXCL);
    take(std::string_view(buffer.data(), n));
  }
  std::size_t count = 0;
  for (; count < frames.size() && !received_.empty(); ++count) {
    frames[count] = received_.front();
    received_.pop_front();
  }
  co_return count;
}

Awaitable<Result<>> PtyLine::send(CanFrame frame) {
  if (frame.error) {
    if (frame.id & kBusOffClass) status_.state = CanState::bus_off;
    if (frame.id & kRestartedClass) status_.state = CanState::error_active;
  } else if (is_open_ && !is_off()) {
    write(line_of(frame));
  }
  co_return Result<>();
}

void PtyLine::write(std::string_view bytes) {
  // A host that does not read loses bytes, as with the real thing.
  if (master_.is_open() && ::write(master_.native_handle(), bytes.data(), bytes.size()) < 0)
    ++status_.overruns;
}

void PtyLine::take(std::string_view bytes) {
  for (const char c : bytes) {
    if (c == '\r') {
      if (!line_.empty()) obey(line_);
      line_.clear();
    } else if (line_.size() <= kLongestLine) {
      line_ += c;
    }
  }
}

void PtyLine::obey(std::string_view line) {
  switch (line[0]) {
    case 'F':
      return write(flags());
    case 'V':
      return write("V1013\r");
    case 'N':
      return write("NB2M1\r");
    default: {
      const char answer = obeyed(line) ? kOk : kError;
      return write(std::string_view(&answer, 1));
    }
  }
}

bool PtyLine::obeyed(std::string_view line) {
  switch (line[0]) {
    case 'S':
      return !is_open_ && line.size() == 2 && line[1] >= '0' && line[1] <= '8';
    case 'O':
      return line.size() == 1 && !is_open_ && set_open(true, false);
    case 'L':
      return line.size() == 1 && !is_open_ && set_open(true, true);
    case 'C':
      return line.size() == 1 && set_open(false, false);
    case 't':
    case 'T':
    case 'r':
    case 'R':
      return transmit(line);
    default:
      return false;
  }
}

bool PtyLine::transmit(std::string_view line) {
  if (!is_open_ || listens_only_ || is_off() || line.size() > kLongestLine) return false;
  const auto frame = parse_frame(line);
  if (frame) received_.push_back(*frame);
  return frame.has_value();
}

bool PtyLine::set_open(bool is_open, bool listens_only) {
  if (is_open != is_open_) opened_(is_open);
  is_open_ = is_open;
  listens_only_ = listens_only;
  return true;
}

std::string PtyLine::flags() const {
  return fmt::format("F{:02X}\r", is_off() ? kFlagWarning | kFlagPassive | kFlagBusError : 0U);
}

}  // namespace

Result<std::unique_ptr<SlcanLine>> make_slcan_line(Executor executor, const std::string& path,
                                                   std::function<void(bool)> opened) {
  auto line = std::make_unique<PtyLine>(std::move(executor), path, std::move(opened));
  if (const Result<> done = line->plug_in(); !done) return done.error();
  return std::unique_ptr<SlcanLine>(std::move(line));
}

}  // namespace b2m
