// SPDX-License-Identifier: MIT
#include "adapters/kasa/klap_protocol.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/rand.h>

namespace b2m::kasa {
namespace {

constexpr std::size_t kBlock = 16;
constexpr std::size_t kSignature = 32;

struct BuiltInAccount {
  std::string_view username, password;
};
// Published constants of the set-up apps; a plug that no account owns answers to one of them.
constexpr BuiltInAccount kBuiltIn[] = {
    {"kasa@tp-link.net", "kasaSetup"}, {"test@tp-link.net", "test"}, {"", ""}};

using Buffer = std::vector<std::uint8_t>;

Bytes bytes_of(std::string_view text) {
  return {static_cast<const std::uint8_t*>(static_cast<const void*>(text.data())), text.size()};
}

/// Out of memory, or a system whose OpenSSL forbids the algorithm (FIPS): nothing can work then.
void require(bool is_done) {
  if (!is_done) throw std::runtime_error("OpenSSL does not do what KLAP needs (AES, MD5, SHA)");
}

Buffer joined(std::initializer_list<Bytes> parts) {
  Buffer all;
  for (const Bytes part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

Buffer digest(const EVP_MD* algorithm, Bytes bytes) {
  Buffer out(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  require(EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, algorithm, nullptr) == 1);
  out.resize(size);
  return out;
}

KlapDigest sha256(std::initializer_list<Bytes> parts) {
  const Buffer hash = digest(EVP_sha256(), joined(parts));
  KlapDigest out{};
  std::copy_n(hash.begin(), out.size(), out.begin());
  return out;
}

std::array<std::uint8_t, 4> big_endian(std::int32_t value) {
  const auto v = static_cast<std::uint32_t>(value);
  return {static_cast<std::uint8_t>(v >> 24), static_cast<std::uint8_t>(v >> 16),
          static_cast<std::uint8_t>(v >> 8), static_cast<std::uint8_t>(v)};
}

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;
enum class Direction { decrypt = 0, encrypt = 1 };

/// Empty when the padding is wrong.
Buffer aes_128_cbc(Direction direction, Bytes key, Bytes iv, Bytes input) {
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  require(cipher && EVP_CipherInit_ex(cipher.get(), EVP_aes_128_cbc(), nullptr, key.data(),
                                      iv.data(), static_cast<int>(direction)) == 1);
  Buffer out(input.size() + kBlock);
  int size = 0;
  int rest = 0;
  if (EVP_CipherUpdate(cipher.get(), out.data(), &size, input.data(),
                       static_cast<int>(input.size())) != 1 ||
      EVP_CipherFinal_ex(cipher.get(), out.data() + size, &rest) != 1)
    return {};
  out.resize(static_cast<std::size_t>(size + rest));
  return out;
}

template <std::size_t N>
void copy_first(const KlapDigest& from, std::array<std::uint8_t, N>& to) {
  std::copy_n(from.begin(), N, to.begin());
}

}  // namespace

KlapSeed klap_random_seed() {
  KlapSeed seed{};
  require(RAND_bytes(seed.data(), static_cast<int>(seed.size())) == 1);
  return seed;
}

std::vector<std::uint8_t> klap_auth_hash(KlapVersion version, std::string_view username,
                                         std::string_view password) {
  const bool is_v1 = version == KlapVersion::v1;
  const EVP_MD* inner = is_v1 ? EVP_md5() : EVP_sha1();
  const Buffer user = digest(inner, bytes_of(username));
  const Buffer pass = digest(inner, bytes_of(password));
  return digest(is_v1 ? EVP_md5() : EVP_sha256(), joined({user, pass}));
}

std::vector<KlapKey> klap_keys(std::string_view username, std::string_view password) {
  std::vector<KlapKey> keys;
  const auto add = [&](std::string_view user, std::string_view pass) {
    for (const KlapVersion version : {KlapVersion::v2, KlapVersion::v1})
      keys.push_back({version, klap_auth_hash(version, user, pass)});
  };
  if (!username.empty() || !password.empty()) add(username, password);
  for (const BuiltInAccount& account : kBuiltIn) add(account.username, account.password);
  return keys;
}

KlapDigest klap_server_proof(const KlapKey& key, const KlapSeed& local, const KlapSeed& remote) {
  if (key.version == KlapVersion::v1) return sha256({local, key.auth_hash});
  return sha256({local, remote, key.auth_hash});
}

KlapDigest klap_client_proof(const KlapKey& key, const KlapSeed& local, const KlapSeed& remote) {
  if (key.version == KlapVersion::v1) return sha256({remote, key.auth_hash});
  return sha256({remote, local, key.auth_hash});
}

KlapSession::KlapSession(Bytes auth_hash, const KlapSeed& local, const KlapSeed& remote) {
  const auto derived = [&](std::string_view purpose) {
    return sha256({bytes_of(purpose), local, remote, auth_hash});
  };
  copy_first(derived("lsk"), key_);
  copy_first(derived("ldk"), signature_key_);
  const KlapDigest iv_full = derived("iv");
  copy_first(iv_full, iv_prefix_);
  seq_ = static_cast<std::int32_t>(u32be(Bytes(iv_full).last(4)));
}

std::array<std::uint8_t, 16> KlapSession::iv(std::int32_t seq) const {
  std::array<std::uint8_t, 16> out{};
  std::copy(iv_prefix_.begin(), iv_prefix_.end(), out.begin());
  const auto tail = big_endian(seq);
  std::copy(tail.begin(), tail.end(), out.begin() + iv_prefix_.size());
  return out;
}

KlapDigest KlapSession::sign(std::int32_t seq, Bytes cipher) const {
  return sha256({signature_key_, big_endian(seq), cipher});
}

std::vector<std::uint8_t> KlapSession::seal(std::int32_t seq, std::string_view text) const {
  const Buffer cipher = aes_128_cbc(Direction::encrypt, key_, iv(seq), bytes_of(text));
  return joined({sign(seq, cipher), cipher});
}

Result<KlapSession::Opened> KlapSession::open(std::int32_t seq, Bytes body) const {
  const Error foreign(Errc::malformed, "the reply is not encrypted under this session");
  if (body.size() < kSignature + kBlock || body.size() % kBlock != 0) return foreign;
  const Bytes cipher = body.subspan(kSignature);
  const Buffer plain = aes_128_cbc(Direction::decrypt, key_, iv(seq), cipher);
  if (plain.empty()) return foreign;
  const KlapDigest signature = sign(seq, cipher);
  return Opened{std::string(plain.begin(), plain.end()),
                std::equal(signature.begin(), signature.end(), body.begin())};
}

}  // namespace b2m::kasa
