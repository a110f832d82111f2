// SPDX-License-Identifier: MIT
#include "adapters/tesla_uart/protocol.hpp"

#include <algorithm>

namespace b2m::tesla_uart {
namespace {

constexpr std::uint8_t kWriteBit = 0x01;
constexpr std::uint8_t kUnaddressedMark = 0x80;  // only in replies of a board without address

constexpr std::array<std::uint8_t, 256> make_table() {
  std::array<std::uint8_t, 256> table{};
  for (unsigned i = 0; i < table.size(); ++i) {
    unsigned crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1) ^ ((crc & 0x80) != 0 ? 0x07U : 0U);
    table[i] = static_cast<std::uint8_t>(crc);
  }
  return table;
}
constexpr auto kTable = make_table();

std::uint8_t go_on(std::uint8_t crc, Bytes bytes) {
  for (const std::uint8_t b : bytes) crc = kTable[crc ^ b];
  return crc;
}

std::uint8_t first_byte(std::uint8_t address, bool is_write) {
  return static_cast<std::uint8_t>(address << 1 | (is_write ? kWriteBit : 0));
}

std::uint8_t first_of_reply(std::uint8_t address, bool is_write) {
  const std::uint8_t mark = address == 0 ? kUnaddressedMark : 0;
  return static_cast<std::uint8_t>(first_byte(address, is_write) | mark);
}

}  // namespace

std::uint8_t crc8(Bytes bytes) { return go_on(0, bytes); }

std::uint8_t frame_crc(Bytes frame) {
  if (frame.empty()) return 0;
  return go_on(kTable[frame[0] & 0x7F], frame.subspan(1));
}

Request write_request(std::uint8_t address, std::uint8_t reg, std::uint8_t value) {
  Request r;
  r.bytes = {first_byte(address, true), reg, value, 0};
  r.bytes[3] = frame_crc(Bytes(r.bytes).first(3));
  r.size = 4;
  return r;
}

Request read_request(std::uint8_t address, std::uint8_t reg, std::uint8_t count, RequestForm form) {
  Request r;
  r.bytes = {first_byte(address, false), reg, count, 0};
  r.bytes[3] = frame_crc(Bytes(r.bytes).first(3));
  r.size = form == RequestForm::with_crc ? 4 : 3;
  return r;
}

void ReplyParser::expect(std::array<std::uint8_t, kHeader> header, std::size_t count) {
  header_ = header;
  count_ = count;
  size_ = at_ = heard_ = 0;
  is_waiting_ = true;
  found_.reset();
}

void ReplyParser::expect_read(std::uint8_t address, std::uint8_t reg, std::uint8_t count) {
  expect({first_of_reply(address, false), reg, count}, count);
}

// The value stands where a read has its count, so nothing follows the header but the checksum.
void ReplyParser::expect_write(std::uint8_t address, std::uint8_t reg, std::uint8_t value) {
  expect({first_of_reply(address, true), reg, value}, 0);
}

Bytes ReplyParser::data() const {
  if (!found_) return {};
  return Bytes(buffer_).subspan(*found_ + kHeader, count_);
}

bool ReplyParser::feed(Bytes bytes) {
  if (!is_waiting_) return false;
  while (!found_ && !bytes.empty()) {
    make_room();
    const std::size_t n = std::min(bytes.size(), buffer_.size() - size_);
    std::ranges::copy(bytes.first(n), buffer_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += n;
    heard_ += n;
    bytes = bytes.subspan(n);
    search();
  }
  heard_ += bytes.size();
  return found_.has_value();
}

/// Tries every place where the header stands; a checksum that fails there is no reason to skip what
/// follows, since the reply may begin within it.
void ReplyParser::search() {
  for (; at_ + kHeader <= size_; ++at_) {
    const Bytes rest = Bytes(buffer_).first(size_).subspan(at_);
    if (!std::ranges::equal(rest.first(kHeader), header_)) continue;
    if (rest.size() < length()) return;
    const Bytes frame = rest.first(length());
    if (frame_crc(frame.first(frame.size() - 1)) != frame.back() || is_echo(frame)) continue;
    found_ = at_;
    return;
  }
}

/// The request coming round again and again. A request that ends with its checksum leaves a sum of
/// 0, so that two of them in a row look like a good reply of four bytes.
bool ReplyParser::is_echo(Bytes frame) const {
  if (count_ == 0) return false;  // a write is answered by itself
  const std::array<std::uint8_t, kHeader + 1> request{header_[0], header_[1], header_[2],
                                                      frame_crc(header_)};
  for (const std::size_t period : {kHeader, kHeader + 1}) {
    const std::size_t end = std::min(frame.size(), kHeader + period);
    std::size_t at = kHeader;
    while (at < end && frame[at] == request[at % period]) ++at;
    if (at == end) return true;
  }
  return false;
}

/// Drops what cannot be part of a reply any more.
void ReplyParser::make_room() {
  if (size_ < buffer_.size()) return;
  std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(at_), buffer_.end(), buffer_.begin());
  size_ -= at_;
  at_ = 0;
}

}  // namespace b2m::tesla_uart
