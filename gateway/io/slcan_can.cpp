// SPDX-License-Identifier: MIT
// A CAN adapter on a serial line (docs/protocols/can.md, "slcan"). Adapters differ in whether they
// acknowledge commands; those that do are asked for their status flags now and then.
#include <array>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include "gateway/io/can_error.hpp"
#include "gateway/io/can_gate.hpp"
#include "gateway/io/can_transports.hpp"
#include "gateway/io/nothrow.hpp"
#include "gateway/io/slcan_codec.hpp"
#include "gateway/log.hpp"

namespace b2m {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kQuiet(100);        // the line is quiet when nothing comes for so long
constexpr milliseconds kSettle(500);       // or is taken as it is
constexpr milliseconds kReplyTime(500);    // for an answer during set-up
constexpr milliseconds kAcknowledge(200);  // for an answer to a frame
constexpr milliseconds kWriteTime(1000);
constexpr milliseconds kFlagsEvery(2000);
constexpr std::size_t kMaxOutgoing = 4096;

Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// A flag that is up for as long as this lives, also when a coroutine is destroyed.
class Raised {
 public:
  explicit Raised(bool& flag) : flag_(flag) { flag_ = true; }
  Raised(const Raised&) = delete;
  Raised& operator=(const Raised&) = delete;
  ~Raised() { flag_ = false; }

 private:
  bool& flag_;
};

class SlcanCan final : public CanBus {
 public:
  SlcanCan(const Executor& executor, Clock& clock, std::unique_ptr<ByteStream> line,
           CanOpening opening)
      : clock_(clock),
        line_(std::move(line)),
        opening_(std::move(opening)),
        gate_(opening_.filters),
        answered_(executor) {}

  Awaitable<Result<>> set_up();
  Awaitable<Result<std::size_t>> receive(std::span<CanFrame> frames) override;
  Awaitable<Result<>> send(CanFrame frame) override;
  [[nodiscard]] CanStatus status() override { return status_; }

 private:
  using Kind = slcan::Reply::Kind;
  enum class Answer { none, ok, refused };

  Awaitable<Result<>> fall_silent();
  Awaitable<Result<Answer>> command(std::string text);
  Awaitable<Result<>> read(SteadyTime deadline);
  Awaitable<Result<>> write(std::string_view text);
  Awaitable<Result<>> poll_flags();
  Awaitable<Result<Answer>> wait_for_answer();

  std::size_t take_frames(std::span<CanFrame> frames);
  std::optional<CanFrame> take(const slcan::Reply& reply);
  void take_answer(Answer answer);
  std::optional<CanFrame> take_flags(std::uint8_t flags);
  std::optional<CanFrame> noted(CanFrame error) {
    can_error::note(status_, error);
    return error;
  }
  Error refusal() const;

