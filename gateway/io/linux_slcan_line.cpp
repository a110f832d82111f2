// SPDX-License-Identifier: MIT
// The parser is our own, not the gateway's codec, so that a mistake in either shows.
#include <array>
#include <deque>
#include <optional>

#include <fmt/format.h>

#include "gateway/io/pty_stream.hpp"
#include "gateway/io/slcan_line.hpp"

namespace b2m {
namespace {

constexpr std::size_t kLongestLine = 32;  // "T" + 8 + 1 + 16 digits, with room
constexpr char kOk = '\r';
constexpr char kError = '\a';
constexpr std::uint32_t kBusOffClass = 0x040;
constexpr std::uint32_t kRestartedClass = 0x100;
// Bits of the answer to F.
constexpr unsigned kFlagWarning = 0x04, kFlagPassive = 0x20, kFlagBusError = 0x80;

std::optional<std::uint32_t> hex(std::string_view text) {
  std::uint32_t value = 0;
  for (const char c : text) {
    std::uint32_t digit = 0;
    if (c >= '0' && c <= '9')
      digit = static_cast<std::uint32_t>(c - '0');
    else if (c >= 'A' && c <= 'F')
      digit = static_cast<std::uint32_t>(c - 'A' + 10);
    else if (c >= 'a' && c <= 'f')
      digit = static_cast<std::uint32_t>(c - 'a' + 10);
    else
      return std::nullopt;
    value = value << 4 | digit;
  }
  return value;
}

/// The line of a t, T, r or R command; nothing when it is none.
std::optional<CanFrame> parse_frame(std::string_view line) {
  CanFrame frame;
  frame.extended = line[0] == 'T' || line[0] == 'R';
  frame.remote = line[0] == 'r' || line[0] == 'R';
  const std::size_t digits = frame.extended ? 8 : 3;
  if (line.size() < digits + 2) return std::nullopt;
  const auto id = hex(line.substr(1, digits));
  const char length = line[digits + 1];
  if (!id || *id > (frame.extended ? 0x1FFFFFFFU : 0x7FFU) || length < '0' || length > '8')
    return std::nullopt;
  frame.id = *id;
  frame.length = static_cast<std::uint8_t>(length - '0');
  const std::string_view data = line.substr(digits + 2);
  if (data.size() != (frame.remote ? 0U : frame.length * 2U)) return std::nullopt;
  for (std::size_t i = 0; i * 2 < data.size(); ++i) {
    const auto byte = hex(data.substr(i * 2, 2));
    if (!byte) return std::nullopt;
    frame.data[i] = static_cast<std::uint8_t>(*byte);
  }
  return frame;
}

std::string line_of(const CanFrame& frame) {
  const char letter = frame.extended ? (frame.remote ? 'R' : 'T') : (frame.remote ? 'r' : 't');
  std::string line = frame.extended ? fmt::format("{}{:08X}{}", letter, frame.id, frame.length)
                                    : fmt::format("{}{:03X}{}", letter, frame.id, frame.length);
  if (!frame.remote) line += to_hex(frame.payload());
  return line + '\r';
}

class PtyLine final : public SlcanLine {
 public:
  PtyLine(std::unique_ptr<PtyStream> terminal, std::function<void(bool)> opened)
      : terminal_(std::move(terminal)), opened_(std::move(opened)) {}
  ~PtyLine() override { unplug(); }

  Result<> plug_in() override;
  void unplug() override;
  void write_raw(std::string_view bytes) override {
    if (is_open_) write(bytes);
  }
  Awaitable<Result<std::size_t>> receive(std::span<CanFrame> frames) override;
  Awaitable<Result<>> send(CanFrame frame) override;
  [[nodiscard]] CanStatus status() override { return status_; }

 private:
  void take(Bytes bytes);
  void obey(std::string_view line);
  bool obeyed(std::string_view line);
  bool transmit(std::string_view line);
  bool set_open(bool is_open, bool listens_only);
  void write(std::string_view text);
  std::string flags() const;
  [[nodiscard]] bool is_off() const { return status_.state == CanState::bus_off; }

