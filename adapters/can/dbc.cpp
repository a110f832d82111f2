// SPDX-License-Identifier: MIT
#include "adapters/can/dbc.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "adapters/can/dbc_check.hpp"
#include "adapters/can/dbc_scanner.hpp"

namespace b2m::can {
namespace {

// Far beyond any real bus; they keep a hostile file from costing more than its size.
constexpr std::size_t kMaxSignals = 1024;  // of one message
constexpr std::size_t kMaxMessages = 65'535;
constexpr std::size_t kMaxRanges = 256;  // of one multiplexed signal
constexpr std::size_t kMaxName = 128;
constexpr std::uint64_t kMaxMessageBytes = 1785;  // the longest J1939 transport message
constexpr std::uint32_t kExtendedFlag = 0x8000'0000;
constexpr std::uint32_t kUnboundSignals = 0xC000'0000;  // a tool's bin for signals without message

class Parser {
 public:
  explicit Parser(std::string_view text) : scan_(text) {}

  DbcReading parse() {
    while (!scan_.at_end() && reading_.mistakes.size() < kMaxDbcMistakes) {
      here_ = scan_.place();
      const std::string_view keyword = scan_.word();
      if (!statement(keyword)) scan_.skip_to_statement();
    }
    finish();
    return std::move(reading_);
  }

 private:
  void complain(DbcPlace at, std::string what, std::string hint = {}) {
    if (reading_.mistakes.size() < kMaxDbcMistakes)
      reading_.mistakes.push_back({at.line, at.column, std::move(what), std::move(hint)});
  }
  bool fail(std::string what, std::string hint = {}) {
    const DbcPlace at = scan_.place();
    if (scan_.at_end())
      complain(at, "the file ends in the middle of a statement", "it seems to be cut off");
    else
      complain(at, std::move(what), std::move(hint));
    return false;
  }
  bool want(char c) { return scan_.symbol(c) || fail(fmt::format("'{}' is missing here", c)); }
  bool end_statement() { return want(';'); }

  bool statement(std::string_view keyword) {
    if (keyword == "BO_") return message();
    if (keyword == "SG_") return signal();
    if (keyword == "VERSION") return version();
    if (keyword == "NS_") return names_of_sections();
    if (keyword == "BS_" || keyword == "BU_") return indented_rest();
    if (keyword == "VAL_") return values();
    if (keyword == "SIG_VALTYPE_") return value_type();
    if (keyword == "SG_MUL_VAL_") return multiplexing();
    if (is_dbc_keyword(keyword)) {
      if (scan_.skip_statement()) return true;
      complain(here_, fmt::format("the file ends inside this {} statement", keyword),
               "it seems to be cut off");
      return true;
    }
    complain(here_, fmt::format("\"{}\" does not begin a statement of a DBC file", keyword),
             "is this really a DBC file?");
    return false;
  }

  bool version() {
    auto text = scan_.quoted();
    if (!text) return fail("VERSION wants a text in quotes");
    reading_.dbc.version = std::move(*text);
    return true;
  }

  // "NS_ :" is followed by indented names, most of which are keywords themselves.
  bool names_of_sections() {
    scan_.symbol(':');
    while (!scan_.at_end() && scan_.place().column > 1)
      if (scan_.word().empty()) return fail("only names may stand below NS_");
    return true;
  }

  bool indented_rest() {
    scan_.skip_line();
    while (!scan_.at_end() && scan_.place().column > 1) {
      const DbcScanner before = scan_;
      if (is_dbc_keyword(scan_.word())) {
        scan_ = before;
        break;
      }
      scan_.skip_line();
    }
    return true;
  }

  std::optional<std::string> name() {
    const std::string_view found = scan_.word();
    if (found.empty() || found.size() > kMaxName) {
      fail(fmt::format("a name of 1 to {} letters, digits and underscores belongs here", kMaxName));
      return std::nullopt;
    }
    return std::string(found);
  }

  bool message() {
    current_ = nullptr;
    skips_signals_ = true;
    const auto id = scan_.unsigned_number();
    if (!id) return fail("BO_ wants the message's id as a decimal number");
    auto called = name();
    if (!called || !want(':')) return false;
    const auto length = scan_.unsigned_number();
    if (!length) return fail("the message's length in bytes is missing");
    scan_.word();  // who sends it
    if (*id == kUnboundSignals) return true;
    if (*length > kMaxMessageBytes)
      return fail(fmt::format("message \"{}\" cannot be {} bytes long", *called, *length));
    if (reading_.dbc.messages.size() >= kMaxMessages)
      return fail(fmt::format("more than {} messages", kMaxMessages));
    return add_message(*id, std::move(*called), static_cast<int>(*length));
  }

