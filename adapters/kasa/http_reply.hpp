// SPDX-License-Identifier: MIT
// The little HTTP that KLAP travels in (docs/protocols/kasa.md, 3): a POST there, a short reply
// back.
#pragma once

#include <optional>

#include "adapters/kasa/kept_line.hpp"

namespace b2m::kasa {

/// `session` is the value of the cookie TP_SESSIONID; empty: no cookie.
std::vector<std::uint8_t> http_post(const Endpoint& plug, const std::string& path,
                                    const std::string& session, Bytes body);

class HttpReply final : public ReplyReader {
 public:
  HttpReply();
  ~HttpReply() override;

  /// Errc::malformed for what is no HTTP or too long.
  Result<> feed(Bytes bytes) override;
  void end() override;
  [[nodiscard]] bool is_complete() const override;
  [[nodiscard]] bool may_keep() const override;

  [[nodiscard]] unsigned status() const;
  [[nodiscard]] Bytes body() const;
  [[nodiscard]] std::string session() const;
  /// As it stands in the cookie; its unit depends on the firmware.
  [[nodiscard]] std::optional<int> session_timeout() const;

 private:
  struct Parser;
  [[nodiscard]] std::optional<std::string> cookie_part(std::string_view name) const;

  std::unique_ptr<Parser> parser_;
};

}  // namespace b2m::kasa
