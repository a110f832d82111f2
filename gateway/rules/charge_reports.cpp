// SPDX-License-Identifier: MIT
#include "gateway/rules/charge_reports.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <vector>

#include <fmt/format.h>

namespace b2m::rules {
namespace {

constexpr int kReportMinute = 6 * 60;
constexpr int kWeek_d = 7;
constexpr std::size_t kMostCharges = 200;

std::string clock_of(std::int64_t unix_s) {
  return clock_text(local_time(from_unix(unix_s)).minute);
}

std::string money(double cost, bool has_cost) {
  return has_cost ? fmt::format(", cost {:.2f}", cost) : std::string();
}

std::string day_name(int day) { return day_text(local_time(first_instant(day, 12 * 60))); }

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const auto space = line.find(' ');
    words.push_back(line.substr(0, space));
    line = space == std::string_view::npos ? std::string_view{} : line.substr(space + 1);
  }
  return words;
}

template <class Number>
bool read(std::string_view word, Number& into) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), into);
  return error == std::errc{} && end == word.data() + word.size();
}

}  // namespace

void ChargeReports::add(const SessionRecord& record) {
  Charge c;
  c.day = local_time(record.ended).day;
  c.started = to_unix(record.started);
  c.ended = to_unix(record.ended);
  c.energy_wh = record.energy_wh;
  c.cost = record.cost;
  c.has_cost = record.has_cost;
  c.charger = record.charger;
  c.result = record.result;
  charges_.push_back(std::move(c));
  if (charges_.size() > kMostCharges) charges_.pop_front();
  ++revision_;
}

void ChargeReports::forget(int today) {
  const auto is_past = [&](const Charge& c) {
    return c.day < today - kWeek_d || c.day > today + 1;
  };
  if (std::erase_if(charges_, is_past) > 0) ++revision_;
}

ChargeReports::Told ChargeReports::step(WallTime wall) {
  const LocalTime now = local_time(wall);
  // A day in the future was written down while the clock was wrong.
  const bool is_new = reported_day_ < 0 || reported_day_ > now.day;
  if (!is_new && (now.day == reported_day_ || now.minute < kReportMinute)) return {};
  reported_day_ = is_new && now.minute < kReportMinute ? now.day - 1 : now.day;
  ++revision_;
  if (is_new) return {};
  Told told;
  told.daily = yesterday(wall);
  if (now.weekday == 0) told.weekly = week(now.day);
  forget(now.day);
  return told;
}

std::string ChargeReports::yesterday(WallTime wall) const {
  const int day = local_time(wall).day - 1;
  int count = 0;
  double energy_wh = 0;
  double cost = 0;
  bool has_cost = false;
  std::string list;
  for (const Charge& c : charges_) {
    if (c.day != day) continue;
    ++count;
    energy_wh += c.energy_wh;
    cost += c.cost;
    has_cost |= c.has_cost;
    list += fmt::format("; {} {}-{} {:.2f} kWh {}", c.charger, clock_of(c.started),
                        clock_of(c.ended), c.energy_wh / 1000, c.result);
  }
  if (count == 0) return fmt::format("{}: no charge", day_name(day));
  return fmt::format("{}: {} {}, {:.2f} kWh{}{}", day_name(day), count,
                     count == 1 ? "charge" : "charges", energy_wh / 1000, money(cost, has_cost),
                     list);
}

std::string ChargeReports::week(int today) const {
  struct Sum {
    int count = 0;
    double energy_wh = 0, cost = 0;
    bool has_cost = false;
  };
  std::map<std::string, Sum> sums;
  for (const Charge& c : charges_) {
    if (c.day < today - kWeek_d || c.day >= today) continue;
    Sum& sum = sums[c.charger];
    ++sum.count;
    sum.energy_wh += c.energy_wh;
    sum.cost += c.cost;
    sum.has_cost |= c.has_cost;
  }
  std::string text = fmt::format("{} to {}", day_name(today - kWeek_d), day_name(today - 1));
  if (sums.empty()) return text + ": no charge";
  const char* separator = ": ";
  for (const auto& [charger, sum] : sums) {
    text += fmt::format("{}{} {} {}, {:.2f} kWh{}", separator, charger, sum.count,
                        sum.count == 1 ? "charge" : "charges", sum.energy_wh / 1000,
                        money(sum.cost, sum.has_cost));
    separator = "; ";
  }
  return text;
}

std::string ChargeReports::to_text() const {
  std::string text = fmt::format("reported {}\n", reported_day_);
  for (const Charge& c : charges_)
    text += fmt::format("{} {} {} {:.1f} {:.4f} {} {} {}\n", c.day, c.started, c.ended, c.energy_wh,
                        c.cost, int{c.has_cost}, c.charger, c.result);
  return text;
}

std::optional<ChargeReports::Charge> ChargeReports::from_line(std::string_view line) {
  const auto words = words_of(line);
  Charge c;
  int has_cost = 0;
  if (words.size() != 8 || !read(words[0], c.day) || !read(words[1], c.started) ||
      !read(words[2], c.ended) || !read(words[3], c.energy_wh) || !read(words[4], c.cost) ||
      !read(words[5], has_cost))
    return std::nullopt;
  c.has_cost = has_cost != 0;
  c.charger = words[6];
  c.result = words[7];
  return c;
}

void ChargeReports::restore(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    int day = 0;
    if (line.starts_with("reported ") && read(line.substr(9), day)) {
      reported_day_ = day;
    } else if (auto charge = from_line(line); charge && charges_.size() < kMostCharges) {
      charges_.push_back(std::move(*charge));
    }
  }
}

}  // namespace b2m::rules
