// SPDX-License-Identifier: MIT
// The whole gateway as a process of its own, with sockets of a benchmark in place of CAN
// interfaces, read in the same way.
#pragma once

#include <algorithm>
#include <array>
#include <csignal>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <linux/can.h>
#include <sys/socket.h>

#include "gateway/app/gateway.hpp"
#include "gateway/app/loading.hpp"
#include "gateway/io/nothrow.hpp"

namespace b2m::bench {

/// Frames come as the kernel's can_frame, one a message; read as from a CAN interface.
class SocketBus final : public CanBus {
 public:
  SocketBus(Executor executor, int fd) : end_(std::move(executor), fd) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      pieces_[i] = {&frames_[i], sizeof(can_frame)};
      messages_[i].msg_hdr.msg_iov = &pieces_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
  }
  Awaitable<Result<std::size_t>> receive(std::span<CanFrame> frames) override {
    for (;;) {
      const auto [error] =
          co_await end_.async_wait(boost::asio::posix::descriptor_base::wait_read, nothrow);
      if (error) co_return Errc::cancelled;
      const auto limit = static_cast<unsigned>(std::min(frames.size(), kBatch));
      const int got =
          recvmmsg(end_.native_handle(), messages_.data(), limit, MSG_DONTWAIT, nullptr);
      for (int i = 0; i < got; ++i) {
        const auto at = static_cast<std::size_t>(i);
        if (messages_[at].msg_len == 0) co_return Errc::disconnected;
        frames[at] = from_kernel(frames_[at]);
      }
      if (got > 0) co_return static_cast<std::size_t>(got);
    }
  }
  Awaitable<Result<>> send(CanFrame) override { co_return Result<>(); }
  [[nodiscard]] CanStatus status() override { return {}; }

 private:
  static constexpr std::size_t kBatch = 64;

  static CanFrame from_kernel(const can_frame& raw) {
    CanFrame frame;
    frame.extended = (raw.can_id & CAN_EFF_FLAG) != 0;
    frame.id = raw.can_id & (frame.extended ? CAN_EFF_MASK : CAN_SFF_MASK);
    frame.length = raw.len;
    std::copy_n(raw.data, frame.data.size(), frame.data.begin());
    return frame;
  }

  boost::asio::posix::stream_descriptor end_;
  std::array<can_frame, kBatch> frames_{};
  std::array<iovec, kBatch> pieces_{};
  std::array<mmsghdr, kBatch> messages_{};
};

/// `sockets` by name of the interface in the configuration.
inline OpenCan socket_opener(Executor executor, std::map<std::string, int> sockets) {
  return [executor, sockets](CanOpening opening) -> Awaitable<Result<std::unique_ptr<CanBus>>> {
    const auto at = sockets.find(opening.interface);
    if (at == sockets.end()) co_return Error(Errc::not_found, "no bus " + opening.interface);
    std::unique_ptr<CanBus> bus = std::make_unique<SocketBus>(executor, dup(at->second));
    co_return Result<std::unique_ptr<CanBus>>(std::move(bus));
  };
}

/// Runs until SIGTERM, then writes everything it knows of itself to `dump_file`. `change` may put
/// something else in place of the machine's interfaces.
inline int run_gateway_child(const std::string& config_file, const std::string& dump_file,
                             const std::function<void(Resources&)>& change) {
  auto config = app::load_or_explain(config_file);
  if (!config) return 1;
  boost::asio::io_context io(1);
  const auto clock = make_clock(io.get_executor());
  PointTable points;
  const auto network = make_network(io.get_executor(), *clock);
  Resources resources = app::make_resources(io.get_executor(), *clock, points, *network, *config);
  change(resources);
  auto wired = app::wire(*config, resources);
  if (!wired) {
    std::fprintf(stderr, "%s\n", wired.error().text().c_str());
    return 1;
  }
  mqtt::LinkSettings settings;
  settings.url = config->mqtt.url;
  settings.client_id = config->gateway.id;
  settings.will_topic = config->gateway.id + "/bridge/state";
  app::Gateway gateway(io.get_executor(), *clock, *clock, *config, std::move(*wired),
                       mqtt::make_paho_link(io.get_executor(), *clock, settings));
  boost::asio::signal_set signals(io, SIGTERM);
  signals.async_wait([&](const boost::system::error_code&, int) {
    std::ofstream(dump_file) << gateway.dump();
    gateway.stop(app::Gateway::End::stopped);
  });
  gateway.start();
  while (!gateway.is_over()) io.run_one();
  return 0;
}

/// With `sockets` in place of CAN interfaces.
inline int run_gateway_child(const std::string& config_file, const std::string& dump_file,
                             const std::map<std::string, int>& sockets) {
  return run_gateway_child(config_file, dump_file, [&](Resources& resources) {
    resources.open_can = socket_opener(resources.executor, sockets);
  });
}

}  // namespace b2m::bench
