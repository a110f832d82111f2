// SPDX-License-Identifier: MIT
// SocketCAN: a raw socket in Asio's reactor, many frames per wake-up (docs/protocols/can.md).
#include <array>
#include <cerrno>
#include <cstring>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <fmt/format.h>
#include <linux/can.h>
#include <linux/can/error.h>
#include <linux/can/raw.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/io/can_error.hpp"
#include "gateway/io/can_gate.hpp"
#include "gateway/io/can_transports.hpp"
#include "gateway/io/linux_can_link.hpp"
#include "gateway/io/nothrow.hpp"
#include "gateway/log.hpp"

namespace b2m {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

constexpr std::size_t kBatch = 64;
constexpr int kReceiveBuffer = 1 << 20;  // a few hundred milliseconds of a full bus
constexpr auto kFirstRestart = std::chrono::milliseconds(100);
constexpr SteadyDuration kLongestRestart = std::chrono::seconds(10);
constexpr auto kRefreshEvery = std::chrono::milliseconds(200);

CanFrame from_kernel(const can_frame& raw) {
  CanFrame frame;
  frame.error = raw.can_id & CAN_ERR_FLAG;
  frame.extended = !frame.error && (raw.can_id & CAN_EFF_FLAG);
  frame.remote = !frame.error && (raw.can_id & CAN_RTR_FLAG);
  frame.id = raw.can_id & (frame.error || frame.extended ? CAN_EFF_MASK : CAN_SFF_MASK);
  frame.length = std::min<std::uint8_t>(raw.len, CAN_MAX_DLEN);
  std::memcpy(frame.data.data(), raw.data, frame.data.size());
  return frame;
}

can_frame to_kernel(const CanFrame& frame) {
  can_frame raw{};
  raw.can_id = frame.id | (frame.extended ? CAN_EFF_FLAG : 0) | (frame.remote ? CAN_RTR_FLAG : 0);
  raw.len = frame.length;
  std::memcpy(raw.data, frame.data.data(), frame.length);
  return raw;
}

/// The filters that the kernel is not given: none, or all of them when they are too many.
std::span<const CanFilter> unfiltered(std::span<const CanFilter> filters) {
  return filters.size() > CAN_RAW_FILTER_MAX ? filters : std::span<const CanFilter>();
}

/// Room for one recvmmsg, kept between calls.
class Batch {
 public:
  Batch() {
    for (std::size_t i = 0; i < kBatch; ++i) {
      pieces_[i] = {&frames_[i], sizeof(can_frame)};
      messages_[i].msg_hdr.msg_iov = &pieces_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
  }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  /// How many frames came, or -1 and errno.
  int read(int fd, std::size_t limit) {
    const auto n = static_cast<unsigned>(std::min(limit, kBatch));
    for (unsigned i = 0; i < n; ++i) {
      messages_[i].msg_hdr.msg_control = controls_[i].data();
      messages_[i].msg_hdr.msg_controllen = controls_[i].size();
    }
    const int got = ::recvmmsg(fd, messages_.data(), n, MSG_DONTWAIT, nullptr);
    if (got > 0) note_drops(messages_[static_cast<std::size_t>(got) - 1].msg_hdr);
    return got;
  }

  /// Nothing for what is no classic frame.
  [[nodiscard]] std::optional<CanFrame> frame(std::size_t i) const {
    if (messages_[i].msg_len != sizeof(can_frame)) return std::nullopt;
    return from_kernel(frames_[i]);
  }

  /// Frames the socket had no room for, since it was opened.
  [[nodiscard]] std::uint32_t dropped() const { return dropped_; }

 private:
  void note_drops(msghdr& header) {
    for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c))
      if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL)
        std::memcpy(&dropped_, CMSG_DATA(c), sizeof dropped_);
  }

  struct alignas(cmsghdr) Control : std::array<char, CMSG_SPACE(sizeof(std::uint32_t))> {};

  std::array<can_frame, kBatch> frames_{};
  std::array<iovec, kBatch> pieces_{};
  std::array<Control, kBatch> controls_{};
  std::array<mmsghdr, kBatch> messages_{};
  std::uint32_t dropped_ = 0;
};

