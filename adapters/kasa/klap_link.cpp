// SPDX-License-Identifier: MIT
// The link to plugs that want an account: handshake, session, and what to do when the plug forgets
// it (docs/protocols/kasa.md, 3).
#include <algorithm>

#include <fmt/format.h>

#include "adapters/kasa/http_reply.hpp"
#include "adapters/kasa/klap_protocol.hpp"
#include "gateway/log.hpp"

namespace b2m::kasa {
namespace {

using namespace std::chrono_literals;

constexpr SteadyDuration kPauseAfterDrop = 250ms;
constexpr int kDefaultTimeout_s = 86'400;
constexpr int kLeastSeconds = 3'600;  // smaller ones are minutes (old firmware: 1440)
constexpr SteadyDuration kRenewBefore = 20min;
constexpr SteadyDuration kFirstRefusal = 60s;
constexpr SteadyDuration kLongestRefusal = 15min;
constexpr unsigned kOk = 200;
constexpr unsigned kForbidden = 403;
constexpr int kLostInARow = 2;

struct Session {
  KlapSession klap;
  std::string cookie;
  SteadyTime renew_at;
  bool is_proven = false;  // it has served a request
};

SteadyDuration lifetime(std::optional<int> timeout) {
  const int seconds = timeout.value_or(kDefaultTimeout_s);
  const SteadyDuration whole = seconds < kLeastSeconds
                                   ? SteadyDuration(std::chrono::minutes(seconds))
                                   : SteadyDuration(std::chrono::seconds(seconds));
  return std::max(whole - kRenewBefore, whole / 2);
}

/// Not known as such to the caller: what became of the session.
enum class Loss { none, forgotten, garbled };

class KlapLink final : public PlugLink {
 public:
  KlapLink(Network& network, Clock& clock, Endpoint plug, const Account& configured)
      : clock_(clock),
        line_(network, clock, std::move(plug), kPauseAfterDrop),
        has_account_(!configured.username.empty()),
        keys_(klap_keys(configured.username, configured.password)) {}

  Awaitable<Result<std::string>> exchange(std::string request, Repeat repeat,
                                          SteadyTime deadline) override;
  void close() override {
    line_.close();
    session_.reset();
  }
  [[nodiscard]] std::string_view name() const override { return name_; }

 private:
  Awaitable<Result<Session>> open_session(SteadyTime deadline);
  Awaitable<Result<Session>> handshake(SteadyTime deadline);
  Awaitable<Result<>> post(std::string path, std::string cookie, Bytes body, HttpReply& reply,
                           Repeat repeat, SteadyTime deadline);
  Awaitable<Result<std::string>> request_once(std::string request, Repeat repeat,
                                              SteadyTime deadline, Loss& loss);
  Result<const KlapKey*> matching_key(Bytes proof, const KlapSeed& local, const KlapSeed& remote);
  Result<std::string> read_reply(const Session& session, const HttpReply& reply, Loss& loss);
  void note_loss(bool was_proven);
  Error refuse(std::string detail);
  [[nodiscard]] Error status_error(const std::string& path, unsigned status) const;
  [[nodiscard]] std::string where() const { return line_.plug().host; }

