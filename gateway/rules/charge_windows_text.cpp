// SPDX-License-Identifier: MIT
// Text of charge windows and ready-by times, in both directions.
#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "gateway/rules/charge_windows.hpp"

namespace b2m::rules {
namespace {

constexpr std::string_view kExample = "mon-fri 22:00-06:00; sat,sun 00:00-24:00";
constexpr std::string_view kReadyExample = "mon-fri 07:00; sun 10:30";

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct NamedDays {
  std::string_view name;
  Weekdays days;
};
constexpr NamedDays kNamedDays[] = {{"daily", kEveryDay}, {"weekdays", 0x1F}, {"weekend", 0x60}};
constexpr std::string_view kFullNames[] = {"monday", "tuesday",  "wednesday", "thursday",
                                           "friday", "saturday", "sunday"};

/// 0 to 6, or -1. Any beginning of a day's name that has three letters or more.
int weekday_of(std::string_view word) {
  for (int d = 0; d < 7; ++d)
    if (word.size() >= 3 && kFullNames[d].starts_with(word)) return d;
  return -1;
}

/// Reads one text from left to right; complaints name the place where it stands.
class Reader {
 public:
  Reader(std::string_view text, std::string_view example) : text_(text), example_(example) {}

  void skip_spaces() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
  }
  [[nodiscard]] bool at_end() {
    skip_spaces();
    return at_ == text_.size();
  }
  [[nodiscard]] bool take(char c) {
    skip_spaces();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  [[nodiscard]] bool sees_word() {
    skip_spaces();
    return at_ < text_.size() && is_letter(text_[at_]);
  }
  Result<Weekdays> days();
  Result<int> time(bool may_be_midnight);
  [[nodiscard]] Error error(std::size_t at, const std::string& what) const {
    return {Errc::malformed, fmt::format("\"{}\", character {}: {}; write it like \"{}\"", text_,
                                         at + 1, what, example_)};
  }
  [[nodiscard]] Error error(const std::string& what) const { return error(at_, what); }
  [[nodiscard]] std::size_t place() const { return at_; }

 private:
  Result<Weekdays> day_range();
  std::string word();
  int number();

  std::string_view text_;
  std::string_view example_;
  std::size_t at_ = 0;
};

std::string Reader::word() {
  skip_spaces();
  std::string found;
  while (at_ < text_.size() && is_letter(text_[at_]))
    found += static_cast<char>(std::tolower(static_cast<unsigned char>(text_[at_++])));
  return found;
}

Result<Weekdays> Reader::day_range() {
  skip_spaces();
  const std::size_t start = at_;
  const std::string first = word();
  for (const NamedDays& named : kNamedDays)
    if (first == named.name) return named.days;
  const int from = weekday_of(first);
  if (from < 0)
    return error(start, first.empty() ? "a day is missing here"
                                      : fmt::format("\"{}\" is no day of the week", first));
  if (!take('-')) return static_cast<Weekdays>(1 << from);
  skip_spaces();
  const std::size_t second = at_;
  const std::string last = word();
  const int to = weekday_of(last);
  if (to < 0) return error(second, fmt::format("\"{}\" is no day of the week", last));
  Weekdays days = 0;
  for (int d = from;; d = (d + 1) % 7) {
    days = static_cast<Weekdays>(days | (1 << d));
    if (d == to) return days;
  }
}

Result<Weekdays> Reader::days() {
  if (!sees_word()) return kEveryDay;
  Weekdays all = 0;
  do {
    const auto range = day_range();
    if (!range) return range.error();
    all = static_cast<Weekdays>(all | *range);
  } while (take(','));
  return all;
}

/// -1: there is none. More than two digits are no hour and no minute.
int Reader::number() {
  int value = -1;
  for (int digits = 0; at_ < text_.size() && is_digit(text_[at_]); ++at_, ++digits) {
    if (digits == 2) return -1;
    value = std::max(value, 0) * 10 + (text_[at_] - '0');
  }
  return value;
}

Result<int> Reader::time(bool may_be_midnight) {
  skip_spaces();
  const std::size_t start = at_;
  const int hour = number();
  if (hour < 0) return error(start, "a time is missing here");
  if (at_ == text_.size() || text_[at_] != ':')
    return error(start, "a time needs hours and minutes, as in 07:00");
  const std::size_t colon = at_++;
  const int minute = number();
  if (minute < 0 || at_ != colon + 3) return error(start, "minutes have two digits, as in 07:00");
  const int total = hour * 60 + minute;
  const int last = may_be_midnight ? kMinutesADay : kMinutesADay - 1;
  if (minute < 60 && total <= last) return total;
  return error(start, fmt::format("there is no time {}; a day goes from 00:00 to {}",
                                  text_.substr(start, at_ - start), clock_text(last)));
}

Result<Window> read_window(Reader& reader) {
  Window w;
  const auto days = reader.days();
  if (!days) return days.error();
  w.days = *days;
  const auto from = reader.time(false);
  if (!from) return from.error();
  if (!reader.take('-')) return reader.error("\"-\" and the end of the window are missing here");
  const std::size_t end = reader.place();
  const auto to = reader.time(true);
  if (!to) return to.error();
  if (*from == *to)
    return reader.error(end, "the window ends when it begins; a whole day is 00:00-24:00");
  w.from = *from;
  w.to = *to;
  return w;
}

Result<ReadyTime> read_ready_time(Reader& reader) {
  const auto days = reader.days();
  if (!days) return days.error();
  const auto minute = reader.time(false);
  if (!minute) return minute.error();
  return ReadyTime{*days, *minute};
}

/// Items between semicolons; a last semicolon may be left over.
template <class Item>
Result<std::vector<Item>> read_list(Reader reader, Result<Item> (*read)(Reader&)) {
  std::vector<Item> list;
  while (!reader.at_end()) {
    auto item = read(reader);
    if (!item) return item.error();
    list.push_back(*item);
    if (reader.at_end()) break;
    if (!reader.take(';')) return reader.error("only \";\" may stand here, then the next entry");
  }
  return list;
}

std::string day_words(Weekdays days) {
  if (days == kEveryDay) return {};
  std::string text;
  for (int d = 0; d < 7; ++d) {
    if (((days >> d) & 1) == 0) continue;
    int last = d;
    while (last < 6 && ((days >> (last + 1)) & 1) != 0) ++last;
    text += fmt::format("{}{}", text.empty() ? "" : ",", kWeekdays[d]);
    if (last > d) text += fmt::format("{}{}", last == d + 1 ? "," : "-", kWeekdays[last]);
    d = last;
  }
  return text + " ";
}

}  // namespace

Result<Windows> parse_windows(std::string_view text) {
  if (text == kAnyTime) return Windows{};
  auto list = read_list<Window>(Reader(text, kExample), read_window);
  if (!list) return list.error();
  return Windows{std::move(*list)};
}

Result<ReadyBy> parse_ready_by(std::string_view text) {
  if (text == kNever) return ReadyBy{};
  auto list = read_list<ReadyTime>(Reader(text, kReadyExample), read_ready_time);
  if (!list) return list.error();
  return ReadyBy{std::move(*list)};
}

std::string format(const Window& w) {
  return fmt::format("{}{}-{}", day_words(w.days), clock_text(w.from), clock_text(w.to));
}

std::string format(const Windows& windows) {
  std::string text;
  for (const Window& w : windows.list) text += (text.empty() ? "" : "; ") + format(w);
  return text;
}

std::string format(const ReadyBy& ready_by) {
  std::string text;
  for (const ReadyTime& r : ready_by.list)
    text +=
        fmt::format("{}{}{}", text.empty() ? "" : "; ", day_words(r.days), clock_text(r.minute));
  return text;
}

}  // namespace b2m::rules