class LinuxCan final : public CanBus {
 public:
  LinuxCan(const Executor& executor, Clock& clock, int fd, CanLink link, const CanOpening& opening)
      : clock_(clock),
        descriptor_(executor, fd),
        link_(std::move(link)),
        name_(opening.interface),
        is_listening_(opening.listen_only),
        gate_(unfiltered(opening.filters)) {
    link_.refresh(status_);
  }

  Awaitable<Result<std::size_t>> receive(std::span<CanFrame> frames) override {
    for (;;) {
      if (const auto ready = co_await wait(); !ready) co_return ready.error();
      const int got = batch_.read(descriptor_.native_handle(), frames.size());
      if (got < 0 && errno != EAGAIN && errno != EINTR) co_return failure(errno);
      if (const std::size_t n = take(got, frames); n > 0) co_return n;
    }
  }

  Awaitable<Result<>> send(CanFrame frame) override { co_return send_now(frame); }

  [[nodiscard]] CanStatus status() override {
    link_.refresh(status_);
    CanStatus status = status_;
    status.overruns += batch_.dropped();
    return status;
  }

 private:
  std::size_t take(int got, std::span<CanFrame> frames) {
    std::size_t n = 0;
    for (int i = 0; i < got; ++i) {
      const auto frame = batch_.frame(static_cast<std::size_t>(i));
      if (!frame) {
        ++status_.malformed;
        continue;
      }
      if (!gate_.passes(*frame)) continue;
      if (frame->error) note(*frame);
      frames[n++] = *frame;
    }
    return n;
  }

  void note(const CanFrame& error) {
    can_error::note(status_, error);
    if (error.id & can_error::kBusOff) plan_restart();
  }

  /// Again and again bus-off: wait longer each time.
  void plan_restart() {
    if (!link_.restarts_by_hand()) return;
    const SteadyTime now = clock_.now();
    if (now - last_restart_ > kLongestRestart * 2) pause_ = kFirstRestart;
    next_restart_ = now + pause_;
    pause_ = std::min(pause_ * 2, kLongestRestart);
  }

  void restart() {
    last_restart_ = clock_.now();
    if (const auto done = link_.restart(); done)
      next_restart_.reset();
    else
      next_restart_ = last_restart_ + kLongestRestart;
    if (next_restart_ && !is_helpless_)
      log::warn("can", "{}: bus-off, and no right to restart it; retrying", name_);
    is_helpless_ = next_restart_.has_value();
  }

  Awaitable<Result<>> wait() {
    using namespace boost::asio::experimental::awaitable_operators;
    while (next_restart_) {
      const auto first = co_await (descriptor_.async_wait(Descriptor::wait_read, nothrow) ||
                                   clock_.sleep_until(*next_restart_));
      if (first.index() == 0) co_return outcome(std::get<0>(std::get<0>(first)));
      if (!std::get<1>(first)) co_return std::get<1>(first).error();
      restart();
    }
    // No timer here: one per frame would cost more than the frame.
    const auto [error] = co_await descriptor_.async_wait(Descriptor::wait_read, nothrow);
    co_return outcome(error);
  }

  Result<> outcome(boost::system::error_code error) const {
    if (!error) return {};
    if (error == boost::asio::error::operation_aborted) return Errc::cancelled;
    return failure(error.value());
  }

  Result<> send_now(const CanFrame& frame) {
    const std::uint32_t highest = frame.extended ? CAN_EFF_MASK : CAN_SFF_MASK;
    if (frame.error || frame.length > CAN_MAX_DLEN || frame.id > highest)
      return Error(Errc::out_of_range, "not a frame that can be sent");
    if (is_listening_) return Error(Errc::not_supported, name_ + ": listen_only sends nothing");
    if (is_off()) return Errc::bus_off;  // the kernel would take the frame and lose it
    const can_frame raw = to_kernel(frame);
    if (::write(descriptor_.native_handle(), &raw, sizeof raw) == sizeof raw) return {};
    return failure(errno);
  }

