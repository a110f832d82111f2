// SPDX-License-Identifier: MIT
// One POST over http, for call-backs.
#pragma once

#include <string>
#include <string_view>

#include "gateway/io/network.hpp"

namespace b2m::web {

struct HttpUrl {
  Endpoint server;
  std::string target = "/";  // path and query
};

/// Of http://HOST[:PORT][/PATH]; no other scheme, no login.
Result<HttpUrl> parse_http_url(std::string_view url);

/// The status that was answered. Does not follow redirects.
Awaitable<Result<int>> http_post(Network& network, HttpUrl url, std::string json,
                                 SteadyTime deadline);

}  // namespace b2m::web