  Clock& clock_;
  std::unique_ptr<ByteStream> line_;
  CanOpening opening_;
  CanGate gate_;
  CanStatus status_;
  LineCutter cutter_ = slcan::make_cutter();
  std::array<std::uint8_t, 4096> buffer_{};
  Bytes pending_;
  std::string outgoing_;
  bool is_writing_ = false;
  bool acknowledges_ = false;
  bool has_flags_ = false;
  bool flags_asked_ = false;
  SteadyTime next_flags_ = kNoDeadline;
  boost::asio::steady_timer answered_;  // never expires; cancelled when an answer has come
  std::optional<Answer> answer_;
  bool is_sending_ = false;
};

/// Closes the channel and waits until the adapter has nothing more to say.
Awaitable<Result<>> SlcanCan::fall_silent() {
  if (auto sent = co_await write("\r\r\rC\r"); !sent) co_return sent.error();
  const SteadyTime end = clock_.now() + kSettle;
  while (clock_.now() < end) {
    const auto got = co_await read(std::min(end, clock_.now() + kQuiet));
    if (!got && got.error().code == Errc::timeout) break;
    if (!got) co_return got.error();
  }
  pending_ = {};
  cutter_.clear();
  co_return Result<>();
}

Awaitable<Result<SlcanCan::Answer>> SlcanCan::command(std::string text) {
  text += slcan::kOk;
  if (auto sent = co_await write(text); !sent) co_return sent.error();
  const SteadyTime end = clock_.now() + kReplyTime;
  for (;;) {
    while (const auto line = cutter_.next(pending_)) {
      const Kind kind = slcan::parse_reply(*line).kind;
      if (kind == Kind::ok) co_return Answer::ok;
      if (kind == Kind::refused) co_return Answer::refused;
      if (kind == Kind::malformed) ++status_.malformed;
    }
    const auto got = co_await read(end);
    if (!got && got.error().code == Errc::timeout) co_return Answer::none;
    if (!got) co_return got.error();
  }
}

Awaitable<Result<>> SlcanCan::set_up() {
  const auto digit = slcan::bitrate_digit(opening_.bitrate_bps);
  if (!digit)
    co_return Error(Errc::out_of_range,
                    fmt::format("{}: an slcan adapter has no {} bit/s; bitrate_bps may be {}",
                                opening_.interface, opening_.bitrate_bps, slcan::known_bitrates()));
  if (auto silent = co_await fall_silent(); !silent) co_return silent.error();
  std::string text{'S', *digit};
  const auto rate = co_await command(std::move(text));
  if (!rate) co_return rate.error();
  if (*rate == Answer::refused)
    co_return Error(Errc::not_supported, fmt::format("{}: the adapter refuses {} bit/s",
                                                     opening_.interface, opening_.bitrate_bps));
  text = opening_.listen_only ? "L" : "O";
  const auto open = co_await command(std::move(text));
  if (!open) co_return open.error();
  if (*open == Answer::refused)
    co_return Error(
        Errc::io_error,
        fmt::format("{}: the adapter refuses to open its channel{}; unplug it and plug "
                    "it in again",
                    opening_.interface, opening_.listen_only ? " in listen-only mode" : ""));
  acknowledges_ = *rate == Answer::ok || *open == Answer::ok;
  has_flags_ = acknowledges_;
  next_flags_ = acknowledges_ ? clock_.now() + kFlagsEvery : kNoDeadline;
  if (!acknowledges_)
    log::warn("can", "{}: the slcan adapter answers no command; going on, as some never do",
              opening_.interface);
  co_return Result<>();
}

Awaitable<Result<>> SlcanCan::read(SteadyTime deadline) {
  const auto n = co_await line_->read_some(buffer_, deadline);
  if (!n) co_return n.error();
  pending_ = Bytes(buffer_).first(*n);
  co_return Result<>();
}

/// Lines of several coroutines never mix: whoever finds nobody writing writes for all.
Awaitable<Result<>> SlcanCan::write(std::string_view text) {
  if (outgoing_.size() + text.size() > kMaxOutgoing)
    co_return Error(Errc::buffer_full, opening_.interface + ": the adapter does not take its data");
  outgoing_ += text;
  if (is_writing_) co_return Result<>();
  const Raised writing(is_writing_);
  while (!outgoing_.empty()) {
    const std::string batch = std::exchange(outgoing_, {});
    const auto sent = co_await line_->write(bytes_of(batch), clock_.now() + kWriteTime);
    if (!sent) co_return sent.error();
  }
  co_return Result<>();
}

Awaitable<Result<std::size_t>> SlcanCan::receive(std::span<CanFrame> frames) {
  for (;;) {
    if (const std::size_t n = take_frames(frames); n > 0) co_return n;
    if (clock_.now() >= next_flags_) {
      if (auto asked = co_await poll_flags(); !asked) co_return asked.error();
    }
    const auto got = co_await read(next_flags_);
    if (!got && got.error().code != Errc::timeout) co_return got.error();
  }
}

Awaitable<Result<>> SlcanCan::poll_flags() {
  if (flags_asked_) {  // the last question is still open: this adapter has no flags
    has_flags_ = false;
    next_flags_ = kNoDeadline;
    co_return Result<>();
  }
  flags_asked_ = true;
  next_flags_ = clock_.now() + kFlagsEvery;
  const auto sent = co_await write("F\r");
  if (!sent && sent.error().code != Errc::buffer_full) co_return sent.error();
  co_return Result<>();
}

std::size_t SlcanCan::take_frames(std::span<CanFrame> frames) {
  std::size_t n = 0;
  while (n < frames.size() && !pending_.empty()) {
    const auto line = cutter_.next(pending_);
    if (!line) break;
    if (const auto frame = take(slcan::parse_reply(*line))) frames[n++] = *frame;
  }
  return n;
}

std::optional<CanFrame> SlcanCan::take(const slcan::Reply& reply) {
  switch (reply.kind) {
    case Kind::frame:
      if (gate_.passes(reply.frame)) return reply.frame;
      break;
    case Kind::flags:
      return take_flags(reply.flags);
    case Kind::ok:
    case Kind::sent:
      take_answer(Answer::ok);
      break;
    case Kind::refused:
      take_answer(Answer::refused);
      break;
    case Kind::malformed:
      ++status_.malformed;
      break;
    case Kind::version:
      break;
  }
  return std::nullopt;
}

void SlcanCan::take_answer(Answer answer) {
  if (is_sending_) {
    answer_ = answer;
    answered_.cancel();
  } else if (answer == Answer::refused && flags_asked_) {
    flags_asked_ = false;
    has_flags_ = false;
    next_flags_ = kNoDeadline;
  }
}

/// Flags become the error frames that a kernel driver would have made of them.
std::optional<CanFrame> SlcanCan::take_flags(std::uint8_t flags) {
  using namespace slcan::flag;
  flags_asked_ = false;
  const bool is_off = (flags & kPassive) && (flags & kBusError);
  const bool was_off = status_.state == CanState::bus_off;
  if (is_off) return was_off ? std::nullopt : noted(can_error::make(can_error::kBusOff));
  if (was_off) return noted(can_error::make(can_error::kRestarted));
  CanState state = CanState::error_active;
  if (flags & kWarning) state = CanState::error_warning;
  if (flags & kPassive) state = CanState::error_passive;
  const bool is_changed = state != status_.state && status_.state != CanState::unknown;
  status_.state = state;
  if (flags & (kRxFull | kOverrun))
    return noted(can_error::make(can_error::kController, can_error::kRxOverflow));
  if (flags & kBusError) return noted(can_error::make(can_error::kBusError));
  if (flags & kArbitrationLost) return noted(can_error::make(can_error::kLostArbitration));
  if (!is_changed) return std::nullopt;
  const std::uint8_t problem = state == CanState::error_passive   ? can_error::kPassive
                               : state == CanState::error_warning ? can_error::kWarning
                                                                  : can_error::kActive;
  return noted(can_error::make(can_error::kController, problem));
}

Error SlcanCan::refusal() const {
  if (status_.state == CanState::bus_off) return Errc::bus_off;
  return {Errc::buffer_full,
          opening_.interface + ": the adapter refuses the frame (buffer full or bus off)"};
}

Awaitable<Result<>> SlcanCan::send(CanFrame frame) {
  if (frame.error || frame.length > frame.data.size())
    co_return Error(Errc::out_of_range, "not a frame that can be sent");
  if (opening_.listen_only)
    co_return Error(Errc::not_supported, opening_.interface + ": listen_only sends nothing");
  if (status_.state == CanState::bus_off) co_return Errc::bus_off;
  if (!acknowledges_ || is_sending_) co_return co_await write(slcan::format_frame(frame));
  const Raised sending(is_sending_);
  answer_.reset();
  if (const auto sent = co_await write(slcan::format_frame(frame)); !sent) co_return sent.error();
  const auto answer = co_await wait_for_answer();
  if (!answer) co_return answer.error();
  if (*answer == Answer::none) acknowledges_ = false;  // not for frames, then
  if (*answer != Answer::refused) co_return Result<>();
  if (has_flags_) next_flags_ = clock_.now();  // find out why
  co_return refusal();
}

/// The answer is read by receive().
Awaitable<Result<SlcanCan::Answer>> SlcanCan::wait_for_answer() {
  using namespace boost::asio::experimental::awaitable_operators;
  if (answer_) co_return *answer_;
  answered_.expires_at(SteadyTime::max());
  const auto first =
      co_await (answered_.async_wait(nothrow) || clock_.sleep_until(clock_.now() + kAcknowledge));
  if (answer_) co_return *answer_;
  if (first.index() == 1 && std::get<1>(first)) co_return Answer::none;
  co_return Errc::cancelled;
}

}  // namespace

Awaitable<OpenedCan> open_slcan(Executor executor, Clock& clock, std::unique_ptr<ByteStream> line,
                                CanOpening opening) {
  auto bus = std::make_unique<SlcanCan>(executor, clock, std::move(line), std::move(opening));
  if (const auto ready = co_await bus->set_up(); !ready) co_return ready.error();
  co_return std::unique_ptr<CanBus>(std::move(bus));
}

}  // namespace b2m
