// SPDX-License-Identifier: MIT
#include "adapters/kasa/peer_tdp.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "adapters/kasa/peer_klap.hpp"

namespace b2m::kasa::peer {
namespace {

constexpr std::size_t kHeader = 16;
constexpr std::size_t kChecksumAt = 12;
constexpr std::uint32_t kChecksumFill = 0x5A6B7C8D;

std::uint32_t crc32(Bytes bytes) {
  std::uint32_t crc = 0xFFFF'FFFF;
  for (const std::uint8_t b : bytes) {
    crc ^= b;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB8'8320 : 0);
  }
  return ~crc;
}

void put(Octets& bytes, std::size_t at, std::uint32_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i)
    bytes[at + i] = static_cast<std::uint8_t>(value >> 8 * (size - 1 - i));
}

std::uint32_t checksum(Octets packet) {
  put(packet, kChecksumAt, kChecksumFill, 4);
  return crc32(packet);
}

bool is_probe(Bytes p) {
  constexpr std::uint8_t kVersion = 2;
  constexpr std::uint16_t kProbe = 1;
  return p.size() >= kHeader && p[0] == kVersion && p[1] == 0 && u16be(p.subspan(2)) == kProbe &&
         u16be(p.subspan(4)) == p.size() - kHeader &&
         u32be(p.subspan(kChecksumAt)) == checksum(Octets(p.begin(), p.end()));
}

std::string family(const PeerModel& model) {
  if (!model.is_smart) return "IOT.SMARTPLUGSWITCH";
  return model.wire.starts_with('P') ? "SMART.TAPOPLUG" : "SMART.KASAPLUG";
}

nlohmann::json result(const PeerDevice& device, const TdpFace& face) {
  std::string mac = device.mac();
  std::ranges::replace(mac, ':', '-');
  nlohmann::json scheme = {
      {"encrypt_type", "KLAP"}, {"http_port", face.http_port}, {"is_support_https", false}};
  if (face.klap_version == 2) scheme["lv"] = 2;
  return {{"device_type", family(device.model)},
          {"device_model", device.model.wire},
          {"device_id", device.device_id().substr(0, 32)},
          {"owner", klap_owner(face.username)},
          {"mac", mac},
          {"ip", face.address},
          {"hw_ver", device.model.hardware},
          {"factory_default", false},
          {"is_support_iot_cloud", true},
          {"mgt_encrypt_schm", scheme}};
}

}  // namespace

std::optional<std::vector<std::uint8_t>> answer_tdp(const PeerDevice& device, const TdpFace& face,
                                                    Bytes probe) {
  if (!is_probe(probe)) return std::nullopt;
  const std::string body =
      nlohmann::json{{"error_code", 0}, {"result", result(device, face)}}.dump();
  Octets packet(probe.begin(), probe.begin() + kHeader);  // the serial number comes back
  packet[1] = 1;
  packet[6] = 0;
  put(packet, 4, static_cast<std::uint32_t>(body.size()), 2);
  packet.insert(packet.end(), body.begin(), body.end());
  put(packet, kChecksumAt, checksum(packet), 4);
  return packet;
}

}  // namespace b2m::kasa::peer
