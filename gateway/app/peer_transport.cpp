// SPDX-License-Identifier: MIT
#include "gateway/app/peer_transport.hpp"

#include <fstream>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fmt/format.h>

#include "gateway/io/slcan_line.hpp"
#include "gateway/log.hpp"

namespace b2m::app {
namespace {

using namespace boost::asio::experimental::awaitable_operators;

constexpr SteadyDuration kRetry = std::chrono::seconds(1);
constexpr SteadyDuration kPlugStep = std::chrono::milliseconds(50);
constexpr std::string_view kGarbage = "t6zz9\x01\xff t60\rq\r";

class SlcanTransport final : public PeerTransport {
 public:
  SlcanTransport(Executor executor, Clock& clock, std::string path, can::Say say)
      : executor_(std::move(executor)),
        clock_(clock),
        path_(std::move(path)),
        say_(std::move(say)) {}

  Awaitable<Result<>> open() override {
    auto line = make_slcan_line(executor_, path_, [this](bool is_open) {
      say_(fmt::format("line path={} channel={}", path_, is_open ? "open" : "closed"));
    });
    if (!line) co_return line.error();
    line_ = std::move(*line);
    co_return Result<>();
  }

  Awaitable<Result<>> carry(can::BusPeer& boards) override {
    const auto ended = co_await (boards.run(*line_) || watch_plug());
    co_return std::visit([](const Result<>& result) { return result; }, ended);
  }

  bool inject(const can::Fault& fault) override {
    if (fault.kind == can::FaultKind::garbage_line) {
      line_->write_raw(kGarbage);
      return true;
    }
    const bool ends = fault.lasts < SteadyTime::max() - clock_.now();
    back_at_ = ends ? clock_.now() + fault.lasts : SteadyTime::max();
    is_unplugged_ = true;
    line_->unplug();
    return true;
  }

 private:
  Awaitable<Result<>> watch_plug() {
    for (;;) {
      if (const Result<> slept = co_await clock_.sleep_for(kPlugStep); !slept) co_return slept;
      if (!is_unplugged_ || clock_.now() < back_at_) continue;
      if (const Result<> done = line_->plug_in(); !done) co_return done;
      is_unplugged_ = false;
    }
  }

  Executor executor_;
  Clock& clock_;
  std::string path_;
  can::Say say_;
  std::unique_ptr<SlcanLine> line_;
  SteadyTime back_at_{};
  bool is_unplugged_ = false;
};

class SocketTransport final : public PeerTransport {
 public:
  SocketTransport(Executor executor, Clock& clock, std::string interface)
      : open_can_(make_can_opener(std::move(executor), clock)),
        clock_(clock),
        interface_(std::move(interface)) {}

  Awaitable<Result<>> open() override {
    CanOpening opening;
    opening.interface = interface_;
    auto bus = co_await open_can_(std::move(opening));
    if (!bus) co_return bus.error();
    bus_ = std::move(*bus);
    co_return Result<>();
  }

  Awaitable<Result<>> carry(can::BusPeer& boards) override {
    for (;;) {
      const Result<> ended = co_await boards.run(*bus_);
      if (ended.has_error() && ended.error().code == Errc::cancelled) co_return ended;
      for (Result<> opened = Errc::disconnected; !opened; opened = co_await open())
        if (const Result<> slept = co_await clock_.sleep_for(kRetry); !slept) co_return slept;
    }
  }

  bool inject(const can::Fault&) override { return false; }

 private:
  OpenCan open_can_;
  Clock& clock_;
  std::string interface_;
  std::unique_ptr<CanBus> bus_;
};

/// A log as candump -L writes it; nothing is ever received.
class LogBus final : public CanBus {
 public:
  LogBus(Clock& clock, const std::string& path) : clock_(clock), file_(path) {}
  [[nodiscard]] bool is_good() const { return file_.good(); }

  Awaitable<Result<std::size_t>> receive(std::span<CanFrame>) override {
    const Result<> slept = co_await clock_.sleep_until(SteadyTime::max());
    co_return slept ? Error(Errc::disconnected) : slept.error();
  }

  Awaitable<Result<>> send(CanFrame frame) override {
    const auto us =
        std::chrono::duration_cast<std::chrono::microseconds>(clock_.wall().time_since_epoch())
            .count();
    constexpr std::int64_t kMicro = 1'000'000;
    const std::uint32_t id = frame.id | (frame.error ? 0x2000'0000U : 0U);
    const bool is_long = frame.extended || frame.error;
    file_ << fmt::format("({}.{:06}) can0 ", us / kMicro, us % kMicro)
          << (is_long ? fmt::format("{:08X}#", id) : fmt::format("{:03X}#", id))
          << (frame.remote ? fmt::format("R{}", frame.length) : to_hex(frame.payload()))
          << std::endl;
    if (!file_) co_return Error(Errc::io_error, "cannot write the log file");
    co_return Result<>();
  }

  [[nodiscard]] CanStatus status() override { return {}; }

 private:
  Clock& clock_;
  std::ofstream file_;
};

class LogTransport final : public PeerTransport {
 public:
  LogTransport(Clock& clock, std::string path) : clock_(clock), path_(std::move(path)) {}

  Awaitable<Result<>> open() override {
    bus_ = std::make_unique<LogBus>(clock_, path_);
    if (!bus_->is_good()) co_return Error(Errc::io_error, "cannot write " + path_);
    co_return Result<>();
  }
  Awaitable<Result<>> carry(can::BusPeer& boards) override { co_return co_await boards.run(*bus_); }
  bool inject(const can::Fault&) override { return false; }

 private:
  Clock& clock_;
  std::string path_;
  std::unique_ptr<LogBus> bus_;
};

}  // namespace

Result<std::unique_ptr<PeerTransport>> make_peer_transport(const std::string& spec,
                                                           Executor executor, Clock& clock,
                                                           can::Say say) {
  const std::size_t colon = spec.find(':');
  const std::string kind = spec.substr(0, colon);
  const std::string rest = colon == std::string::npos ? "" : spec.substr(colon + 1);
  std::unique_ptr<PeerTransport> made;
  if (!rest.empty() && kind == "slcan-pty")
    made = std::make_unique<SlcanTransport>(std::move(executor), clock, rest, std::move(say));
  if (!rest.empty() && kind == "socketcan")
    made = std::make_unique<SocketTransport>(std::move(executor), clock, rest);
  if (!rest.empty() && kind == "candump") made = std::make_unique<LogTransport>(clock, rest);
  if (!made)
    return Error(
        Errc::malformed,
        fmt::format("transport \"{}\" is none of slcan-pty:PATH, socketcan:INTERFACE, candump:FILE",
                    spec));
  return made;
}

}  // namespace b2m::app
