// SPDX-License-Identifier: MIT
// A request and its answer, as handlers see them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/units.hpp"

namespace b2m::web {

using HttpFields = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;
  std::string path;   // as it came, without the query
  std::string query;  // behind the question mark, as it came
  HttpFields fields;  // names in lower case
  std::string body;
  bool keeps_alive = false;

  /// The first of this name (in lower case); empty: none.
  [[nodiscard]] std::string_view field(std::string_view name) const;
  /// Of the query, decoded; empty: none.
  [[nodiscard]] std::string parameter(std::string_view name) const;
  /// The content type says so.
  [[nodiscard]] bool is_json() const;
};

struct HttpResponse {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  HttpFields fields;
  std::shared_ptr<void> kept;  // until the body has been written
};

/// {"error": "404 Not Found: TEXT"}
HttpResponse error_response(int status, std::string_view text);
/// "Not Found"
std::string_view reason_phrase(int status);
/// A text as JSON, with its quotes; what is no UTF-8 is replaced.
std::string json_text(std::string_view text);

/// What goes over the wire before the body.
std::string response_head(const HttpResponse& response, WallTime now, bool keeps_alive);
/// With the body.
std::string response_text(const HttpResponse& response, WallTime now, bool keeps_alive);

}  // namespace b2m::web
