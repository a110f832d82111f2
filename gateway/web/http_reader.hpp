// SPDX-License-Identifier: MIT
// Bytes of a connection become requests, whatever pieces they come in; and the head of a reply, for
// the client. Pure: no sockets, no clock.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/bytes.hpp"
#include "gateway/result.hpp"
#include "gateway/web/http_message.hpp"

namespace b2m::web {

class HttpReader {
 public:
  enum class State {
    empty,    // nothing of a request
    partial,  // some of it
    complete,
    refused  // what comes is no HTTP, or too much: refusal() says why, there is no going on
  };

  HttpReader(std::size_t max_header, std::size_t max_body);
  ~HttpReader();

  /// Bytes behind the end of a request are kept for the next one.
  void add(Bytes bytes);
  [[nodiscard]] State state() const { return state_; }
  /// Of a complete one; goes on with the next.
  HttpRequest take();
  [[nodiscard]] const HttpResponse& refusal() const { return refusal_; }
  /// The client waits for "100 Continue" before it sends the body. True once.
  bool wants_continue();
  /// Bytes that wait behind the request at hand.
  [[nodiscard]] std::size_t waiting() const;

 private:
  struct Parser;
  void parse();
  void refuse(int status, std::string_view why);

  std::size_t max_header_, max_body_;
  std::unique_ptr<Parser> parser_;
  std::string rest_;  // not yet understood
  State state_ = State::empty;
  HttpResponse refusal_;
};

/// Only the status of a reply counts; the rest is read so that the other side can finish.
class HttpReplyReader {
 public:
  HttpReplyReader();
  ~HttpReplyReader();

  Result<> add(Bytes bytes);
  [[nodiscard]] std::optional<int> status() const;  // known as soon as the head is there
  [[nodiscard]] bool is_complete() const;

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  std::string rest_;
};

}  // namespace b2m::web
