// SPDX-License-Identifier: MIT
// KLAP from the device's side: what it proves, what it accepts as proof, and one session's cipher
// (docs/protocols/kasa.md, 3).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/bytes.hpp"

namespace b2m::kasa::peer {

using Octets = std::vector<std::uint8_t>;

/// Of an account, for hash version 1 or 2.
Octets klap_secret(int version, std::string_view username, std::string_view password);
/// MD5 of the account, upper case, as discovery says it.
std::string klap_owner(std::string_view username);

class KlapSession {
 public:
  /// Both seeds have 16 bytes.
  KlapSession(int version, Octets secret, Bytes client_seed, Bytes device_seed);

  [[nodiscard]] Octets device_proof() const;  // the second part of the first reply
  [[nodiscard]] bool accepts(Bytes client_proof) const;

  /// The text of a request; nothing when signature or padding is wrong.
  [[nodiscard]] std::optional<std::string> open(Bytes body, std::int32_t sequence) const;
  [[nodiscard]] Octets seal(std::string_view reply, std::int32_t sequence) const;
  [[nodiscard]] std::int32_t first_sequence() const { return first_sequence_; }

 private:
  [[nodiscard]] Octets signature(Bytes cipher, std::int32_t sequence) const;
  [[nodiscard]] Octets vector_of(std::int32_t sequence) const;

  int version_;
  Octets secret_, client_seed_, device_seed_;
  Octets key_, vector_, signing_;
  std::int32_t first_sequence_ = 0;
};

}  // namespace b2m::kasa::peer
