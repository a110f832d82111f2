// SPDX-License-Identifier: MIT
#include "gateway/io/network.hpp"

namespace b2m {
namespace {
class NoNetwork final : public Network {
 public:
  Awaitable<Result<std::unique_ptr<ByteStream>>> connect(Endpoint, SteadyTime) override {
    co_return Errc::not_supported;
  }
  Result<std::unique_ptr<Datagram>> open_datagram(const Endpoint&) override {
    return Errc::not_supported;
  }
  Result<std::unique_ptr<Listener>> listen(const Endpoint&) override { return Errc::not_supported; }
  std::vector<std::string> broadcast_addresses() override { return {}; }
};
}  // namespace
std::unique_ptr<Network> make_network(Executor, Clock&) { return std::make_unique<NoNetwork>(); }
}  // namespace b2m
