// SPDX-License-Identifier: MIT
#include "gateway/io/spi_socket.hpp"

#include <fmt/format.h>

namespace b2m {
namespace {

constexpr std::size_t kRequestHead = 7;

void put_u16(std::vector<std::uint8_t>& to, std::size_t value) {
  to.push_back(static_cast<std::uint8_t>(value));
  to.push_back(static_cast<std::uint8_t>(value >> 8));
}

}  // namespace

std::vector<std::uint8_t> encode(const SpiRequest& request) {
  std::vector<std::uint8_t> message;
  message.reserve(kRequestHead + request.bytes.size());
  message.push_back(request.select);
  put_u16(message, request.clock_hz & 0xFFFF);
  put_u16(message, request.clock_hz >> 16);
  put_u16(message, request.bytes.size());
  message.insert(message.end(), request.bytes.begin(), request.bytes.end());
  return message;
}

std::vector<std::uint8_t> encode_spi_reply(Bytes miso) {
  std::vector<std::uint8_t> message;
  message.reserve(kSpiReplyHead + miso.size());
  put_u16(message, miso.size());
  message.insert(message.end(), miso.begin(), miso.end());
  return message;
}

Result<std::optional<SpiRequest>> SpiRequestReader::next() {
  const Bytes all = buffer_;
  if (all.size() < kRequestHead) return std::optional<SpiRequest>();
  const std::size_t length = u16le(all.subspan(5));
  if (length == 0 || length > kMostSpiBytes)
    return Error(Errc::malformed, fmt::format("an SPI request of {} bytes", length));
  if (all.size() < kRequestHead + length) return std::optional<SpiRequest>();
  SpiRequest request;
  request.select = all[0];
  request.clock_hz = u32le(all.subspan(1));
  const Bytes bytes = all.subspan(kRequestHead, length);
  request.bytes.assign(bytes.begin(), bytes.end());
  buffer_.erase(buffer_.begin(),
                buffer_.begin() + static_cast<std::ptrdiff_t>(kRequestHead + length));
  return std::optional<SpiRequest>(std::move(request));
}

}  // namespace b2m