  std::unique_ptr<PtyStream> terminal_;
  std::function<void(bool)> opened_;
  std::string line_;
  std::deque<CanFrame> received_;
  CanStatus status_;
  bool is_open_ = false;
  bool listens_only_ = false;
};

Result<> PtyLine::plug_in() {
  if (const Result<> done = terminal_->plug_in(); !done) return done;
  line_.clear();
  status_.state = CanState::error_active;
  return {};
}

void PtyLine::unplug() {
  terminal_->unplug();
  if (is_open_) opened_(false);
  is_open_ = false;
}

Awaitable<Result<std::size_t>> PtyLine::receive(std::span<CanFrame> frames) {
  std::array<std::uint8_t, 1024> buffer{};
  while (received_.empty()) {
    const Result<std::size_t> n = co_await terminal_->read_some(buffer, kNoDeadline);
    if (!n) co_return n.error();
    take(Bytes(buffer).first(*n));
  }
  std::size_t count = 0;
  for (; count < frames.size() && !received_.empty(); ++count) {
    frames[count] = received_.front();
    received_.pop_front();
  }
  co_return count;
}

Awaitable<Result<>> PtyLine::send(CanFrame frame) {
  if (frame.error) {
    if (frame.id & kBusOffClass) status_.state = CanState::bus_off;
    if (frame.id & kRestartedClass) status_.state = CanState::error_active;
  } else if (is_open_ && !is_off()) {
    write(line_of(frame));
  }
  co_return Result<>();
}

void PtyLine::write(std::string_view text) {
  const std::vector<std::uint8_t> bytes(text.begin(), text.end());
  if (!terminal_->put(bytes)) ++status_.overruns;
}

void PtyLine::take(Bytes bytes) {
  for (const std::uint8_t byte : bytes) {
    const char c = static_cast<char>(byte);
    if (c == '\r') {
      if (!line_.empty()) obey(line_);
      line_.clear();
    } else if (line_.size() <= kLongestLine) {
      line_ += c;
    }
  }
}

void PtyLine::obey(std::string_view line) {
  switch (line[0]) {
    case 'F':
      return write(flags());
    case 'V':
      return write("V1013\r");
    case 'N':
      return write("NB2M1\r");
    default: {
      const char answer = obeyed(line) ? kOk : kError;
      return write(std::string_view(&answer, 1));
    }
  }
}

bool PtyLine::obeyed(std::string_view line) {
  switch (line[0]) {
    case 'S':
      return !is_open_ && line.size() == 2 && line[1] >= '0' && line[1] <= '8';
    case 'O':
      return line.size() == 1 && !is_open_ && set_open(true, false);
    case 'L':
      return line.size() == 1 && !is_open_ && set_open(true, true);
    case 'C':
      return line.size() == 1 && set_open(false, false);
    case 't':
    case 'T':
    case 'r':
    case 'R':
      return transmit(line);
    default:
      return false;
  }
}

bool PtyLine::transmit(std::string_view line) {
  if (!is_open_ || listens_only_ || is_off() || line.size() > kLongestLine) return false;
  const auto frame = parse_frame(line);
  if (frame) received_.push_back(*frame);
  return frame.has_value();
}

bool PtyLine::set_open(bool is_open, bool listens_only) {
  if (is_open != is_open_) opened_(is_open);
  is_open_ = is_open;
  listens_only_ = listens_only;
  return true;
}

std::string PtyLine::flags() const {
  return fmt::format("F{:02X}\r", is_off() ? kFlagWarning | kFlagPassive | kFlagBusError : 0U);
}

}  // namespace

Result<std::unique_ptr<SlcanLine>> make_slcan_line(Executor executor, const std::string& path,
                                                   std::function<void(bool)> opened) {
  auto terminal = make_pty_stream(std::move(executor), path);
  if (!terminal) return terminal.error();
  auto line = std::make_unique<PtyLine>(std::move(*terminal), std::move(opened));
  return std::unique_ptr<SlcanLine>(std::move(line));
}

}  // namespace b2m