  bool add_message(std::uint64_t id, std::string called, int length) {
    DbcMessage m;
    m.extended = (id & kExtendedFlag) != 0;
    const std::uint64_t bare = m.extended ? id & ~std::uint64_t{kExtendedFlag} : id;
    if (bare > (m.extended ? 0x1FFF'FFFFU : 0x7FFU)) {
      complain(here_, fmt::format("{} is no CAN id", id),
               "11-bit ids end at 2047; for a 29-bit id add 2147483648");
      return true;
    }
    m.id = static_cast<std::uint32_t>(bare);
    m.name = std::move(called);
    m.length = length;
    m.line = here_.line;
    m.column = here_.column;
    reading_.dbc.messages.push_back(std::move(m));
    current_ = &reading_.dbc.messages.back();
    skips_signals_ = false;
    return true;
  }

  bool signal() {
    if (!current_ && !skips_signals_)
      complain(here_, "this signal belongs to no message", "a BO_ line must stand above it");
    DbcSignal s;
    s.line = here_.line;
    s.column = here_.column;
    if (!signal_head(s) || !signal_bits(s) || !signal_scale(s)) return false;
    scan_.skip_line();  // the receivers
    if (!current_) return true;
    if (current_->signals.size() >= kMaxSignals) {
      complain(here_,
               fmt::format("message \"{}\" has more than {} signals", current_->name, kMaxSignals));
      return true;
    }
    if (is_sensible(s, say_)) current_->signals.push_back(std::move(s));
    return true;
  }

  bool signal_head(DbcSignal& s) {
    auto called = name();
    if (!called) return false;
    s.name = std::move(*called);
    if (scan_.symbol(':')) return true;
    const DbcPlace at = scan_.place();
    if (!multiplex_mark(s, scan_.word())) {
      complain(at, fmt::format("signal \"{}\": M, m0, m0M or ':' belongs here", s.name));
      return false;
    }
    return want(':');
  }

  // "M": a multiplexor; "m12": there when the multiplexor is 12; "m12M": both.
  static bool multiplex_mark(DbcSignal& s, std::string_view mark) {
    if (mark.ends_with('M')) {
      s.is_multiplexor = true;
      mark.remove_suffix(1);
      if (mark.empty()) return true;
    }
    if (!mark.starts_with('m')) return false;
    mark.remove_prefix(1);
    DbcScanner digits(mark);
    const auto value = digits.unsigned_number();
    if (!value || !digits.at_end()) return false;
    s.is_multiplexed = true;
    s.selected_by.push_back({*value, *value});
    return true;
  }

  bool signal_bits(DbcSignal& s) {
    constexpr std::uint64_t kMostBits = 8 * kMaxMessageBytes;
    const auto start = scan_.unsigned_number();
    if (!start || *start > kMostBits) return fail("the signal's start bit belongs here");
    if (!want('|')) return false;
    const auto length = scan_.unsigned_number();
    if (!length) return fail("the signal's length in bits belongs here");
    if (!want('@')) return false;
    s.start = static_cast<int>(*start);
    s.length = static_cast<int>(std::min<std::uint64_t>(*length, kMostBits));
    const auto order = scan_.unsigned_number();
    if (!order || *order > 1)
      return fail("the byte order belongs here: 1 is little-endian, 0 is big-endian");
    s.big_endian = *order == 0;
    s.is_signed = scan_.symbol('-');
    return s.is_signed || scan_.symbol('+') || fail("'+' (unsigned) or '-' (signed) belongs here");
  }

  bool signal_scale(DbcSignal& s) {
    const auto number = [&](double& to) {
      const auto found = scan_.real();
      if (!found) return fail("a number belongs here");
      to = *found;
      return true;
    };
    if (!want('(') || !number(s.factor) || !want(',') || !number(s.offset) || !want(')'))
      return false;
    if (!want('[') || !number(s.minimum) || !want('|') || !number(s.maximum) || !want(']'))
      return false;
    auto unit = scan_.quoted();
    if (!unit)
      return fail("the signal's unit in quotes belongs here", "write \"\" when it has none");
    s.unit = std::move(*unit);
    return true;
  }

  DbcMessage* message_with(std::uint64_t id) {
    const bool extended = (id & kExtendedFlag) != 0;
    const std::uint64_t bare = extended ? id & ~std::uint64_t{kExtendedFlag} : id;
    const auto is_it = [&](const DbcMessage& m) { return m.extended == extended && m.id == bare; };
    if (looked_up_ < reading_.dbc.messages.size() && is_it(reading_.dbc.messages[looked_up_]))
      return &reading_.dbc.messages[looked_up_];
    const auto at = std::ranges::find_if(reading_.dbc.messages, is_it);
    if (at == reading_.dbc.messages.end()) return nullptr;
    looked_up_ = static_cast<std::size_t>(at - reading_.dbc.messages.begin());
    return &*at;
  }

  /// Reads "ID SIGNAL"; null (said, unless it belongs to a skipped message) when there is none.
  DbcSignal* signal_named_here() {
    const DbcPlace at = scan_.place();
    const auto id = scan_.unsigned_number();
    if (!id) {
      fail("a message id belongs here");
      return nullptr;
    }
    const auto called = name();
    if (!called) return nullptr;
    DbcMessage* m = message_with(*id);
    const auto found = m ? std::ranges::find(m->signals, *called, &DbcSignal::name)
                         : std::vector<DbcSignal>::iterator{};
    if (m && found != m->signals.end()) return &*found;
    if (*id != kUnboundSignals)
      complain(at, fmt::format("there is no signal \"{}\" in a message with id {}", *called, *id));
    return nullptr;
  }

  /// Ends a statement about a signal that is unknown; everything worth saying was said.
  bool leave() {
    scan_.skip_statement();
    return true;
  }

  bool values() {
    const char first = scan_.peek();
    if (first < '0' || first > '9') return leave();  // of an environment variable
    DbcSignal* s = signal_named_here();
    if (!s) return leave();
    while (scan_.peek() != ';') {
      const auto raw = scan_.signed_number();
      if (!raw) return fail("a raw value, as a whole number, or ';' belongs here");
      auto text = scan_.quoted();
      if (!text) return fail("the value's name in quotes belongs here");
      s->values.push_back({*raw, std::move(*text)});
    }
    std::ranges::stable_sort(s->values, {}, &DbcValue::raw);
    return end_statement();
  }

  bool value_type() {
    DbcSignal* s = signal_named_here();
    if (!s) return leave();
    scan_.symbol(':');
    const auto type = scan_.unsigned_number();
    if (!type || *type > 2)
      return fail("0 (integer), 1 (32-bit float) or 2 (64-bit float) belongs here");
    s->form = static_cast<DbcForm>(*type);
    return end_statement();
  }

  bool multiplexing() {
    DbcSignal* s = signal_named_here();
    if (!s) return leave();
    auto by = name();
    if (!by) return false;
    s->is_multiplexed = true;
    s->multiplexor = std::move(*by);
    s->selected_by.clear();
    do {
      const auto low = scan_.unsigned_number();
      if (!low || !want('-')) return low ? false : fail("a range like 0-3 belongs here");
      const auto high = scan_.unsigned_number();
      if (!high || *high < *low || s->selected_by.size() >= kMaxRanges)
        return fail("a range like 0-3 belongs here");
      s->selected_by.push_back({*low, *high});
    } while (scan_.symbol(','));
    return end_statement();
  }

  static void merge(std::vector<DbcRange>& ranges) {
    std::ranges::sort(ranges, {}, &DbcRange::low);
    std::vector<DbcRange> merged;
    for (const DbcRange& r : ranges) {
      if (!merged.empty() && r.low <= merged.back().high)
        merged.back().high = std::max(merged.back().high, r.high);
      else
        merged.push_back(r);
    }
    ranges = std::move(merged);
  }

  void finish() {
    for (DbcMessage& m : reading_.dbc.messages) {
      const auto only = std::ranges::find_if(
          m.signals, [](const DbcSignal& s) { return s.is_multiplexor && !s.is_multiplexed; });
      for (DbcSignal& s : m.signals) {
        if (s.is_multiplexed && s.multiplexor.empty() && only != m.signals.end())
          s.multiplexor = only->name;
        merge(s.selected_by);
      }
      check_message(m, say_);
    }
    check_messages(reading_.dbc, say_);
    if (reading_.dbc.messages.empty() && reading_.mistakes.empty())
      complain({}, "the file describes no message", "every message begins with BO_");
    std::ranges::stable_sort(reading_.mistakes, [](const DbcMistake& a, const DbcMistake& b) {
      return std::pair(a.line, a.column) < std::pair(b.line, b.column);
    });
  }

  const Complain say_ = [this](int line, int column, std::string what, std::string hint) {
    complain({line, column}, std::move(what), std::move(hint));
  };
  DbcScanner scan_;
  DbcReading reading_;
  DbcPlace here_;                  // where the statement being read begins
  DbcMessage* current_ = nullptr;  // the message that SG_ lines belong to
  bool skips_signals_ = false;     // the message above was refused or is none
  std::size_t looked_up_ = 0;
};

}  // namespace

const DbcSignal* DbcMessage::find(std::string_view signal) const {
  const auto at = std::ranges::find(signals, signal, &DbcSignal::name);
  return at == signals.end() ? nullptr : &*at;
}

const DbcMessage* Dbc::find(std::string_view message) const {
  const auto at = std::ranges::find(messages, message, &DbcMessage::name);
  return at == messages.end() ? nullptr : &*at;
}

DbcReading parse_dbc(std::string_view text) {
  if (text.size() > kMaxDbcBytes) {
    DbcReading refused;
    refused.mistakes.push_back(
        {1, 1, fmt::format("the file is larger than {} MiB", kMaxDbcBytes >> 20), {}});
    return refused;
  }
  return Parser(to_utf8(text)).parse();
}

std::uint64_t covered_bits(const DbcSignal& s) {
  std::uint64_t bits = 0;
  int bit = s.start;
  for (int i = 0; i < s.length; ++i) {
    bits |= std::uint64_t{1} << bit;
    bit += !s.big_endian ? 1 : bit % 8 == 0 ? 15 : -1;
  }
  return bits;
}

int needed_bytes(const DbcSignal& s) {
  const int from_top = 8 * (s.start / 8) + 7 - s.start % 8;
  return ((s.big_endian ? from_top : s.start) + s.length - 1) / 8 + 1;
}

}  // namespace b2m::can
