// SPDX-License-Identifier: MIT
#include "adapters/kasa/peer_http.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

namespace b2m::kasa::peer {
namespace {

constexpr std::size_t kSeed = 16;
constexpr std::size_t kMostLogins = 4;
constexpr std::string_view kCookie = "TP_SESSIONID=";
constexpr std::string_view kSequence = "/app/request?seq=";

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

HttpRequest read_head(std::string_view head) {
  HttpRequest request;
  std::size_t end = std::min(head.find("\r\n"), head.size());
  const std::string_view first = head.substr(0, end);
  const std::size_t space = first.find(' ');
  request.method = first.substr(0, space);
  if (space != first.npos) request.target = first.substr(space + 1, first.rfind(' ') - space - 1);
  while (end + 2 < head.size()) {
    const std::size_t start = end + 2;
    end = std::min(head.find("\r\n", start), head.size());
    const std::string_view line = head.substr(start, end - start);
    const std::size_t colon = line.find(':');
    if (colon == line.npos) continue;
    request.fields[lower(line.substr(0, colon))] = trimmed(line.substr(colon + 1));
  }
  return request;
}

std::string cookie_of(const HttpRequest& request) {
  const auto at = request.fields.find("cookie");
  if (at == request.fields.end() || !at->second.starts_with(kCookie)) return "";
  const std::string value = at->second.substr(kCookie.size());
  return value.find(';') == value.npos ? value : "";  // devices want nothing behind it
}

}  // namespace

std::optional<HttpRequest> take_http(Octets& received) {
  const std::string text(received.begin(), received.end());
  const std::size_t head = text.find("\r\n\r\n");
  if (head == text.npos) return std::nullopt;
  HttpRequest request = read_head(std::string_view(text).substr(0, head));
  const auto length = number<std::size_t>(request.fields["content-length"]).value_or(0);
  const std::size_t start = head + 4;
  if (received.size() - start < length) return std::nullopt;
  const Bytes body = Bytes(received).subspan(start, length);
  request.body.assign(body.begin(), body.end());
  received.erase(received.begin(), received.begin() + static_cast<std::ptrdiff_t>(start + length));
  return request;
}

Octets http_reply(int status, Bytes body, const std::string& more_fields) {
  const std::string head = fmt::format(
      "HTTP/1.1 {} {}\r\nServer: SHIP 2.0\r\nContent-Length: {}\r\nContent-Type: text/html\r\n{}"
      "\r\n",
      status, status == 200 ? "OK" : "Forbidden", body.size(), more_fields);
  Octets bytes(head.begin(), head.end());
  bytes.insert(bytes.end(), body.begin(), body.end());
  return bytes;
}

Octets KlapServer::reply(const HttpRequest& request, int version, const Answer& answer) {
  if (request.method != "POST") return http_reply(400, {});
  if (request.target == "/app/handshake1") return first_handshake(request, version);
  if (request.target == "/app/handshake2") return second_handshake(request);
  if (request.target.starts_with(kSequence)) return exchange(request, answer);
  return http_reply(404, {});
}

std::uint8_t KlapServer::random_byte() {
  random_ = random_ * 6364136223846793005ULL + 1442695040888963407ULL;
  return static_cast<std::uint8_t>(random_ >> 56);
}

Octets KlapServer::first_handshake(const HttpRequest& request, int version) {
  if (request.body.size() != kSeed) return http_reply(400, {});
  Octets seed(kSeed);
  std::ranges::generate(seed, [this] { return random_byte(); });
  Octets id(kSeed);
  std::ranges::generate(id, [this] { return random_byte(); });
  if (logins_.size() == kMostLogins) logins_.erase(logins_.begin());
  logins_.push_back({to_hex(id), KlapSession(version, klap_secret(version, username_, password_),
                                             request.body, seed)});
  const Octets proof = logins_.back().session.device_proof();
  seed.insert(seed.end(), proof.begin(), proof.end());
  return http_reply(200, seed,
                    fmt::format("Set-Cookie: {}{};TIMEOUT=86400\r\n", kCookie, to_hex(id)));
}

Octets KlapServer::second_handshake(const HttpRequest& request) {
  const auto login = std::ranges::find(logins_, cookie_of(request), &Login::cookie);
  if (login == logins_.end() || !login->session.accepts(request.body)) return http_reply(403, {});
  cookie_ = login->cookie;
  session_ = login->session;
  logins_.erase(login);
  ++handshakes_;
  return http_reply(200, {});
}

Octets KlapServer::exchange(const HttpRequest& request, const Answer& answer) {
  if (cookie_.empty() || cookie_of(request) != cookie_) return http_reply(403, {});
  const auto sequence =
      number<std::int32_t>(std::string_view(request.target).substr(kSequence.size()));
  if (!sequence) return http_reply(400, {});
  const auto text = session_->open(request.body, *sequence);
  if (!text) return http_reply(400, {});
  return http_reply(200, session_->seal(answer(*text), *sequence));
}

}  // namespace b2m::kasa::peer
