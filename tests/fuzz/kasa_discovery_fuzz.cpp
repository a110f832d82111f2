// SPDX-License-Identifier: MIT
// Any bytes as answers to both probes; the text also as if a plug had encrypted it.
#include <cstdlib>

#include "adapters/kasa/discovery.hpp"
#include "adapters/kasa/xor_protocol.hpp"

namespace {

void check(const b2m::Result<b2m::kasa::Found>& found) {
  if (found && b2m::kasa::normal_mac(found->mac) != found->mac) std::abort();
  if (!found && found.error().detail.empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace b2m;
  const Bytes input(bytes, size);
  const std::string text(input.begin(), input.end());
  check(kasa::parse_xor_answer(input, "plug"));
  check(kasa::parse_xor_answer(kasa::xor_encrypt(text), "plug"));
  std::vector<std::uint8_t> packet(16);
  packet.insert(packet.end(), input.begin(), input.end());
  check(kasa::parse_tdp_answer(packet, "plug"));
  const std::string alias = kasa::normal_alias(text);
  if (kasa::normal_alias(alias) != alias) std::abort();
  return 0;
}
