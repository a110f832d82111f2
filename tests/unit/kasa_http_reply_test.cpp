// SPDX-License-Identifier: MIT
// Replies as they may come over the wire: whole, cut anywhere, and broken.
#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "adapters/kasa/http_reply.hpp"

namespace b2m::kasa {
namespace {

constexpr std::string_view kChunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

std::vector<std::uint8_t> bytes(std::string_view text) { return {text.begin(), text.end()}; }

std::string chunked(std::string_view body) { return std::string(kChunkedHead).append(body); }

std::string text(const HttpReply& reply) { return {reply.body().begin(), reply.body().end()}; }

/// In pieces of `size` bytes, until it is refused or complete.
Result<> feed(HttpReply& reply, std::string_view wire, std::size_t size) {
  const auto all = bytes(wire);
  for (std::size_t at = 0; at < all.size() && !reply.is_complete(); at += size) {
    const auto fed = reply.feed(Bytes(all).subspan(at, std::min(size, all.size() - at)));
    if (!fed) return fed;
  }
  return {};
}

TEST(KasaHttpReply, ABrokenLastChunkOnlyMakesItIncomplete) {
  const std::string wire = chunked("0\r\n\r\x15");
  ASSERT_EQ(wire.size(), 52U);
  for (const std::size_t size : {wire.size(), std::size_t(1)}) {
    HttpReply reply;
    EXPECT_TRUE(feed(reply, wire, size)) << "in pieces of " << size;
    reply.end();
    EXPECT_FALSE(reply.is_complete()) << "in pieces of " << size;
  }
}

TEST(KasaHttpReply, ChunksMayBeCutAnywhere) {
  const std::string wire = chunked("1\r\na\r\n3;x=y\r\nbcd\r\n0\r\n\r\n");
  for (std::size_t size = 1; size <= wire.size(); ++size) {
    HttpReply reply;
    ASSERT_TRUE(feed(reply, wire, size)) << "in pieces of " << size;
    ASSERT_TRUE(reply.is_complete()) << "in pieces of " << size;
    EXPECT_EQ(text(reply), "abcd");
    EXPECT_TRUE(reply.may_keep());
  }
}

TEST(KasaHttpReply, NoChunksAtAllAreAnEmptyBodyHoweverTheyAreCut) {
  const std::string wire = chunked("0\r\n\r\n");
  for (std::size_t size = 1; size <= wire.size(); ++size) {
    HttpReply reply;
    ASSERT_TRUE(feed(reply, wire, size)) << "in pieces of " << size;
    EXPECT_TRUE(reply.is_complete()) << "in pieces of " << size;
    EXPECT_TRUE(reply.body().empty());
  }
}

TEST(KasaHttpReply, FieldsBehindTheLastChunkMayBeCutAnywhere) {
  const std::string wire = chunked("2\r\nab\r\n0\r\nA: b\r\n\r\n");
  for (std::size_t size = 1; size <= wire.size(); ++size) {
    HttpReply reply;
    ASSERT_TRUE(feed(reply, wire, size)) << "in pieces of " << size;
    EXPECT_TRUE(reply.is_complete()) << "in pieces of " << size;
    EXPECT_EQ(text(reply), "ab");
  }
}

TEST(KasaHttpReply, WhatFollowsTheLastChunkIsNotKept) {
  HttpReply reply;
  ASSERT_TRUE(reply.feed(bytes(chunked("0\r\n\r\nHTTP"))));
  EXPECT_TRUE(reply.is_complete());
  EXPECT_FALSE(reply.may_keep());
}

TEST(KasaHttpReply, AChunkSizeThatIsNoneIsRefused) {
  HttpReply reply;
  EXPECT_EQ(feed(reply, chunked("zz\r\nab\r\n"), 1).error().code, Errc::malformed);
}

}  // namespace
}  // namespace b2m::kasa
