// SPDX-License-Identifier: MIT
// A candump log as a bus: its frames come at their recorded times, or as fast as they can be read.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include "gateway/io/can_error.hpp"
#include "gateway/io/can_gate.hpp"
#include "gateway/io/can_transports.hpp"
#include "gateway/io/candump_log.hpp"
#include "gateway/io/nothrow.hpp"

namespace b2m {
namespace {

constexpr std::size_t kChunk = 65'536;

/// The frames of a log in the order they stand there.
class LogFile {
 public:
  explicit LogFile(const std::string& path) : file_(path, std::ios::binary), buffer_(kChunk) {}

  [[nodiscard]] bool is_open() const { return file_.is_open(); }
  [[nodiscard]] std::uint64_t malformed() const { return malformed_; }

  std::optional<candump::Record> next() {
    for (;;) {
      if (auto line = cutter_.next(pending_)) {
        if (auto record = take(*line)) return record;
      } else if (!fill()) {
        auto record = take(cutter_.rest());
        cutter_.clear();
        return record;
      }
    }
  }

  void rewind() {
    file_.clear();
    file_.seekg(0);
    cutter_.clear();
    pending_ = {};
  }

 private:
  std::optional<candump::Record> take(const LineCutter::Line& line) {
    using Kind = candump::LogLine::Kind;
    candump::LogLine parsed = candump::parse_line(line.text);
    if (line.is_overlong) parsed.kind = Kind::malformed;
    if (parsed.kind == Kind::frame) return std::move(parsed.record);
    if (parsed.kind != Kind::blank) ++malformed_;
    return std::nullopt;
  }

  bool fill() {
    file_.read(reinterpret_cast<char*>(buffer_.data()), kChunk);
    pending_ = Bytes(buffer_).first(static_cast<std::size_t>(file_.gcount()));
    return !pending_.empty();
  }

  std::ifstream file_;
  std::vector<std::uint8_t> buffer_;
  Bytes pending_;
  LineCutter cutter_ = candump::make_cutter();
  std::uint64_t malformed_ = 0;
};

class CandumpCan final : public CanBus {
 public:
  CandumpCan(Executor executor, Clock& clock, const std::string& path, const CanOpening& opening)
      : executor_(std::move(executor)),
        clock_(clock),
        path_(path),
        log_(path),
        gate_(opening.filters),
        speed_(opening.replay_speed),
        is_looping_(opening.replay_loop) {}

  [[nodiscard]] bool is_open() const { return log_.is_open(); }

  Awaitable<Result<std::size_t>> receive(std::span<CanFrame> frames) override {
    if (!fetch()) co_return end();
    const SteadyTime when = due();
    if (when > clock_.now()) {
      if (const auto slept = co_await clock_.sleep_until(when); !slept) co_return slept.error();
    } else {
      // A log is always ready: let others run, too.
      co_await boost::asio::post(executor_, nothrow);
      const auto state = co_await boost::asio::this_coro::cancellation_state;
      if (state.cancelled() != boost::asio::cancellation_type::none) co_return Errc::cancelled;
    }
    const SteadyTime now = std::max(when, clock_.now());
    std::size_t n = 0;
    while (n < frames.size() && fetch() && due() <= now) {
      frames[n] = next_->frame;
      if (frames[n].error) can_error::note(status_, frames[n]);
      ++n;
      next_.reset();
    }
    co_return n;
  }

  Awaitable<Result<>> send(CanFrame /*frame*/) override {
    co_return Error(Errc::not_supported, path_ + ": a log cannot be sent to");
  }

  [[nodiscard]] CanStatus status() override {
    status_.malformed = log_.malformed();
    return status_;
  }

 private:
  /// Makes `next_` the next frame to deliver; false at the end.
  bool fetch() {
    bool is_second_round = false;
    while (!next_) {
      next_ = log_.next();
      if (next_ && !gate_.passes(next_->frame)) {
        next_.reset();
      } else if (!next_) {
        if (!is_looping_ || !has_passed_ || is_second_round) return false;
        is_second_round = true;
        log_.rewind();
        origin_.reset();
      }
    }
    has_passed_ = true;
    return true;
  }

  /// When the next frame is due; the first one at once.
  SteadyTime due() {
    if (speed_ <= 0) return SteadyTime::min();
    if (!origin_) origin_ = Origin{clock_.now(), next_->time};
    const std::chrono::duration<double> since = next_->time - origin_->recorded;
    return origin_->replayed + from_seconds(std::max(0.0, since.count() / speed_));
  }

  Error end() const {
    if (!has_passed_) return {Errc::disconnected, "no frame to replay in " + path_};
    return {Errc::disconnected, "end of " + path_};
  }

  struct Origin {
    SteadyTime replayed;
    std::chrono::nanoseconds recorded;
  };

  Executor executor_;
  Clock& clock_;
  std::string path_;
  LogFile log_;
  CanGate gate_;
  double speed_;
  bool is_looping_;
  bool has_passed_ = false;
  std::optional<Origin> origin_;
  std::optional<candump::Record> next_;
  CanStatus status_;
};

}  // namespace

OpenedCan open_candump(Executor executor, Clock& clock, const std::string& path,
                       const CanOpening& opening) {
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    return Error(Errc::not_found, fmt::format("no candump log {}", path));
  if (!std::filesystem::is_regular_file(path, error))
    return Error(Errc::not_supported, fmt::format("{} is not a file", path));
  auto bus = std::make_unique<CandumpCan>(std::move(executor), clock, path, opening);
  if (!bus->is_open()) return Error(Errc::permission, fmt::format("cannot read {}", path));
  return std::unique_ptr<CanBus>(std::move(bus));
}

}  // namespace b2m
