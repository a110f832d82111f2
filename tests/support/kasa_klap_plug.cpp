// SPDX-License-Identifier: MIT
#include "tests/support/kasa_klap_plug.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

namespace b2m::test {

FakeKlapPlug::FakeKlapPlug(VirtualClock& clock, MemoryNetwork& network, kasa::KlapVersion version)
    : key_{version, kasa::klap_auth_hash(version, "user", "secret")},
      listener_(*network.listen({"plug", 80})),
      serving_(clock, serve()) {}

Awaitable<Result<>> FakeKlapPlug::serve() {
  for (;;) {
    auto accepted = co_await listener_->accept();
    if (!accepted) co_return accepted.error();
    const auto ended = co_await converse(*accepted->stream);
    if (ended.error().code == Errc::cancelled) co_return ended;
  }
}

Awaitable<Result<>> FakeKlapPlug::converse(ByteStream& stream) {
  std::string in;
  std::array<std::uint8_t, 1024> buffer{};
  for (;;) {
    const auto n = co_await stream.read_some(buffer, kNoDeadline);
    if (!n) co_return n.error();
    in.append(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*n));
    const auto end = in.find("\r\n\r\n");
    if (end == std::string::npos) continue;
    const auto at = in.find("Content-Length: ");
    const std::size_t length = std::stoul(in.substr(at + 16));
    if (in.size() < end + 4 + length) continue;
    const std::string out = answer(in.substr(0, end + 2), in.substr(end + 4));
    in.clear();
    if (is_silent) continue;
    const Bytes bytes{reinterpret_cast<const std::uint8_t*>(out.data()), out.size()};
    if (const auto sent = co_await stream.write(bytes, kNoDeadline); !sent) co_return sent;
    if (closes_each) co_return Errc::disconnected;
  }
}

std::string FakeKlapPlug::answer(const std::string& head, const std::string& body) {
  heads.push_back(head);
  const Reply reply = head.starts_with("POST /app/handshake1 ")   ? hello(body)
                      : head.starts_with("POST /app/handshake2 ") ? welcome(head, body)
                                                                  : request(head, body);
  return fmt::format("HTTP/1.1 {} Any\r\nServer: SHIP 2.0\r\n{}Content-Length: {}\r\n\r\n{}",
                     reply.status, reply.header, reply.body.size(),
                     std::string(reply.body.begin(), reply.body.end()));
}

FakeKlapPlug::Reply FakeKlapPlug::hello(const std::string& body) {
  ++hellos;
  if (hello_status != 200) return {hello_status, "", {}};
  std::copy_n(body.begin(), local_.size(), local_.begin());
  remote_ = kasa::klap_random_seed();
  Buffer out(remote_.begin(), remote_.end());
  const kasa::KlapDigest proof = kasa::klap_server_proof(key_, local_, remote_);
  out.insert(out.end(), proof.begin(), proof.end());
  const std::string cookie =
      fmt::format("Set-Cookie: TP_SESSIONID=ID{};TIMEOUT={}\r\n", hellos, timeout);
  return {200, cookie, out};
}

bool FakeKlapPlug::has_cookie(const std::string& head) const {
  return head.find(fmt::format("Cookie: TP_SESSIONID=ID{}\r\n", hellos)) != std::string::npos;
}

FakeKlapPlug::Reply FakeKlapPlug::welcome(const std::string& head, const std::string& body) {
  const kasa::KlapDigest proof = kasa::klap_client_proof(key_, local_, remote_);
  const bool is_right = has_cookie(head) && body == std::string(proof.begin(), proof.end());
  if (!is_right) return {403, "", {}};
  ++handshakes;
  session_.emplace(key_.auth_hash, local_, remote_);
  return {};
}

FakeKlapPlug::Reply FakeKlapPlug::request(const std::string& head, const std::string& body) {
  if (forbid > 0) session_.reset();
  forbid = std::max(0, forbid - 1);
  if (!session_ || !has_cookie(head)) return {403, "", {}};
  const auto at = head.find("seq=") + 4;
  std::int32_t seq = 0;
  std::from_chars(head.data() + at, head.data() + head.size(), seq);
  const auto opened = session_->open(seq, Buffer(body.begin(), body.end()));
  if (!opened || !opened->is_signed) return {400, "", {}};
  executed.push_back(opened->text);
  Reply reply{200, "", session_->seal(seq, "reply to " + opened->text)};
  if (garble > 0) reply.body.pop_back();
  garble = std::max(0, garble - 1);
  if (is_one_request_a_session) session_.reset();
  return reply;
}

}  // namespace b2m::test