  /// Some drivers recover without a word, so a bus said to be off is asked again now and then.
  bool is_off() {
    if (status_.state != CanState::bus_off) return false;
    if (clock_.now() < next_refresh_) return true;
    next_refresh_ = clock_.now() + kRefreshEvery;
    link_.refresh(status_);
    return status_.state == CanState::bus_off;
  }

  Error failure(int code) const {
    switch (code) {
      case ENETDOWN:
        return {Errc::disconnected, name_ + ": the CAN interface is down"};
      case ENXIO:
      case ENODEV:
        return {Errc::disconnected, name_ + ": the CAN interface is gone"};
      case ENOBUFS:
      case EAGAIN:
        return {Errc::buffer_full, name_ + ": the send queue is full; is anybody on the bus?"};
      default:
        return {Errc::io_error, fmt::format("{}: {}", name_, std::strerror(code))};
    }
  }

  Clock& clock_;
  Descriptor descriptor_;
  CanLink link_;
  std::string name_;
  bool is_listening_;
  CanGate gate_;  // open, unless there are more filters than the kernel takes
  Batch batch_;
  CanStatus status_;
  SteadyDuration pause_ = kFirstRestart;
  SteadyTime last_restart_{};
  SteadyTime next_refresh_{};
  std::optional<SteadyTime> next_restart_;
  bool is_helpless_ = false;
};

/// Exact ids; the flags are part of the mask, so remote frames and the other length stay out.
std::vector<can_filter> kernel_filters(std::span<const CanFilter> filters) {
  std::vector<can_filter> list;
  for (const CanFilter& f : filters)
    list.push_back({f.id | (f.extended ? CAN_EFF_FLAG : 0),
                    (f.extended ? CAN_EFF_MASK : CAN_SFF_MASK) | CAN_EFF_FLAG | CAN_RTR_FLAG});
  return list;
}

template <class T>
bool set_option(int fd, int level, int option, const T& value) {
  return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}

bool set_options(int fd, const CanOpening& opening) {
  const can_err_mask_t errors = CAN_ERR_MASK;
  const auto filters = kernel_filters(opening.filters);
  const bool is_filtered = !filters.empty() && unfiltered(opening.filters).empty();
  if (is_filtered && ::setsockopt(fd, SOL_CAN_RAW, CAN_RAW_FILTER, filters.data(),
                                  static_cast<socklen_t>(filters.size() * sizeof(can_filter))) != 0)
    return false;
  if (!set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, kReceiveBuffer))
    set_option(fd, SOL_SOCKET, SO_RCVBUF, kReceiveBuffer);  // as far as the system allows
  return set_option(fd, SOL_SOCKET, SO_RXQ_OVFL, 1) &&
         set_option(fd, SOL_CAN_RAW, CAN_RAW_ERR_FILTER, errors);
}

bool bind_to(int fd, const std::string& interface) {
  sockaddr_can address{};
  address.can_family = AF_CAN;
  address.can_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()));
  return address.can_ifindex != 0 &&
         ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

Error no_socket(int code) {
  if (code == EAFNOSUPPORT || code == EPROTONOSUPPORT)
    return {Errc::not_supported,
            "this kernel has no CAN sockets (modules can and can_raw); interfaces \"slcan:DEVICE\" "
            "and \"candump:FILE\" work without them"};
  return {Errc::io_error, fmt::format("cannot make a CAN socket: {}", std::strerror(code))};
}

}  // namespace

OpenedCan open_socketcan(const Executor& executor, Clock& clock, const CanOpening& opening) {
  const int fd = ::socket(PF_CAN, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, CAN_RAW);
  if (fd < 0) return no_socket(errno);
  CanLink link(opening.interface);
  if (const auto up = link.bring_up(opening); !up) {
    ::close(fd);
    return up.error();
  }
  if (!set_options(fd, opening) || !bind_to(fd, opening.interface)) {
    const int code = errno;
    ::close(fd);
    return Error(Errc::io_error, fmt::format("{}: {}", opening.interface, std::strerror(code)));
  }
  return std::unique_ptr<CanBus>(
      std::make_unique<LinuxCan>(executor, clock, fd, std::move(link), opening));
}

}  // namespace b2m