  Clock& clock_;
  KeptLine line_;
  bool has_account_;
  std::vector<KlapKey> keys_;
  std::optional<Session> session_;
  std::string_view name_ = "KLAP";
  int losses_ = 0;           // of sessions that had served, without a good one between
  bool is_fragile_ = false;  // the plug forgets its session after every request
  std::uint64_t foreign_signatures_ = 0;
  std::optional<Error> refusal_;
  SteadyTime refused_until_{};
  SteadyDuration refusal_time_{};
};

Error KlapLink::status_error(const std::string& path, unsigned status) const {
  return {Errc::malformed,
          fmt::format("{}: HTTP status {} for {}, which is not KLAP", where(), status, path)};
}

/// Asking again and again would make the plug lock us out; nothing changes by itself within a
/// minute.
Error KlapLink::refuse(std::string detail) {
  refusal_time_ = std::clamp(refusal_time_ * 2, kFirstRefusal, kLongestRefusal);
  refused_until_ = clock_.now() + refusal_time_;
  refusal_ = Error(Errc::not_allowed, std::move(detail));
  return *refusal_;
}

Result<const KlapKey*> KlapLink::matching_key(Bytes proof, const KlapSeed& local,
                                              const KlapSeed& remote) {
  for (const KlapKey& key : keys_) {
    const KlapDigest expected = klap_server_proof(key, local, remote);
    if (std::equal(expected.begin(), expected.end(), proof.begin(), proof.end())) return &key;
  }
  const std::string what = has_account_
                               ? "does not accept the configured account: check username and "
                                 "password (both case-sensitive, as in the Kasa or Tapo app) and "
                                 "that the plug belongs to this account"
                               : "wants an account and none is configured: set username and "
                                 "password to those of the Kasa or Tapo app";
  return refuse(
      fmt::format("{} {}; if they are right, switch Third-Party Compatibility off and on "
                  "again in the app",
                  where(), what));
}

Awaitable<Result<>> KlapLink::post(std::string path, std::string cookie, Bytes body,
                                   HttpReply& reply, Repeat repeat, SteadyTime deadline) {
  const auto request = http_post(line_.plug(), path, cookie, body);
  co_return co_await line_.ask(request, reply, repeat, deadline);
}

Awaitable<Result<Session>> KlapLink::handshake(SteadyTime deadline) {
  const KlapSeed local = klap_random_seed();
  HttpReply hello;
  const auto asked = co_await post("/app/handshake1", "", local, hello, Repeat::safe, deadline);
  if (!asked) co_return asked.error();
  if (hello.status() == kForbidden)
    co_return refuse(where() +
                     " forbids local control: switch Third-Party Compatibility on in the Kasa or "
                     "Tapo app (off and on again after a firmware update)");
  if (hello.status() != kOk) co_return status_error("handshake1", hello.status());
  KlapSeed remote{};
  if (hello.body().size() != remote.size() + KlapDigest().size())
    co_return Error(Errc::malformed, fmt::format("{}: {} bytes in the reply to handshake1, not 48",
                                                 where(), hello.body().size()));
  std::copy_n(hello.body().begin(), remote.size(), remote.begin());
  const auto key = matching_key(hello.body().subspan(remote.size()), local, remote);
  if (!key) co_return key.error();

  const KlapDigest proof = klap_client_proof(**key, local, remote);
  HttpReply welcome;
  const std::string cookie = hello.session();
  const auto proven =
      co_await post("/app/handshake2", cookie, proof, welcome, Repeat::safe, deadline);
  if (!proven) co_return proven.error();
  if (welcome.status() != kOk) co_return status_error("handshake2", welcome.status());
  name_ = (*key)->version == KlapVersion::v1 ? "KLAP v1" : "KLAP v2";
  co_return Session{KlapSession((*key)->auth_hash, local, remote), cookie,
                    clock_.now() + lifetime(hello.session_timeout())};
}

/// The one there is, or a new one.
Awaitable<Result<Session>> KlapLink::open_session(SteadyTime deadline) {
  auto kept = std::exchange(session_, std::nullopt);
  const bool is_usable =
      kept && !is_fragile_ && !kept->klap.is_used_up() && clock_.now() < kept->renew_at;
  if (is_usable) co_return std::move(*kept);
  if (refusal_ && clock_.now() < refused_until_) co_return *refusal_;
  auto session = co_await handshake(deadline);
  if (session) {
    refusal_.reset();
    refusal_time_ = SteadyDuration::zero();
  }
  co_return session;
}

/// A plug that loses every session is given a new one each time.
void KlapLink::note_loss(bool was_proven) {
  if (was_proven && ++losses_ >= kLostInARow) is_fragile_ = true;
}

Result<std::string> KlapLink::read_reply(const Session& session, const HttpReply& reply,
                                         Loss& loss) {
  if (reply.status() == kForbidden) {
    loss = Loss::forgotten;
    return Error(Errc::disconnected,
                 where() +
                     ": the plug ended the session twice; does another program or the app "
                     "use it all the time?");
  }
  auto opened = reply.status() == kOk ? session.klap.open(session.klap.seq(), reply.body())
                                      : status_error("request", reply.status());
  if (!opened) {
    loss = Loss::garbled;
    return Error(opened.error().code, where() + ": " + opened.error().detail);
  }
  // The padding of a reply to another request may be right by chance.
  if (!opened->is_signed && !opened->text.starts_with('{')) {
    loss = Loss::garbled;
    return Error(Errc::malformed, where() + ": the reply is not of this session");
  }
  if (!opened->is_signed && foreign_signatures_++ == 0)
    log::debug("kasa", "{}: signs its replies by another rule than requests", where());
  return std::move(opened->text);
}

/// The session is a local until its reply is there: after any failure the next request starts anew.
Awaitable<Result<std::string>> KlapLink::request_once(std::string request, Repeat repeat,
                                                      SteadyTime deadline, Loss& loss) {
  auto session = co_await open_session(deadline);
  if (!session) co_return session.error();
  const std::int32_t seq = session->klap.next_seq();
  const auto body = session->klap.seal(seq, request);
  HttpReply reply;
  const auto asked = co_await post(fmt::format("/app/request?seq={}", seq), session->cookie, body,
                                   reply, repeat, deadline);
  if (!asked && asked.error().code == Errc::malformed) loss = Loss::garbled;
  auto text = asked ? read_reply(*session, reply, loss) : Result<std::string>(asked.error());
  if (!text) {
    if (loss != Loss::none) note_loss(session->is_proven);
    co_return text;
  }
  if (session->is_proven) losses_ = 0;
  session->is_proven = true;
  session_ = std::move(*session);
  co_return text;
}

Awaitable<Result<std::string>> KlapLink::exchange(std::string request, Repeat repeat,
                                                  SteadyTime deadline) {
  Loss loss = Loss::none;
  auto reply = co_await request_once(request, repeat, deadline, loss);
  if (reply || loss == Loss::none) co_return reply;
  // Forbidden means not executed, so that may always be sent again.
  if (loss == Loss::garbled && repeat == Repeat::never) co_return reply;
  loss = Loss::none;
  co_return co_await request_once(std::move(request), repeat, deadline, loss);
}

}  // namespace

std::unique_ptr<PlugLink> make_klap_link(Network& network, Clock& clock, Endpoint plug,
                                         Account configured) {
  return std::make_unique<KlapLink>(network, clock, std::move(plug), configured);
}

}  // namespace b2m::kasa
