// SPDX-License-Identifier: MIT
// The only file here that knows Beast.
#include "gateway/web/http_reader.hpp"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fmt/format.h>

namespace b2m::web {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::size_t kLeastLastChunk = 5;  // "0\r\n\r\n"
constexpr std::uint32_t kMaxReplyHead = 16 * 1024;
constexpr std::size_t kMaxReplyBody = 64 * 1024;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

/// Beast asserts that it is never given less than the shortest last chunk once it has seen the
/// beginning of one. Waiting costs nothing: until the end, more than that is still to come.
template <class Parser>
bool must_wait(const Parser& parser, const std::string& rest) {
  return parser.is_header_done() && parser.chunked() && rest.size() < kLeastLastChunk;
}

/// Hands over what there is, as far as it is understood.
template <class Parser>
error_code feed(Parser& parser, std::string& rest) {
  while (!rest.empty() && !parser.is_done() && !must_wait(parser, rest)) {
    error_code e;
    const std::size_t used = parser.put(boost::asio::buffer(rest), e);
    rest.erase(0, used);
    if (e == http::error::need_more) break;
    if (e) return e;
    if (used == 0) break;
  }
  return {};
}

/// "http://host/path" is what a proxy would be asked for; RFC 9112 wants servers to take it, too.
std::string_view without_authority(std::string_view target) {
  constexpr std::string_view kScheme = "http://";
  if (!target.starts_with(kScheme)) return target;
  const std::size_t slash = target.find('/', kScheme.size());
  return slash == target.npos ? "/" : target.substr(slash);
}

}  // namespace

struct HttpReader::Parser {
  Parser(std::size_t max_header, std::size_t max_body) {
    http.header_limit(static_cast<std::uint32_t>(max_header));
    http.body_limit(max_body);
    http.eager(true);
  }
  http::request_parser<http::string_body> http;
  bool was_continued = false;
};

HttpReader::HttpReader(std::size_t max_header, std::size_t max_body)
    : max_header_(max_header),
      max_body_(max_body),
      parser_(std::make_unique<Parser>(max_header, max_body)) {}
HttpReader::~HttpReader() = default;

void HttpReader::add(Bytes bytes) {
  rest_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (state_ == State::empty || state_ == State::partial) parse();
}

void HttpReader::parse() {
  if (state_ == State::empty) {  // lines left over from before; RFC 9112, 2.2
    const std::size_t begin = rest_.find_first_not_of("\r\n");
    rest_.erase(0, begin);
  }
  if (rest_.empty()) return;
  state_ = State::partial;
  const error_code e = feed(parser_->http, rest_);
  if (e == http::error::header_limit)
    return refuse(431, fmt::format("more than {} bytes of header", max_header_));
  if (e == http::error::body_limit)
    return refuse(413, fmt::format("more than {} bytes of body", max_body_));
  if (e) return refuse(400, fmt::format("this is not HTTP ({})", e.message()));
  if (parser_->http.is_done())
    state_ = State::complete;
  else if (rest_.size() > max_header_)  // fields behind the last chunk, or beside a chunk's size
    refuse(431, fmt::format("more than {} bytes of header", max_header_));
}

void HttpReader::refuse(int status, std::string_view why) {
  state_ = State::refused;
  rest_.clear();
  refusal_ = error_response(status, why);
}

HttpRequest HttpReader::take() {
  const bool keeps_alive = parser_->http.keep_alive();
  auto message = parser_->http.release();
  HttpRequest request;
  request.method = view(message.method_string());
  const std::string_view target = without_authority(view(message.target()));
  const std::size_t question = std::min(target.find('?'), target.size());
  request.path = target.substr(0, question);
  request.query = target.substr(std::min(question + 1, target.size()));
  for (const auto& field : message)
    request.fields.emplace_back(lower(view(field.name_string())), view(field.value()));
  request.body = std::move(message.body());
  request.keeps_alive = keeps_alive;
  parser_ = std::make_unique<Parser>(max_header_, max_body_);
  state_ = State::empty;
  parse();
  return request;
}

bool HttpReader::wants_continue() {
  const auto& parser = parser_->http;
  if (state_ != State::partial || !parser.is_header_done() || parser_->was_continued) return false;
  parser_->was_continued = true;
  return lower(view(parser.get()[http::field::expect])) == "100-continue";
}

std::size_t HttpReader::waiting() const { return rest_.size(); }

struct HttpReplyReader::Parser {
  Parser() {
    http.header_limit(kMaxReplyHead);
    http.body_limit(kMaxReplyBody);
    http.eager(true);
  }
  http::response_parser<http::string_body> http;
};

HttpReplyReader::HttpReplyReader() : parser_(std::make_unique<Parser>()) {}
HttpReplyReader::~HttpReplyReader() = default;

Result<> HttpReplyReader::add(Bytes bytes) {
  rest_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (;;) {
    if (const error_code e = feed(parser_->http, rest_))
      return Error(Errc::malformed, fmt::format("the answer is not HTTP ({})", e.message()));
    const bool is_interim = parser_->http.is_done() && parser_->http.get().result_int() < 200;
    if (!is_interim) break;
    parser_ = std::make_unique<Parser>();  // "100 Continue" comes before the reply
  }
  if (rest_.size() > kMaxReplyHead) return Error(Errc::malformed, "the answer's head does not end");
  return {};
}

std::optional<int> HttpReplyReader::status() const {
  if (!parser_->http.is_header_done()) return std::nullopt;
  const unsigned status = parser_->http.get().result_int();
  if (status < 200) return std::nullopt;
  return static_cast<int>(status);
}

bool HttpReplyReader::is_complete() const { return parser_->http.is_done(); }

}  // namespace b2m::web
