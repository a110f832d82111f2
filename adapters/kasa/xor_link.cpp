// SPDX-License-Identifier: MIT
// The link to plugs of the first generation: no account, one message there, one back.
#include "adapters/kasa/kept_line.hpp"
#include "adapters/kasa/xor_protocol.hpp"

namespace b2m::kasa {
namespace {

class XorReply final : public ReplyReader {
 public:
  Result<> feed(Bytes bytes) override {
    if (auto fed = reader_.feed(bytes); !fed) return fed;
    if (!text_) text_ = reader_.next();
    return {};
  }
  [[nodiscard]] bool is_complete() const override { return text_.has_value(); }
  [[nodiscard]] bool may_keep() const override { return reader_.is_empty(); }
  std::string take() { return std::move(*text_); }

 private:
  XorReader reader_;
  std::optional<std::string> text_;
};

class XorLink final : public PlugLink {
 public:
  XorLink(Network& network, Clock& clock, Endpoint plug) : line_(network, clock, std::move(plug)) {}

  Awaitable<Result<std::string>> exchange(std::string request, Repeat repeat,
                                          SteadyTime deadline) override {
    const auto frame = xor_frame(request);
    XorReply reply;
    const auto done = co_await line_.ask(frame, reply, repeat, deadline);
    if (!done) co_return done.error();
    co_return reply.take();
  }

  void close() override { line_.close(); }
  [[nodiscard]] std::string_view name() const override { return "XOR"; }

 private:
  KeptLine line_;
};

}  // namespace

std::unique_ptr<PlugLink> make_xor_link(Network& network, Clock& clock, Endpoint plug) {
  return std::make_unique<XorLink>(network, clock, std::move(plug));
}

}  // namespace b2m::kasa
