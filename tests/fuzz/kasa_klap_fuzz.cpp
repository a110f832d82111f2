// SPDX-License-Identifier: MIT
// Any bytes as a plug's HTTP reply, whole and byte by byte, and as a body under a session: what it
// opens must be what would be sealed to it.
#include <cstdlib>

#include "adapters/kasa/http_reply.hpp"
#include "adapters/kasa/klap_protocol.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace b2m;
  const Bytes input(bytes, size);
  kasa::HttpReply whole;
  const bool is_fine = whole.feed(input).has_value();
  whole.end();
  if (is_fine && whole.is_complete()) {
    static_cast<void>(whole.status());
    static_cast<void>(whole.session());
    static_cast<void>(whole.session_timeout());
    if (whole.body().size() > 64 * 1024) std::abort();
  }
  kasa::HttpReply slow;
  for (std::size_t i = 0; i < size && !slow.is_complete(); ++i)
    if (!slow.feed(input.subspan(i, 1))) break;

  const kasa::KlapSession session(kasa::klap_auth_hash(kasa::KlapVersion::v2, "", ""), {}, {});
  const auto opened = session.open(1, input);
  if (!opened) return 0;
  const auto sealed = session.seal(1, opened->text);
  if (!std::equal(sealed.begin() + 32, sealed.end(), bytes + 32, bytes + size)) std::abort();
  return 0;
}
