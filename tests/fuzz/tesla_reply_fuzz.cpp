// SPDX-License-Identifier: MIT
// Any bytes as what a ring brings back: cut anywhere the same reply must be found, and what is
// found must have been sent.
#include <algorithm>
#include <cstdlib>
#include <optional>
#include <vector>

#include "adapters/tesla_uart/measurement.hpp"
#include "adapters/tesla_uart/protocol.hpp"

namespace {

using Found = std::optional<std::vector<std::uint8_t>>;

constexpr std::size_t kQuestion = 4;  // bytes of the input that choose what is asked

Found parse(b2m::Bytes question, b2m::Bytes first, b2m::Bytes second) {
  b2m::tesla_uart::ReplyParser parser;
  const auto address = static_cast<std::uint8_t>(question[0] & 0x3F);
  if ((question[0] & 0x40) != 0)
    parser.expect_write(address, question[1], question[2]);
  else
    parser.expect_read(address, question[1], question[2]);
  if (!parser.feed(first) && !parser.feed(second)) return std::nullopt;
  return std::vector<std::uint8_t>(parser.data().begin(), parser.data().end());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace b2m;
  if (size < kQuestion) return 0;
  const Bytes question(bytes, kQuestion);
  const Bytes input(bytes + kQuestion, size - kQuestion);
  const std::size_t cut = input.empty() ? 0 : question[3] % input.size();
  const Found whole = parse(question, input, {});
  const Found parts = parse(question, input.first(cut), input.subspan(cut));
  if (whole != parts) std::abort();
  if (!whole) return 0;
  if (std::search(input.begin(), input.end(), whole->begin(), whole->end()) == input.end() &&
      !whole->empty())
    std::abort();
  if (const auto m = tesla_uart::decode_measurement(*whole)) (void)tesla_uart::implausible(*m);
  return 0;
}
