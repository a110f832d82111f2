// SPDX-License-Identifier: MIT
// Discovery of the newer plugs on UDP 20002: a header of 16 bytes, then JSON in clear
// (docs/protocols/kasa.md, 2).
#include <algorithm>
#include <memory>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "adapters/kasa/discovery.hpp"

namespace b2m::kasa {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kHeader = 16;
constexpr std::size_t kCrcAt = 12;
constexpr std::uint32_t kCrcPlaceholder = 0x5A6B7C8D;
constexpr std::uint8_t kVersion = 2;
constexpr std::uint16_t kProbe = 1;
constexpr std::uint8_t kWithKey = 0x11;
constexpr std::uint16_t kHttpPort = 80;
constexpr int kKeyBits = 2048;

void put_u32(std::uint8_t* at, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}

/// The polynomial of zlib and Ethernet.
std::uint32_t crc32(Bytes bytes) {
  constexpr std::uint32_t kPolynomial = 0xEDB88320;
  std::uint32_t crc = 0xFFFFFFFF;
  for (const std::uint8_t b : bytes) {
    crc ^= b;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? kPolynomial : 0);
  }
  return ~crc;
}

std::string text(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Json part(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : Json::object();
}

bool is_set(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

std::uint16_t port_of(const Json& scheme) {
  const auto found = scheme.find("http_port");
  if (found == scheme.end() || !found->is_number_unsigned()) return kHttpPort;
  const auto port = found->get<std::uint64_t>();
  return port > 0 && port <= UINT16_MAX ? static_cast<std::uint16_t>(port) : kHttpPort;
}

std::optional<Family> family_of(std::string_view device_type) {
  if (device_type == "IOT.SMARTPLUGSWITCH") return Family::iot;
  if (device_type == "SMART.KASAPLUG" || device_type == "SMART.TAPOPLUG") return Family::smart;
  return std::nullopt;
}

Transport transport_of(std::string_view encryption) {
  if (encryption == "KLAP") return Transport::klap;
  if (encryption == "AES") return Transport::secure_passthrough;
  if (encryption == "TPAP") return Transport::tpap;
  return Transport::unknown;
}

std::string trouble_of(Transport transport, bool is_tls, const std::string& encryption) {
  switch (transport) {
    case Transport::secure_passthrough:
      return "its firmware speaks AES securePassthrough, which is recognised but not supported; a "
             "firmware update from the Kasa or Tapo app replaces that by KLAP, which is";
    case Transport::tpap:
      return "its firmware prefers TPAP, which is recognised but not supported; switching "
             "Third-Party Compatibility off and on again in the Kasa or Tapo app may open KLAP";
    case Transport::klap:
      return is_tls ? "it wants KLAP over TLS, which is not supported" : "";
    default:
      return fmt::format("it wants an encryption that is not known: \"{:.40}\"", encryption);
  }
}

Error malformed(const std::string& from, std::string_view what) {
  return {Errc::malformed, fmt::format("{}: {} in what came back to the probe", from, what)};
}

Found found_of(const Json& result, Family family, const std::string& from) {
  const Json scheme = part(result, "mgt_encrypt_schm");
  const std::string encryption = text(scheme, "encrypt_type");
  Found found;
  found.address = from;
  found.port = port_of(scheme);
  found.transport = transport_of(encryption);
  // Behind TPAP every device speaks the newer commands.
  found.family = found.transport == Transport::tpap ? Family::smart : family;
  found.mac = normal_mac(text(result, "mac"));
  found.device_id = text(result, "device_id");
  found.model = text(result, "device_model");
  found.owner = text(result, "owner");
  std::transform(found.owner.begin(), found.owner.end(), found.owner.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  found.trouble = trouble_of(found.transport, is_set(scheme, "is_support_https"), encryption);
  return found;
}

}  // namespace

std::vector<std::uint8_t> tdp_probe(std::uint32_t serial, const std::string& public_key_pem) {
  Json body;
  body["params"]["rsa_key"] = public_key_pem;
  const std::string json = public_key_pem.empty() ? "" : body.dump();
  std::vector<std::uint8_t> packet(kHeader);
  packet[0] = kVersion;
  packet[3] = kProbe;
  packet[4] = static_cast<std::uint8_t>(json.size() >> 8);
  packet[5] = static_cast<std::uint8_t>(json.size());
  packet[6] = json.empty() ? 0 : kWithKey;
  put_u32(&packet[8], serial);
  put_u32(&packet[kCrcAt], kCrcPlaceholder);
  packet.insert(packet.end(), json.begin(), json.end());
  put_u32(&packet[kCrcAt], crc32(packet));
  return packet;
}

std::string make_public_key_pem() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_RSA_gen(kKeyBits),
                                                                EVP_PKEY_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
  if (!key || !out || PEM_write_bio_PUBKEY(out.get(), key.get()) != 1)
    throw std::runtime_error("OpenSSL makes no RSA key");
  BUF_MEM* memory = nullptr;
  BIO_get_mem_ptr(out.get(), &memory);
  return {memory->data, memory->length};
}

Result<Found> parse_tdp_answer(Bytes datagram, const std::string& from) {
  // The header differs between firmwares, and says nothing that the JSON does not.
  if (datagram.size() <= kHeader) return malformed(from, "less than a header");
  const Bytes body = datagram.subspan(kHeader);
  const Json all = Json::parse(body.begin(), body.end(), nullptr, false);
  if (!all.is_object()) return malformed(from, "no JSON object");
  const Json result = part(all, "result");
  const std::string type = text(result, "device_type");
  if (type.empty()) return malformed(from, "no device_type");
  const auto family = family_of(type);
  if (!family)
    return Error(Errc::not_supported,
                 fmt::format("{} is a device of type {:.40}, not a plug", from, type));
  Found found = found_of(result, *family, from);
  if (found.mac.empty()) return malformed(from, "no MAC address");
  return found;
}

}  // namespace b2m::kasa
