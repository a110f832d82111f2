// SPDX-License-Identifier: MIT
// Any bytes as a stream of XOR messages: cut in two it must give the same messages, and each must
// survive being written again.
#include <cstdlib>

#include "adapters/kasa/xor_protocol.hpp"

namespace {

std::vector<std::string> messages(b2m::Bytes first, b2m::Bytes second) {
  b2m::kasa::XorReader reader;
  std::vector<std::string> texts;
  for (const b2m::Bytes part : {first, second}) {
    if (!reader.feed(part)) return texts;
    while (auto text = reader.next()) texts.push_back(std::move(*text));
  }
  return texts;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace b2m;
  const Bytes input(bytes, size);
  const std::size_t cut = size > 0 ? bytes[size - 1] % size : 0;
  const auto whole = messages(input, {});
  const auto parts = messages(input.first(cut), input.subspan(cut));
  for (std::size_t i = 0; i < whole.size() && i < parts.size(); ++i)
    if (whole[i] != parts[i]) std::abort();
  for (const std::string& text : whole)
    if (kasa::xor_decrypt(kasa::xor_encrypt(text)) != text) std::abort();
  return 0;
}
