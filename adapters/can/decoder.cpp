// SPDX-License-Identifier: MIT
#include "adapters/can/decoder.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <utility>

namespace b2m::can {
namespace {

constexpr std::size_t kStandardIds = 0x800;
constexpr int kClassicBytes = 8;

constexpr std::uint64_t u64le(const std::array<std::uint8_t, 8>& d) {
  return std::uint64_t{u32le(Bytes(d))} | std::uint64_t{u32le(Bytes(d).subspan(4))} << 32;
}
constexpr std::uint64_t u64be(const std::array<std::uint8_t, 8>& d) {
  return std::uint64_t{u32be(Bytes(d))} << 32 | u32be(Bytes(d).subspan(4));
}

}  // namespace

Decoder::Decoder(const Dbc& dbc, bool exact_length)
    : exact_length_(exact_length), standard_(kStandardIds, kNone) {
  for (const DbcMessage& message : dbc.messages) add(message);
}

Decoder::Signal Decoder::compile(const DbcSignal& s) {
  Signal code;
  const int from_top = 8 * (s.start / 8) + 7 - s.start % 8;
  code.shift = static_cast<std::uint8_t>(s.big_endian ? 64 - from_top - s.length : s.start);
  code.spare = static_cast<std::uint8_t>(64 - s.length);
  code.bytes = static_cast<std::uint8_t>(needed_bytes(s));
  code.big_endian = s.big_endian;
  code.is_signed = s.is_signed && s.form == DbcForm::integer;
  code.form = s.form;
  code.factor = s.factor;
  code.offset = s.offset;
  return code;
}

void Decoder::add(const DbcMessage& message) {
  const auto first = static_cast<SignalIndex>(signals_.size());
  if (message.length > kClassicBytes) {  // not in a classic frame; keeps the numbering
    signals_.resize(signals_.size() + message.signals.size());
    return;
  }
  for (const DbcSignal& s : message.signals) signals_.push_back(compile(s));
  Message compiled;
  compiled.length = static_cast<std::uint8_t>(message.length);
  for (SignalIndex i = 0; i < message.signals.size(); ++i) {
    const DbcSignal& s = message.signals[i];
    if (!s.is_multiplexed) compiled.always.push_back(first + i);
    if (!s.is_multiplexor) continue;
    signals_[first + i].selector = static_cast<std::uint32_t>(selectors_.size());
    add_selector(message, first, s);
  }
  const auto number = static_cast<std::uint32_t>(messages_.size());
  if (message.extended)
    extended_.emplace(message.id, number);
  else
    standard_[message.id] = number;
  messages_.push_back(std::move(compiled));
}

void Decoder::add_selector(const DbcMessage& message, SignalIndex first,
                           const DbcSignal& multiplexor) {
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::vector<SignalIndex>> cases;
  for (SignalIndex i = 0; i < message.signals.size(); ++i) {
    const DbcSignal& s = message.signals[i];
    if (!s.is_multiplexed || s.multiplexor != multiplexor.name) continue;
    for (const DbcRange& range : s.selected_by) cases[{range.low, range.high}].push_back(first + i);
  }
  Selector& selector = selectors_.emplace_back();
  for (auto& [range, signals] : cases)
    selector.cases.push_back({range.first, range.second, std::move(signals)});
  close(selector);
}

void Decoder::close(Selector& selector) {
  const auto& cases = selector.cases;
  for (std::size_t i = 1; i < cases.size(); ++i)
    if (cases[i].low <= cases[i - 1].high) selector.apart = false;
  if (!selector.apart) return;
  selector.is_small = cases.empty() || cases.back().high < selector.direct.size();
  if (!selector.is_small) return;
  for (std::size_t i = 0; i < cases.size(); ++i)
    for (std::uint64_t v = cases[i].low; v <= cases[i].high; ++v)
      selector.direct[v] = static_cast<std::uint16_t>(i + 1);
}

const Decoder::Case* Decoder::Selector::find(std::uint64_t value) const {
  if (is_small) {
    const std::uint16_t at = value < direct.size() ? direct[value] : 0;
    return at == 0 ? nullptr : &cases[at - 1U];
  }
  const auto after = std::ranges::upper_bound(cases, value, {}, &Case::low);
  if (after == cases.begin() || std::prev(after)->high < value) return nullptr;
  return &*std::prev(after);
}

std::uint32_t Decoder::find(std::uint32_t id, bool extended) const {
  if (!extended) return id < kStandardIds ? standard_[id] : kNone;
  const auto at = extended_.find(id);
  return at == extended_.end() ? kNone : at->second;
}

Decoding Decoder::decode(const CanFrame& frame, std::vector<DecodedSignal>& out) const {
  const std::uint32_t number = frame.remote || frame.error ? kNone : find(frame.id, frame.extended);
  if (number == kNone) return Decoding::unknown;
  const Message& message = messages_[number];
  if (exact_length_ && frame.length != message.length) return Decoding::wrong_length;
  const Words words{u64le(frame.data), u64be(frame.data)};
  const std::size_t before = out.size();
  for (const SignalIndex index : message.always) {
    if (take(index, words, frame.length, out)) continue;
    out.resize(before);
    return Decoding::wrong_length;
  }
  return Decoding::decoded;
}

bool Decoder::take(SignalIndex index, const Words& words, int length,
                   std::vector<DecodedSignal>& out) const {
  const Signal& s = signals_[index];
  if (s.bytes > length) return false;
  const std::uint64_t top = ((s.big_endian ? words.big : words.little) >> s.shift) << s.spare;
  const std::uint64_t bare = top >> s.spare;
  DecodedSignal& decoded = out.emplace_back();
  decoded.signal = index;
  decoded.raw =
      s.is_signed ? static_cast<std::uint64_t>(static_cast<std::int64_t>(top) >> s.spare) : bare;
  double number = s.is_signed ? static_cast<double>(static_cast<std::int64_t>(decoded.raw))
                              : static_cast<double>(bare);
  if (s.form == DbcForm::float32) number = std::bit_cast<float>(static_cast<std::uint32_t>(bare));
  if (s.form == DbcForm::float64) number = std::bit_cast<double>(bare);
  decoded.value = number * s.factor + s.offset;
  return s.selector == kNone || take_selected(selectors_[s.selector], bare, words, length, out);
}

bool Decoder::take_selected(const Selector& selector, std::uint64_t value, const Words& words,
                            int length, std::vector<DecodedSignal>& out) const {
  const auto take_all = [&](const Case& c) {
    for (const SignalIndex index : c.signals)
      if (!take(index, words, length, out)) return false;
    return true;
  };
  if (selector.apart) {
    const Case* found = selector.find(value);
    return !found || take_all(*found);
  }
  for (const Case& c : selector.cases)
    if (c.low <= value && value <= c.high && !take_all(c)) return false;
  return true;
}

}  // namespace b2m::can
