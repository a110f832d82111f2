// SPDX-License-Identifier: MIT
// Facts: docs/protocols/tesla-uart.md A3, A6 and A9. A bridge repeats the three bytes of a read
// request and then clocks out data, so the head of a reply is the request itself; what nobody takes
// comes back unchanged.
#include "adapters/tesla_uart/peer_ring.hpp"

namespace b2m::tesla_uart::peer {
namespace {

constexpr std::size_t kReadLength = 3, kWholeLength = 4;
constexpr SteadyDuration kLookInterval = std::chrono::milliseconds(50);
constexpr std::size_t kRemembered = 1000;
constexpr std::int64_t kBitsPerByte = 10;
constexpr std::uint8_t kFlip = 0x55;
// Where a fault names no value.
constexpr double kNoiseShare = 0.1, kLossShare = 0.05, kLate_s = 0.05, kDrip_s = 1;

std::uint8_t address_in(std::uint8_t first) { return first >> 1 & 0x3F; }

}  // namespace

Ring::Ring(const RingPeerSettings& settings, RingSay say)
    : settings_(settings), say_(std::move(say)), random_(settings.seed) {}

void Ring::add(std::unique_ptr<ModuleCells> cells) {
  const auto place = boards_.end() - (has_extra_ ? 1 : 0);
  boards_.insert(place, make_board(std::move(cells)));
  apply_faults();
}

Ring::Board Ring::make_board(std::unique_ptr<ModuleCells> cells) const {
  const ChipSettings chip{settings_.bleed, settings_.wiring, settings_.settle,
                          settings_.conversion};
  return Board{std::make_unique<Chip>(chip, std::move(cells))};
}

std::vector<Answer> Ring::hear(Bytes bytes, SteadyTime now) {
  if (now - looked_at_ >= kLookInterval || now >= next_event_) advance_to(now);
  if (now - heard_at_ > settings_.gap) request_.clear();
  if (request_.empty()) passed_ = 0;
  heard_at_ = now;
  std::vector<Answer> answers;
  const Frame in = heard(bytes);
  for (std::size_t i = 0; i < in.size(); ++i) {
    request_.push_back(in[i]);
    if (!is_whole(Bytes(in).subspan(i + 1))) continue;
    answers.push_back(pass(now));
    request_.clear();
    passed_ = 0;
  }
  if (!request_.empty()) answers.push_back(repeat_unfinished());
  return answers;
}

Frame Ring::heard(Bytes bytes) {
  Frame in(bytes.begin(), bytes.end());
  const RingFault* loss = faults_.find(RingFaultKind::byte_loss, 0);
  if (loss) lose(in, loss->value.value_or(kLossShare));
  return in;
}

bool Ring::is_whole(Bytes rest) const {
  const std::size_t n = request_.size();
  if (n < kReadLength) return false;
  if (n >= kWholeLength) return true;
  if (!is_read() || settings_.read_form == ReadForm::with_checksum) return false;
  const bool checksum_follows = !rest.empty() && rest.front() == checksum(request_);
  return settings_.read_form == ReadForm::without_checksum || !checksum_follows;
}

Answer Ring::pass(SteadyTime now) {
  remember();
  Answer answer;
  answer.bytes = request_;
  const Places from = takers(answer.bytes);
  exchange(answer.bytes, from, now);
  time(answer);
  const auto passed = std::min(passed_, answer.bytes.size());
  answer.bytes.erase(answer.bytes.begin(),
                     answer.bytes.begin() + static_cast<std::ptrdiff_t>(passed));
  if (faults_.has(RingFaultKind::broken, FaultList::kAny)) answer.bytes.clear();
  spoil(answer, from);
  return answer;
}

Answer Ring::repeat_unfinished() {
  Answer answer;
  answer.bytes = request_;
  (void)takers(answer.bytes);
  answer.bytes.erase(answer.bytes.begin(),
                     answer.bytes.begin() + static_cast<std::ptrdiff_t>(passed_));
  passed_ = request_.size();
  if (faults_.has(RingFaultKind::broken, FaultList::kAny)) answer.bytes.clear();
  time(answer);
  return answer;
}

/// How many boards hear anything.
std::size_t Ring::reach() const {
  std::size_t first_cut = boards_.size();
  faults_.each(RingFaultKind::broken, FaultList::kAny, [&](const RingFault& f) {
    first_cut = std::min(first_cut, static_cast<std::size_t>(f.module));
  });
  return first_cut;
}

Ring::Places Ring::takers(Frame& passing) const {
  Places takers;
  const std::size_t end = reach();
  for (std::size_t place = 0; place < end; ++place) {
    const Board& board = boards_[place];
    if (!board.is_powered) continue;
    if (faults_.has(RingFaultKind::deaf, static_cast<int>(place) + 1)) continue;
    const bool is_marked = (passing[0] & kMarker) != 0;
    const std::uint8_t wanted = address_in(passing[0]);
    const bool is_own = wanted == kBroadcast || wanted == board.chip->address();
    if (is_marked || !is_own) continue;
    takers.push_back(place);
    if (wanted == 0) passing[0] = static_cast<std::uint8_t>(passing[0] | kMarker);
  }
  return takers;
}

void Ring::exchange(Frame& passing, const Places& from, SteadyTime now) {
  const bool is_complete = request_.size() == kWholeLength;
  const bool is_good = !is_complete || checksum(Bytes(request_).first(kReadLength)) == request_[3];
  const Frame head = passing;
  for (const std::size_t place : from) {
    Chip& chip = *boards_[place].chip;
    chip.advance_to(now);
    if (!is_good)
      chip.hear_bad_checksum();
    else if (is_read())
      answer_read(passing = head, chip);
    else
      chip.write(request_[1], request_[2]);
    next_event_ = std::min(next_event_, chip.next(now));
    tell_bleed(place);
  }
}

void Ring::answer_read(Frame& passing, const Chip& chip) const {
  passing.resize(kReadLength);
  for (unsigned i = 0; i < request_[2]; ++i)
    passing.push_back(chip.read(static_cast<std::uint8_t>(request_[1] + i)));
  passing.push_back(checksum(passing));
}

void Ring::time(Answer& answer) const {
  const bool is_answer = !request_.empty() && answer.bytes.size() > request_.size();
  if (is_answer) answer.takes += settings_.turnaround;
  if (!settings_.is_paced) return;
  const auto bytes = static_cast<std::int64_t>(answer.bytes.size() + boards_.size());
  answer.takes += std::chrono::nanoseconds(bytes * kBitsPerByte * 1'000'000'000 / settings_.baud);
}

const RingFault* Ring::on(RingFaultKind kind, const Places& from) const {
  if (faults_.is_empty()) return nullptr;
  if (const RingFault* fault = faults_.find(kind, 0)) return fault;
  for (const std::size_t place : from)
    if (const RingFault* fault = faults_.find(kind, static_cast<int>(place) + 1)) return fault;
  return nullptr;
}

void Ring::spoil(Answer& answer, const Places& from) {
  const bool is_answer = answer.bytes.size() > request_.size();
  if (on(RingFaultKind::corrupt, from) && is_answer) answer.bytes.back() ^= kFlip;
  if (on(RingFaultKind::echo, from))
    answer.bytes.insert(answer.bytes.begin(), request_.begin(), request_.end());
  if (const RingFault* f = on(RingFaultKind::byte_loss, from))
    lose(answer.bytes, f->value.value_or(kLossShare));
  if (const RingFault* f = on(RingFaultKind::noise, from))
    insert(answer.bytes, f->value.value_or(kNoiseShare));
  if (const RingFault* f = on(RingFaultKind::late, from))
    answer.takes += from_seconds(f->value.value_or(kLate_s));
  if (const RingFault* f = on(RingFaultKind::drip, from))
    answer.apart = from_seconds(f->value.value_or(kDrip_s));
}

void Ring::lose(Frame& bytes, double share) {
  std::erase_if(bytes, [&](std::uint8_t) { return chance() < share; });
}

void Ring::insert(Frame& bytes, double share) {
  Frame noisy;
  for (const std::uint8_t b : bytes) {
    if (chance() < share) noisy.push_back(static_cast<std::uint8_t>(random_() & 0xFF));
    noisy.push_back(b);
  }
  bytes = std::move(noisy);
}

Frame Ring::babble() {
  const RingFault* noise = faults_.find(RingFaultKind::noise, 0);
  Frame bytes;
  if (noise && chance() < noise->value.value_or(kNoiseShare))
    bytes.push_back(static_cast<std::uint8_t>(random_() & 0xFF));
  return bytes;
}

// By hand: the library's distributions differ between libraries.
double Ring::chance() { return static_cast<double>(random_() >> 11) / 9007199254740992.0; }

void Ring::remember() {
  if (requests_.size() >= 2 * kRemembered)
    requests_.erase(requests_.begin(), requests_.begin() + kRemembered);
  requests_.push_back(request_);
}

}  // namespace b2m::tesla_uart::peer
