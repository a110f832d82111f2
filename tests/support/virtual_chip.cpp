// SPDX-License-Identifier: MIT
#include "tests/support/virtual_chip.hpp"

#include <cstring>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace b2m::test {
namespace {

constexpr std::size_t kMost = 65536;
constexpr int kLook_ms = 20;

}  // namespace

VirtualChip::VirtualChip(const std::string& device, Answer answer)
    : fd_(::open(device.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK)), answer_(std::move(answer)) {
  if (fd_ < 0) throw std::runtime_error("cannot open " + device);
  thread_ = std::thread([this] { serve(); });
}

VirtualChip::~VirtualChip() {
  is_stopping_ = true;
  thread_.join();
  ::close(fd_);
}

std::vector<TransferHead> VirtualChip::transfers() const {
  const std::lock_guard lock(mutex_);
  return transfers_;
}

void VirtualChip::serve() {
  while (!is_stopping_) {
    pollfd asked{fd_, POLLIN, 0};
    if (::poll(&asked, 1, kLook_ms) > 0 && (asked.revents & POLLIN) != 0 && !answer_one()) return;
  }
}

bool VirtualChip::answer_one() {
  std::vector<std::uint8_t> message(sizeof(TransferHead) + kMost);
  const ssize_t n = ::read(fd_, message.data(), message.size());
  if (n < static_cast<ssize_t>(sizeof(TransferHead))) return errno == EAGAIN;
  TransferHead head;
  std::memcpy(&head, message.data(), sizeof head);
  {
    const std::lock_guard lock(mutex_);
    transfers_.push_back(head);
  }
  const auto miso = answer_(Bytes(message).subspan(sizeof head, head.len));
  return !miso || ::write(fd_, miso->data(), miso->size()) == static_cast<ssize_t>(head.len) ||
         errno == EPIPE;  // too late
}

}  // namespace b2m::test
