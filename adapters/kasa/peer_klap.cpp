// SPDX-License-Identifier: MIT
#include "adapters/kasa/peer_klap.hpp"

#include <memory>

#include <openssl/evp.h>

namespace b2m::kasa::peer {
namespace {

constexpr std::size_t kKey = 16;
constexpr std::size_t kVectorPrefix = 12;
constexpr std::size_t kSigningKey = 28;
constexpr std::size_t kSignature = 32;
constexpr std::size_t kBlock = 16;

Octets octets(std::string_view text) { return {text.begin(), text.end()}; }
Octets octets(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

Octets joined(std::initializer_list<Bytes> parts) {
  Octets all;
  for (const Bytes part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

Octets digest(const EVP_MD* kind, Bytes bytes) {
  Octets out(static_cast<std::size_t>(EVP_MD_get_size(kind)));
  EVP_Digest(bytes.data(), bytes.size(), out.data(), nullptr, kind, nullptr);
  return out;
}

Octets sha256(std::initializer_list<Bytes> parts) { return digest(EVP_sha256(), joined(parts)); }

Octets four_bytes(std::int32_t value) {
  const auto v = static_cast<std::uint32_t>(value);
  return {static_cast<std::uint8_t>(v >> 24), static_cast<std::uint8_t>(v >> 16),
          static_cast<std::uint8_t>(v >> 8), static_cast<std::uint8_t>(v)};
}

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

/// AES-128-CBC with padding; nothing when the padding is wrong.
std::optional<Octets> aes(bool encrypts, const Octets& key, const Octets& vector, Bytes in) {
  const CipherContext context(EVP_CIPHER_CTX_new());
  Octets out(in.size() + kBlock);
  int n = 0;
  int rest = 0;
  if (EVP_CipherInit_ex(context.get(), EVP_aes_128_cbc(), nullptr, key.data(), vector.data(),
                        encrypts ? 1 : 0) != 1 ||
      EVP_CipherUpdate(context.get(), out.data(), &n, in.data(), static_cast<int>(in.size())) !=
          1 ||
      EVP_CipherFinal_ex(context.get(), out.data() + n, &rest) != 1)
    return std::nullopt;
  out.resize(static_cast<std::size_t>(n + rest));
  return out;
}

}  // namespace

Octets klap_secret(int version, std::string_view username, std::string_view password) {
  const EVP_MD* inner = version == 1 ? EVP_md5() : EVP_sha1();
  const EVP_MD* outer = version == 1 ? EVP_md5() : EVP_sha256();
  const Octets user = digest(inner, octets(username));
  const Octets pass = digest(inner, octets(password));
  return digest(outer, joined({user, pass}));
}

std::string klap_owner(std::string_view username) {
  return to_hex(digest(EVP_md5(), octets(username)));
}

KlapSession::KlapSession(int version, Octets secret, Bytes client_seed, Bytes device_seed)
    : version_(version),
      secret_(std::move(secret)),
      client_seed_(octets(client_seed)),
      device_seed_(octets(device_seed)) {
  const auto derived = [this](std::string_view purpose) {
    return sha256({octets(purpose), client_seed_, device_seed_, secret_});
  };
  key_ = derived("lsk");
  key_.resize(kKey);
  signing_ = derived("ldk");
  signing_.resize(kSigningKey);
  vector_ = derived("iv");
  first_sequence_ = static_cast<std::int32_t>(u32be(Bytes(vector_).last(4)));
  vector_.resize(kVectorPrefix);
}

Octets KlapSession::device_proof() const {
  if (version_ == 1) return sha256({client_seed_, secret_});
  return sha256({client_seed_, device_seed_, secret_});
}

bool KlapSession::accepts(Bytes client_proof) const {
  const Octets expected = version_ == 1 ? sha256({device_seed_, secret_})
                                        : sha256({device_seed_, client_seed_, secret_});
  return octets(client_proof) == expected;
}

Octets KlapSession::vector_of(std::int32_t sequence) const {
  return joined({vector_, four_bytes(sequence)});
}

Octets KlapSession::signature(Bytes cipher, std::int32_t sequence) const {
  return sha256({signing_, four_bytes(sequence), cipher});
}

std::optional<std::string> KlapSession::open(Bytes body, std::int32_t sequence) const {
  if (body.size() < kSignature + kBlock) return std::nullopt;
  const Bytes cipher = body.subspan(kSignature);
  if (octets(body.first(kSignature)) != signature(cipher, sequence)) return std::nullopt;
  const auto text = aes(false, key_, vector_of(sequence), cipher);
  if (!text) return std::nullopt;
  return std::string(text->begin(), text->end());
}

Octets KlapSession::seal(std::string_view reply, std::int32_t sequence) const {
  const auto cipher = aes(true, key_, vector_of(sequence), octets(reply));
  if (!cipher) return {};
  return joined({signature(*cipher, sequence), *cipher});
}

}  // namespace b2m::kasa::peer
