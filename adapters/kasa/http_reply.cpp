// SPDX-License-Identifier: MIT
// The only file here that knows Beast.
#include "adapters/kasa/http_reply.hpp"

#include <charconv>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/vector_body.hpp>
#include <fmt/format.h>

namespace b2m::kasa {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::size_t kMaxBody = 64 * 1024;
constexpr std::uint32_t kMaxHeader = 8 * 1024;
constexpr std::size_t kLeastLastChunk = 5;  // "0\r\n\r\n"

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

}  // namespace

std::vector<std::uint8_t> http_post(const Endpoint& plug, const std::string& path,
                                    const std::string& session, Bytes body) {
  const std::string cookie =
      session.empty() ? "" : fmt::format("Cookie: TP_SESSIONID={}\r\n", session);
  const std::string head = fmt::format(
      "POST {} HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\nContent-Type: application/octet-stream\r\n"
      "{}Content-Length: {}\r\n\r\n",
      path, plug.host, cookie, body.size());
  std::vector<std::uint8_t> out(head.begin(), head.end());
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

struct HttpReply::Parser {
  Parser() {
    http.body_limit(kMaxBody);
    http.header_limit(kMaxHeader);
    http.eager(true);
  }
  /// Beast asserts that it is never given less than the shortest last chunk once it has seen the
  /// beginning of one. Waiting costs nothing: until the end, more than that is still to come.
  [[nodiscard]] bool must_wait() const {
    return http.is_header_done() && http.chunked() && rest.size() < kLeastLastChunk;
  }

  http::response_parser<http::vector_body<std::uint8_t>> http;
  std::vector<std::uint8_t> rest;  // not yet understood
};

HttpReply::HttpReply() : parser_(std::make_unique<Parser>()) {}
HttpReply::~HttpReply() = default;

Result<> HttpReply::feed(Bytes bytes) {
  auto& rest = parser_->rest;
  rest.insert(rest.end(), bytes.begin(), bytes.end());
  while (!rest.empty() && !parser_->http.is_done() && !parser_->must_wait()) {
    error_code e;
    const std::size_t used = parser_->http.put(boost::asio::buffer(rest), e);
    rest.erase(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(used));
    if (e == http::error::need_more) break;
    if (e)
      return Error(Errc::malformed, fmt::format("what came back is not HTTP that KLAP could be in "
                                                "({}); is this a plug?",
                                                e.message()));
    if (used == 0) break;
  }
  return {};
}

void HttpReply::end() {
  error_code ignored;  // what is missing shows in is_complete()
  if (parser_->http.got_some()) parser_->http.put_eof(ignored);
}

bool HttpReply::is_complete() const { return parser_->http.is_done(); }
bool HttpReply::may_keep() const {
  return is_complete() && parser_->rest.empty() && parser_->http.keep_alive();
}
unsigned HttpReply::status() const { return parser_->http.get().result_int(); }
Bytes HttpReply::body() const { return parser_->http.get().body(); }

/// One of "TP_SESSIONID=...;TIMEOUT=..."; some firmware sends two headers instead.
std::optional<std::string> HttpReply::cookie_part(std::string_view name) const {
  const auto [begin, end] = parser_->http.get().equal_range(http::field::set_cookie);
  for (auto field = begin; field != end; ++field) {
    std::string_view rest(field->value().data(), field->value().size());
    while (!rest.empty()) {
      const std::size_t cut = rest.find(';');
      const std::string_view part = trimmed(rest.substr(0, cut));
      rest = cut == std::string_view::npos ? std::string_view() : rest.substr(cut + 1);
      if (part.starts_with(name) && part.substr(name.size()).starts_with('='))
        return std::string(part.substr(name.size() + 1));
    }
  }
  return std::nullopt;
}

std::string HttpReply::session() const { return cookie_part("TP_SESSIONID").value_or(""); }

std::optional<int> HttpReply::session_timeout() const {
  const auto text = cookie_part("TIMEOUT");
  if (!text) return std::nullopt;
  int seconds = 0;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (parsed.ec != std::errc() || seconds <= 0) return std::nullopt;
  return seconds;
}

}  // namespace b2m::kasa
