// SPDX-License-Identifier: MIT
#include "gateway/web/http_client.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "gateway/web/http_reader.hpp"

namespace b2m::web {
namespace {

constexpr std::string_view kScheme = "http://";
constexpr std::uint16_t kDefaultPort = 80;

Error not_a_url(std::string_view url, std::string_view why) {
  return {Errc::malformed, fmt::format("\"{}\" {}", url.substr(0, 200), why)};
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

Bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Reads until the reply is whole, or fails once its status is known: then that is enough.
Awaitable<Result<int>> read_status(ByteStream& stream, SteadyTime deadline) {
  HttpReplyReader reader;
  std::array<std::uint8_t, 2048> buffer{};
  while (!reader.is_complete()) {
    const auto n = co_await stream.read_some(buffer, deadline);
    if (!n && !reader.status()) co_return n.error();
    if (!n) break;
    const auto added = reader.add(Bytes(buffer).first(*n));
    if (!added && !reader.status()) co_return added.error();
    if (!added) break;
  }
  co_return *reader.status();
}

}  // namespace

Result<HttpUrl> parse_http_url(std::string_view url) {
  const auto is_plain = [](char c) { return c > ' ' && c < 0x7F; };
  if (!url.starts_with(kScheme)) return not_a_url(url, "does not begin with http://");
  if (!std::ranges::all_of(url, is_plain)) return not_a_url(url, "holds blanks or other letters");
  std::string_view rest = url.substr(kScheme.size());
  rest = rest.substr(0, rest.find('#'));
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, end);
  const std::size_t colon = std::min(authority.find(':'), authority.size());
  HttpUrl parsed;
  parsed.server.host = authority.substr(0, colon);
  parsed.server.port = kDefaultPort;
  if (parsed.server.host.empty() || !std::ranges::all_of(parsed.server.host, is_host_character))
    return not_a_url(url, "has no name or IPv4 address of a host behind http://");
  if (colon < authority.size()) {
    const std::string_view port = authority.substr(colon + 1);
    const auto [stop, failed] =
        std::from_chars(port.data(), port.data() + port.size(), parsed.server.port);
    if (failed != std::errc() || stop != port.data() + port.size() || parsed.server.port == 0)
      return not_a_url(url, "has no port from 1 to 65535 behind the colon");
  }
  parsed.target = rest.substr(end);
  if (!parsed.target.starts_with('/')) parsed.target.insert(0, "/");
  return parsed;
}

Awaitable<Result<int>> http_post(Network& network, HttpUrl url, std::string json,
                                 SteadyTime deadline) {
  const std::string head = fmt::format(
      "POST {} HTTP/1.1\r\nHost: {}:{}\r\nUser-Agent: battery2mqtt\r\nContent-Type: "
      "application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
      url.target, url.server.host, url.server.port, json.size());
  auto stream = co_await network.connect(url.server, deadline);
  if (!stream) co_return stream.error();
  auto sent = co_await (*stream)->write(bytes_of(head), deadline);
  if (sent) sent = co_await (*stream)->write(bytes_of(json), deadline);
  // Who refuses the body may answer before it is all there.
  auto status = co_await read_status(**stream, deadline);
  if (!status && !sent) co_return sent.error();
  co_return status;
}

}  // namespace b2m::web
