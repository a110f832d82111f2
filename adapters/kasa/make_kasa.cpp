// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cctype>
#include <utility>

#include "adapters/kasa/adapter.hpp"

namespace b2m::kasa {
namespace {

Match normal(Match match) {
  match.mac = normal_mac(match.mac);
  std::ranges::transform(match.device_id, match.device_id.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return match;
}

}  // namespace

MakeDevice device_maker(Network& network, Clock& clock, Account account) {
  return [&network, &clock,
          account = std::move(account)](const Contact& contact) -> std::unique_ptr<Device> {
    std::unique_ptr<PlugLink> link;
    if (contact.transport == Transport::xor_tcp)
      link = make_xor_link(network, clock, contact.at);
    else if (contact.transport == Transport::klap || contact.transport == Transport::tpap)
      link = make_klap_link(network, clock, contact.at, account);
    else
      return nullptr;
    if (contact.family == Family::iot) return make_iot_device(std::move(link), clock);
    return make_smart_device(std::move(link), clock);
  };
}

Result<std::unique_ptr<Adapter>> make_kasa(const std::any& settings, Resources& resources) {
  const auto* given = std::any_cast<KasaSettings>(&settings);
  if (!given) return Error(Errc::malformed, "these are no settings of Kasa plugs");
  KasaSettings kasa = *given;
  const config::Mistakes mistakes = contradictions(kasa);
  if (!mistakes.empty()) return Error(Errc::refused, config::list(mistakes));
  for (PlugSettings& plug : kasa.plugs) plug.match = normal(std::move(plug.match));
  for (StripSettings& strip : kasa.strips) strip.match = normal(std::move(strip.match));
  return std::unique_ptr<Adapter>(std::make_unique<KasaAdapter>(kasa, resources));
}

}  // namespace b2m::kasa
