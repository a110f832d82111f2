// SPDX-License-Identifier: MIT
#include "adapters/kasa/xor_protocol.hpp"

#include <fmt/format.h>

namespace b2m::kasa {
namespace {

constexpr std::uint8_t kFirstKey = 0xAB;
constexpr std::size_t kHeader = 4;

void append_encrypted(std::vector<std::uint8_t>& out, std::string_view text) {
  std::uint8_t key = kFirstKey;
  for (const char c : text) {
    key = static_cast<std::uint8_t>(key ^ static_cast<std::uint8_t>(c));
    out.push_back(key);
  }
}

}  // namespace

std::vector<std::uint8_t> xor_encrypt(std::string_view text) {
  std::vector<std::uint8_t> out;
  out.reserve(text.size());
  append_encrypted(out, text);
  return out;
}

std::string xor_decrypt(Bytes cipher) {
  std::string text(cipher.size(), '\0');
  std::uint8_t key = kFirstKey;
  for (std::size_t i = 0; i < cipher.size(); ++i) {
    text[i] = static_cast<char>(cipher[i] ^ key);
    key = cipher[i];
  }
  return text;
}

std::vector<std::uint8_t> xor_frame(std::string_view text) {
  std::vector<std::uint8_t> out;
  out.reserve(kHeader + text.size());
  const auto length = static_cast<std::uint32_t>(text.size());
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(length >> shift));
  append_encrypted(out, text);
  return out;
}

Result<> XorReader::check_length() const {
  if (buffer_.size() < kHeader) return {};
  const std::uint32_t length = u32be(buffer_);
  if (length <= kMaxXorMessage) return {};
  return Error(Errc::malformed,
               fmt::format("announces a message of {} bytes, which no plug sends: is there really "
                           "a Kasa plug at this address and port?",
                           length));
}

Result<> XorReader::feed(Bytes bytes) {
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  return check_length();
}

std::optional<std::string> XorReader::next() {
  if (buffer_.size() < kHeader) return std::nullopt;
  const std::size_t length = u32be(buffer_);
  if (length > kMaxXorMessage || buffer_.size() - kHeader < length) return std::nullopt;
  std::string text = xor_decrypt(Bytes(buffer_).subspan(kHeader, length));
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(kHeader + length));
  return text;
}

}  // namespace b2m::kasa
