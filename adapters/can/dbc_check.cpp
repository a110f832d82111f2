// SPDX-License-Identifier: MIT
#include "adapters/can/dbc_check.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/core.h>

namespace b2m::can {
namespace {

constexpr int kClassicBytes = 8;
constexpr std::size_t kMaxLevels = 8;  // of multiplexors below multiplexors

/// Number of the highest bit that the signal touches, in the order the bits are walked.
int last_bit(const DbcSignal& s) {
  if (!s.big_endian) return s.start + s.length - 1;
  const int from_top = 8 * (s.start / 8) + 7 - s.start % 8;
  return from_top + s.length - 1;
}

void check_signal(const DbcMessage& message, const DbcSignal& s, const Complain& complain) {
  if (last_bit(s) >= 8 * message.length)
    complain(s.line, s.column,
             fmt::format("signal \"{}\" reaches beyond the {} bytes of message \"{}\"", s.name,
                         message.length, message.name),
             "correct its start bit or length, or the length in the BO_ line");
  const int wanted = s.form == DbcForm::float32 ? 32 : s.form == DbcForm::float64 ? 64 : s.length;
  if (s.length != wanted)
    complain(
        s.line, s.column,
        fmt::format("signal \"{}\" is a {}-bit float but {} bits long", s.name, wanted, s.length),
        "correct SIG_VALTYPE_ or the signal's length");
}

void check_multiplexor(const DbcMessage& message, const DbcSignal& s, const Complain& complain) {
  if (!s.is_multiplexed) return;
  const DbcSignal* by = s.multiplexor.empty() ? nullptr : message.find(s.multiplexor);
  if (!by || !by->is_multiplexor) {
    complain(
        s.line, s.column,
        fmt::format("signal \"{}\" is multiplexed, but message \"{}\" has no multiplexor{}", s.name,
                    message.name, by ? fmt::format(": \"{}\" is none", by->name) : std::string()),
        "mark one signal of the message with M, or name one in SG_MUL_VAL_");
    return;
  }
  std::size_t steps = 0;
  for (const DbcSignal* up = by; up && up->is_multiplexed; up = message.find(up->multiplexor))
    if (++steps > kMaxLevels)
      return complain(s.line, s.column,
                      fmt::format("the multiplexors above signal \"{}\" form a ring, or more than "
                                  "{} levels",
                                  s.name, kMaxLevels),
                      "correct SG_MUL_VAL_: one multiplexor must not be multiplexed itself");
}

bool intersect(const std::vector<DbcRange>& a, const std::vector<DbcRange>& b) {
  std::size_t i = 0, k = 0;
  while (i < a.size() && k < b.size()) {
    if (a[i].low <= b[k].high && b[k].low <= a[i].high) return true;
    (a[i].high < b[k].high ? i : k) += 1;
  }
  return false;
}

using Conditions = std::map<std::string_view, const std::vector<DbcRange>*>;

Conditions conditions(const DbcMessage& message, const DbcSignal& signal) {
  Conditions found;
  const DbcSignal* s = &signal;
  while (s && s->is_multiplexed && found.size() <= kMaxLevels &&
         found.emplace(s->multiplexor, &s->selected_by).second)
    s = message.find(s->multiplexor);
  return found;
}

bool can_meet(const Conditions& a, const Conditions& b) {
  return std::ranges::none_of(a, [&](const auto& condition) {
    const auto other = b.find(condition.first);
    return other != b.end() && !intersect(*condition.second, *other->second);
  });
}

void check_overlaps(const DbcMessage& message, const Complain& complain) {
  std::vector<std::pair<std::uint64_t, Conditions>> seen;
  for (const DbcSignal& s : message.signals) {
    if (last_bit(s) >= 8 * message.length) return;  // said already, and has no mask
    seen.emplace_back(covered_bits(s), conditions(message, s));
  }
  for (std::size_t i = 0; i < seen.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if ((seen[i].first & seen[k].first) == 0 || !can_meet(seen[i].second, seen[k].second))
        continue;
      const DbcSignal& s = message.signals[i];
      complain(s.line, s.column,
               fmt::format("signals \"{}\" and \"{}\" of message \"{}\" share bits", s.name,
                           message.signals[k].name, message.name),
               "correct a start bit or length, or multiplex them");
      break;
    }
  }
}

}  // namespace

bool is_sensible(const DbcSignal& s, const Complain& complain) {
  if (s.length < 1 || s.length > 64) {
    complain(s.line, s.column, fmt::format("signal \"{}\" is {} bits long", s.name, s.length),
             "1 to 64 bits are possible");
    return false;
  }
  if (s.factor == 0) {
    complain(s.line, s.column, fmt::format("signal \"{}\" has the factor 0", s.name),
             "every value would be the same; write 1 if there is nothing to scale");
    return false;
  }
  return true;
}

void check_message(const DbcMessage& message, const Complain& complain) {
  std::set<std::string_view> names;
  for (const DbcSignal& s : message.signals) {
    if (!names.insert(s.name).second)
      complain(s.line, s.column,
               fmt::format("message \"{}\" has two signals \"{}\"", message.name, s.name),
               "rename one of them");
    check_signal(message, s, complain);
    check_multiplexor(message, s, complain);
  }
  if (message.length <= kClassicBytes) check_overlaps(message, complain);
}

void check_messages(const Dbc& dbc, const Complain& complain) {
  std::map<std::pair<bool, std::uint32_t>, std::string_view> ids;
  std::set<std::string_view> names;
  for (const DbcMessage& m : dbc.messages) {
    const auto [known, is_new] = ids.try_emplace({m.extended, m.id}, m.name);
    if (!is_new)
      complain(m.line, m.column,
               fmt::format("messages \"{}\" and \"{}\" have the same id 0x{:X}", known->second,
                           m.name, m.id),
               "give one of them another id");
    if (!names.insert(m.name).second)
      complain(m.line, m.column, fmt::format("two messages are called \"{}\"", m.name),
               "rename one of them");
  }
}

}  // namespace b2m::can
