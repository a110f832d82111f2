// SPDX-License-Identifier: MIT
// The old plugs' wire form: JSON under an autokey XOR, on TCP behind a length of four bytes, on UDP
// bare (docs/protocols/kasa.md, 1.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/bytes.hpp"
#include "gateway/result.hpp"

namespace b2m::kasa {

/// Longer ones than this are no plug's: sysinfo of a strip has some 2 KiB.
inline constexpr std::size_t kMaxXorMessage = 64 * 1024;

std::vector<std::uint8_t> xor_encrypt(std::string_view text);
std::string xor_decrypt(Bytes cipher);
/// With the length in front, for TCP.
std::vector<std::uint8_t> xor_frame(std::string_view text);

/// Cuts a TCP stream into messages, in whatever pieces it comes.
class XorReader {
 public:
  /// Errc::malformed when a length cannot be; the stream is of no use from there on.
  Result<> feed(Bytes bytes);
  /// The next message that is complete.
  std::optional<std::string> next();
  [[nodiscard]] bool is_empty() const { return buffer_.empty(); }

 private:
  [[nodiscard]] Result<> check_length() const;

  std::vector<std::uint8_t> buffer_;
};

}  // namespace b2m::kasa
