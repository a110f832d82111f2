// SPDX-License-Identifier: MIT
// Any bytes as HTTP requests, whole, byte by byte and in odd pieces: the same requests must come
// out, and no more may be kept than the limits allow. Any text as the body of a job and as a URL.
#include <cstdlib>
#include <vector>

#include "gateway/app/simulation/http_answers.hpp"
#include "gateway/web/http_client.hpp"
#include "gateway/web/http_reader.hpp"

namespace {

using b2m::Bytes;
using b2m::web::HttpReader;
using b2m::web::HttpRequest;

constexpr std::size_t kHeader = 512;
constexpr std::size_t kBody = 256;

struct Heard {
  std::vector<HttpRequest> requests;
  HttpReader::State end{};
};

Heard hear(Bytes input, std::size_t size) {
  HttpReader reader(kHeader, kBody);
  Heard heard;
  for (std::size_t at = 0; at < input.size(); at += size) {
    reader.add(input.subspan(at, std::min(size, input.size() - at)));
    while (reader.state() == HttpReader::State::complete) {
      heard.requests.push_back(reader.take());
      if (heard.requests.back().body.size() > kBody) std::abort();
    }
    static_cast<void>(reader.wants_continue());
    if (reader.state() == HttpReader::State::refused) break;
    if (reader.waiting() > kHeader) std::abort();
  }
  heard.end = reader.state();
  return heard;
}

bool same(const HttpRequest& a, const HttpRequest& b) {
  return a.method == b.method && a.path == b.path && a.query == b.query && a.fields == b.fields &&
         a.body == b.body && a.keeps_alive == b.keeps_alive;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const Bytes input(bytes, size);
  const std::string text(bytes, bytes + size);
  const Heard whole = hear(input, std::max<std::size_t>(size, 1));
  for (const std::size_t piece : {std::size_t(1), std::size_t(3), std::size_t(64)}) {
    const Heard pieces = hear(input, piece);
    const std::size_t both = std::min(whole.requests.size(), pieces.requests.size());
    for (std::size_t i = 0; i < both; ++i)
      if (!same(whole.requests[i], pieces.requests[i])) std::abort();
    if (whole.requests.size() != pieces.requests.size()) std::abort();
  }
  for (const HttpRequest& request : whole.requests) static_cast<void>(request.parameter("message"));
  b2m::web::HttpReplyReader reply;
  for (std::size_t i = 0; i < size && !reply.is_complete(); ++i)
    if (!reply.add(input.subspan(i, 1))) break;
  static_cast<void>(b2m::web::parse_http_url(text));
  std::string callback;
  static_cast<void>(b2m::app::original_request(text, "cell"));
  static_cast<void>(b2m::app::numbered_request(text, 1, callback));
  return 0;
}
