// SPDX-License-Identifier: MIT
// Requests as they may come over the wire: whole, cut anywhere, too long, and broken.
#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "gateway/web/http_reader.hpp"

namespace b2m::web {
namespace {

using State = HttpReader::State;

constexpr std::size_t kHeader = 1024;
constexpr std::size_t kBody = 4096;
constexpr std::string_view kChunkedHead =
    "POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";

HttpReader reader() { return {kHeader, kBody}; }

/// In pieces of `size` bytes, until it is refused or complete.
State feed(HttpReader& reader, std::string_view wire, std::size_t size) {
  for (std::size_t at = 0; at < wire.size(); at += size) {
    if (reader.state() == State::complete || reader.state() == State::refused) break;
    const std::string_view piece = wire.substr(at, size);
    reader.add({reinterpret_cast<const std::uint8_t*>(piece.data()), piece.size()});
  }
  return reader.state();
}

std::string chunked(std::string_view body) { return std::string(kChunkedHead).append(body); }

TEST(WebHttpReader, TakesARequestCutAnywhere) {
  const std::string wire =
      "POST /cell/simulate?a=1 HTTP/1.1\r\nHost: localhost:8084\r\nContent-Type: "
      "application/json\r\nContent-Length: 8\r\n\r\n{\"a\": 1}";
  for (std::size_t size = 1; size <= wire.size(); ++size) {
    HttpReader r = reader();
    ASSERT_EQ(feed(r, wire, size), State::complete) << "in pieces of " << size;
    const HttpRequest request = r.take();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/cell/simulate");
    EXPECT_EQ(request.query, "a=1");
    EXPECT_EQ(request.field("host"), "localhost:8084");
    EXPECT_EQ(request.body, "{\"a\": 1}");
    EXPECT_TRUE(request.keeps_alive);
    EXPECT_TRUE(request.is_json());
    EXPECT_EQ(r.state(), State::empty);
  }
}

TEST(WebHttpReader, ChunksMayBeCutAnywhere) {
  for (const std::string_view body :
       {"1\r\na\r\n3;x=y\r\nbcd\r\n0\r\n\r\n", "4\r\nabcd\r\n0\r\nA: b\r\nC: d\r\n\r\n",
        "4\r\nabcd\r\n000;x\r\n\r\n"}) {
    const std::string wire = chunked(body);
    for (std::size_t size = 1; size <= wire.size(); ++size) {
      HttpReader r = reader();
      ASSERT_EQ(feed(r, wire, size), State::complete) << body << " in pieces of " << size;
      EXPECT_EQ(r.take().body, "abcd");
    }
  }
}

TEST(WebHttpReader, NoChunksAtAllAreAnEmptyBodyHoweverTheyAreCut) {
  const std::string wire = chunked("0\r\n\r\n");
  for (std::size_t size = 1; size <= wire.size(); ++size) {
    HttpReader r = reader();
    ASSERT_EQ(feed(r, wire, size), State::complete) << "in pieces of " << size;
    EXPECT_TRUE(r.take().body.empty());
  }
}

TEST(WebHttpReader, TheLastChunkMayComeInTwoPiecesAfterAnyOther) {
  const std::string wire = chunked("1\r\na\r\n0\r\n\r\n");
  for (std::size_t cut = 1; cut < wire.size(); ++cut) {
    HttpReader r = reader();
    feed(r, std::string_view(wire).substr(0, cut), wire.size());
    ASSERT_EQ(feed(r, std::string_view(wire).substr(cut), wire.size()), State::complete) << cut;
    EXPECT_EQ(r.take().body, "a");
  }
}

TEST(WebHttpReader, ABrokenLastChunkCompletesNothing) {
  const std::string wire = chunked("0\r\n\r\x15");
  for (std::size_t size = 1; size <= wire.size(); ++size) {
    HttpReader r = reader();
    EXPECT_NE(feed(r, wire, size), State::complete) << "in pieces of " << size;
  }
}

TEST(WebHttpReader, PipelinedRequestsComeOneAfterTheOther) {
  const std::string wire = std::string(
                               "POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nAA"
                               "GET /b HTTP/1.1\r\n\r\n")
                               .append(chunked("2\r\nCC\r\n0\r\n\r\n"))
                               .append("GET /d HTTP/1.0\r\n\r\n");
  HttpReader r = reader();
  ASSERT_EQ(feed(r, wire, wire.size()), State::complete);
  EXPECT_EQ(r.take().body, "AA");
  ASSERT_EQ(r.state(), State::complete);
  EXPECT_EQ(r.take().path, "/b");
  ASSERT_EQ(r.state(), State::complete);
  EXPECT_EQ(r.take().body, "CC");
  ASSERT_EQ(r.state(), State::complete);
  EXPECT_FALSE(r.take().keeps_alive);
  EXPECT_EQ(r.state(), State::empty);
}

TEST(WebHttpReader, LinesLeftOverBeforeARequestAreSkipped) {
  HttpReader r = reader();
  EXPECT_EQ(feed(r, "\r\n", 1), State::empty);
  EXPECT_EQ(feed(r, "\r\nGET / HTTP/1.1\r\n\r\n", 64), State::complete);
}

struct Refused {
  const char* name;
  std::string wire;
  int status;
};

TEST(WebHttpReader, RefusesWhatIsTooMuchOrNoHttp) {
  const std::string big(kBody + 1, 'x');
  const Refused cases[] = {
      {"body announced too long", "POST / HTTP/1.1\r\nContent-Length: 4097\r\n\r\n", 413},
      {"a length of 20 digits", "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
       400},
      {"negative length", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400},
      {"two lengths", "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
      {"length and chunks",
       "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"one chunk too long", chunked("1001\r\n" + big), 413},
      {"chunk size that overflows", chunked("fffffffffffffffff\r\n"), 400},
      {"chunk size that is none", chunked("zz\r\nab\r\n"), 400},
      {"chunk without its end", chunked("2\r\nabXXYYZZ\r\n"), 400},
      {"endless chunk extension", chunked("1;" + std::string(5000, 'e')), 431},
      {"endless trailer", chunked("0\r\nA: " + std::string(5000, 't')), 431},
      {"long target", "GET /" + std::string(2000, 'a') + " HTTP/1.1\r\n\r\n", 431},
      {"long header", "GET / HTTP/1.1\r\nA: " + std::string(2000, 'a') + "\r\n\r\n", 431},
      {"TLS", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15), 400},
      {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {"no version", "GET /\r\n\r\n", 400},
      {"folded header", "GET / HTTP/1.1\r\nA : b\r\n\r\n", 400},
      {"zero byte", std::string("GET /\0 HTTP/1.1\r\n\r\n", 19), 400},
  };
  for (const Refused& c : cases) {
    for (const std::size_t size : {std::size_t(1), std::size_t(7), c.wire.size()}) {
      HttpReader r = reader();
      EXPECT_EQ(feed(r, c.wire, size), State::refused) << c.name << " in pieces of " << size;
      EXPECT_EQ(r.refusal().status, c.status) << c.name << ": " << r.refusal().body;
      EXPECT_TRUE(r.refusal().body.starts_with("{\"error\": \"")) << c.name;
    }
  }
}

TEST(WebHttpReader, ManySmallChunksAreBoundedAllTogether) {
  std::string wire(kChunkedHead);
  for (std::size_t i = 0; i <= kBody; ++i) wire += "1\r\nx\r\n";
  HttpReader r = reader();
  EXPECT_EQ(feed(r, wire, 100), State::refused);
  EXPECT_EQ(r.refusal().status, 413);
}

TEST(WebHttpReader, SaysOnceThatTheClientWaitsForAWord) {
  HttpReader r = reader();
  feed(r, "POST / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n", 200);
  EXPECT_TRUE(r.wants_continue());
  EXPECT_FALSE(r.wants_continue());
  EXPECT_EQ(feed(r, "ab", 2), State::complete);
}

TEST(WebHttpReader, DecodesParametersAndLeavesBrokenOnes) {
  HttpRequest request;
  request.query = "a=1&message=caf%C3%A9+%26+tea&b%";
  EXPECT_EQ(request.parameter("message"), "caf\xC3\xA9 & tea");
  EXPECT_EQ(request.parameter("b%"), "");
  EXPECT_EQ(request.parameter("none"), "");
  request.query = "message=%4";
  EXPECT_EQ(request.parameter("message"), "%4");
}

TEST(WebHttpReplyReader, KnowsTheStatusWithTheHeadAndSkipsContinue) {
  const std::string wire =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nServer: x\r\n\r\n";
  for (std::size_t size = 1; size <= wire.size(); ++size) {
    HttpReplyReader r;
    for (std::size_t at = 0; at < wire.size(); at += size) {
      const std::string piece = wire.substr(at, size);
      ASSERT_TRUE(r.add({reinterpret_cast<const std::uint8_t*>(piece.data()), piece.size()}));
    }
    EXPECT_EQ(r.status(), 204) << "in pieces of " << size;
    EXPECT_TRUE(r.is_complete());
  }
}

TEST(WebHttpReplyReader, RefusesWhatIsNoReply) {
  HttpReplyReader r;
  const std::string wire = "220 mail.example ESMTP\r\n";
  EXPECT_FALSE(r.add({reinterpret_cast<const std::uint8_t*>(wire.data()), wire.size()}));
}

}  // namespace
}  // namespace b2m::web
