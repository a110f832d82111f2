// SPDX-License-Identifier: MIT
// KLAP's hashes and session cipher (docs/protocols/kasa.md, 3), the same for both ends. Bytes in,
// bytes out.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/bytes.hpp"
#include "gateway/result.hpp"

namespace b2m::kasa {

using KlapSeed = std::array<std::uint8_t, 16>;
using KlapDigest = std::array<std::uint8_t, 32>;

enum class KlapVersion { v1, v2 };

KlapSeed klap_random_seed();
/// 16 bytes in version 1, 32 in version 2. Opens the plug like the password: never log it.
std::vector<std::uint8_t> klap_auth_hash(KlapVersion version, std::string_view username,
                                         std::string_view password);

/// One account in one version.
struct KlapKey {
  KlapVersion version = KlapVersion::v1;
  std::vector<std::uint8_t> auth_hash;
};
/// The order in which a plug's proof is compared: the configured account unless it is blank, the
/// two that plugs have from the factory, blank; each in both versions.
std::vector<KlapKey> klap_keys(std::string_view username, std::string_view password);

KlapDigest klap_server_proof(const KlapKey& key, const KlapSeed& local, const KlapSeed& remote);
KlapDigest klap_client_proof(const KlapKey& key, const KlapSeed& local, const KlapSeed& remote);

class KlapSession {
 public:
  KlapSession(Bytes auth_hash, const KlapSeed& local, const KlapSeed& remote);

  /// For the next request; not to be called when is_used_up().
  std::int32_t next_seq() { return ++seq_; }
  [[nodiscard]] std::int32_t seq() const { return seq_; }
  /// The sequence number would overflow: time for a new handshake.
  [[nodiscard]] bool is_used_up() const { return seq_ == INT32_MAX; }

  /// Signature and ciphertext.
  [[nodiscard]] std::vector<std::uint8_t> seal(std::int32_t seq, std::string_view text) const;
  struct Opened {
    std::string text;
    bool is_signed = false;  // how real plugs sign replies is not known, so this is only a hint
  };
  /// Errc::malformed when it is not of this session.
  [[nodiscard]] Result<Opened> open(std::int32_t seq, Bytes body) const;

 private:
  [[nodiscard]] std::array<std::uint8_t, 16> iv(std::int32_t seq) const;
  [[nodiscard]] KlapDigest sign(std::int32_t seq, Bytes cipher) const;

  std::array<std::uint8_t, 16> key_{};
  std::array<std::uint8_t, 12> iv_prefix_{};
  std::array<std::uint8_t, 28> signature_key_{};
  std::int32_t seq_ = 0;
};

}  // namespace b2m::kasa
