// SPDX-License-Identifier: MIT
#include "adapters/can/profile_resolver.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace b2m::can {
namespace {

constexpr int kMostNumbers = 1024;  // cells or modules of one row
constexpr std::size_t kMostTakes = 16'384;
constexpr double kShortestMaxAge = 5;
constexpr double kIntervalsToStale = 3;
constexpr std::string_view kTypes[] = {"number", "on_off", "option", "text"};
constexpr ValueType kTypeValues[] = {ValueType::number, ValueType::on_off, ValueType::option,
                                     ValueType::text};

void replace(std::string& text, std::string_view mark, const std::string& by) {
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + by.size()))
    text.replace(at, mark.size(), by);
}

std::string fill(std::string text, int n, int m) {
  replace(text, "{n}", std::to_string(n));
  replace(text, "{nn}", fmt::format("{:02}", n));
  replace(text, "{m}", std::to_string(m));
  replace(text, "{mm}", fmt::format("{:02}", m));
  return text;
}

bool is_numbered(const PointRow& row) {
  return row.scope == Scope::cell || row.scope == Scope::temperature;
}

}  // namespace

void ProfileResolver::complain(const config::Place& place, std::string what, std::string hint) {
  config::Mistake& mistake = mistakes_.emplace_back();
  mistake.place = place;
  mistake.what = std::move(what);
  mistake.hint = std::move(hint);
}

Profile ProfileResolver::resolve(Dbc dbc) {
  profile_.dbc = std::move(dbc);
  profile_.exact_length = file_.exact_length;
  override_messages();
  add_parts();
  index_signals();
  for (const SignalRow& row : file_.signals) add_signal(row);
  check_points_used();
  return std::move(profile_);
}

void ProfileResolver::override_messages() {
  for (const MessageOverride& wanted : settings_.messages) {
    auto& messages = profile_.dbc.messages;
    const auto at = std::ranges::find(messages, wanted.name, &DbcMessage::name);
    if (at == messages.end()) {
      complain(wanted.place, fmt::format("the profile has no message \"{}\"", wanted.name),
               "the names stand in the BO_ lines of its DBC file");
      continue;
    }
    at->id = wanted.can_id;
    at->extended = wanted.extended || wanted.can_id > 0x7FF;
    for (const DbcMessage& other : messages)
      if (&other != &*at && other.id == at->id && other.extended == at->extended)
        complain(wanted.place,
                 fmt::format("messages \"{}\" and \"{}\" would have the same id 0x{:X}", at->name,
                             other.name, at->id),
                 "give the other one another id as well");
  }
}

void ProfileResolver::index_signals() {
  SignalIndex index = 0;
  for (const DbcMessage& message : profile_.dbc.messages)
    for (const DbcSignal& signal : message.signals)
      signals_[{message.name, signal.name}] = {index++, &signal};
  profile_.take_of_signal.assign(index, -1);
}

std::vector<int> ProfileResolver::modules_of(const SignalRow& row) {
  if (row.first_module == 0 && row.last_module == 0) return {row.module};
  if (row.first_module < 1 || row.last_module < row.first_module ||
      row.last_module - row.first_module >= kMostNumbers || row.module != 0) {
    complain(row.place, "first_module and last_module do not make a range",
             "write both, from 1 on, and no module beside them");
    return {};
  }
  std::vector<int> modules;
  for (int m = row.first_module; m <= row.last_module; ++m) modules.push_back(m);
  return modules;
}

std::vector<int> ProfileResolver::numbers_of(const SignalRow& row) {
  const bool has_range = row.first != 0 || row.last != 0;
  if (!row.cells.empty() && !has_range) return row.cells;
  if (!has_range && row.cells.empty()) return {0};
  if (has_range && row.cells.empty() && row.first >= 0 && row.last >= row.first &&
      row.last - row.first < kMostNumbers) {
    std::vector<int> numbers;
    for (int n = row.first; n <= row.last; ++n) numbers.push_back(n);
    return numbers;
  }
  complain(row.place, "first and last do not make a range of numbers",
           "write first = 1 and last = 6, or cells = [1, 2, 5] instead of both");
  return {};
}

void ProfileResolver::add_signal(const SignalRow& row) {
  const auto part = std::ranges::find(profile_.parts, row.part, &Part::id);
  if (part == profile_.parts.end())
    return complain(row.place, fmt::format("there is no [[part]] with id = \"{}\"", row.part),
                    "add it, or correct the name");
  const std::vector<int> numbers = numbers_of(row);
  const int shift = row.point_first > 0 && !numbers.empty() ? row.point_first - numbers[0] : 0;
  for (const int m : modules_of(row)) {
    for (const int n : numbers) {
      const int number = std::max(n + shift, 1);
      add_take(row, {n, m, static_cast<std::uint16_t>(number - 1)});
    }
  }
}

const ProfileResolver::Found* ProfileResolver::find(const SignalRow& row, const Numbers& numbers) {
  const std::string message = fill(row.message, numbers.n, numbers.m);
  const std::string signal = fill(row.signal, numbers.n, numbers.m);
  const DbcMessage* in = profile_.dbc.find(message);
  if (!in) {
    complain(row.place, fmt::format("{} has no message \"{}\"", file_.dbc, message),
             "the names stand in its BO_ lines");
    return nullptr;
  }
  if (in->length > 8) {
    complain(row.place,
             fmt::format("message \"{}\" has {} bytes, a classic CAN frame at most 8", message,
                         in->length),
             "only signals of single frames can be used");
    return nullptr;
  }
  const auto at = signals_.find({message, signal});
  if (at != signals_.end()) return &at->second;
  complain(row.place, fmt::format("message \"{}\" has no signal \"{}\"", message, signal),
           "the names stand in the SG_ lines below its BO_ line");
  return nullptr;
}

void ProfileResolver::add_take(const SignalRow& row, const Numbers& numbers) {
  const Found* found = find(row, numbers);
  if (!found || profile_.takes.size() >= kMostTakes) return;
  Take take;
  take.row = row_of(row, *found->signal);
  if (take.row == kNoRow || !convert(take, row, *found->signal)) return;
  if (!name_values(take, row, *found->signal)) return;
  take.destination = destination(row.part, numbers.m);
  take.index = numbers.n > 0 || is_numbered(points_.row(take.row)) ? numbers.index : 0;
  const auto [known, is_new] =
      taken_.try_emplace({take.destination, take.row, take.index}, row.place.line);
  std::int32_t& slot = profile_.take_of_signal[found->index];
  if (!is_new || slot >= 0)
    return complain(row.place,
                    is_new
                        ? fmt::format("signal \"{}\" is already used by another [[signal]]",
                                      found->signal->name)
                        : fmt::format("point \"{}\" {} of part \"{}\" is already filled by line {}",
                                      row.point, take.index + 1, row.part, known->second),
                    "each signal fills one point, and each point has one signal");
  slot = static_cast<std::int32_t>(profile_.takes.size());
  offer(row, take, *found->signal);
  profile_.takes.push_back(std::move(take));
}

RowId ProfileResolver::row_of(const SignalRow& row, const DbcSignal& signal) {
  const auto text = std::ranges::find(file_.points, row.point, &PointText::key);
  if (text != file_.points.end()) return add_vendor_row(*text, signal);
  std::string key = row.point;
  replace(key, "{n}", "{}");
  const RowId id = core_row(key);
  if (id != kNoRow) {
    const PointRow& point = kPoints[id];
    const bool is_numeric =
        point.kind.type == ValueType::number || point.kind.type == ValueType::on_off;
    const bool fits = point.origin == Origin::measured && is_numeric &&
                      (point.scope == Scope::pack || is_numbered(point)) &&
                      point.platform != Platform::switch_;
    if (fits) return id;
  }
  complain(
      row.place, fmt::format("\"{}\" is no point that a signal can fill", row.point),
      "known are voltage, current, power, soc, soh, energy_in, energy_out, cvl, dvl, ccl, dcl, "
      "contactor, cell_{n}_bleed, "
      "cell_{n}_voltage, cell_{n}_temperature, temperature_{n}; add a [[point]] for others");
  return kNoRow;
}

RowId ProfileResolver::add_vendor_row(const PointText& text, const DbcSignal& signal) {
  const auto known = vendor_rows_.find(text.key);
  if (known != vendor_rows_.end()) return known->second;
  RowId& made = vendor_rows_.emplace(text.key, kNoRow).first->second;
  VendorRow row;
  row.key = text.key;
  row.name = text.name;
  replace(row.key, "{n}", "{}");
  replace(row.name, "{n}", "{}");
  static constexpr std::string_view kTaken[] = {"set", "availability", "history"};
  if (core_row(row.key) != kNoRow || std::ranges::find(kTaken, row.key) != std::end(kTaken)) {
    complain(text.place, fmt::format("the key \"{}\" belongs to the gateway itself", text.key),
             "leave the [[point]] out and use the point, or choose another key");
    return kNoRow;
  }
  const auto type = std::ranges::find(kTypes, text.type);
  row.type = kTypeValues[type == std::end(kTypes) ? 0 : type - std::begin(kTypes)];
  row.unit = text.unit;
  row.device_class = text.device_class;
  row.state_class = text.state_class;
  row.decimals = text.decimals;
  row.dead_band = text.dead_band;
  row.enabled = text.enabled;
  row.scope = row.key.find("{}") == std::string::npos ? Scope::pack : Scope::cell;
  row.max_age_s = std::max(kShortestMaxAge, kIntervalsToStale * file_.interval_s);
  row.options = text.options;
  if (row.type == ValueType::option && row.options.empty())
    for (const DbcValue& value : signal.values) row.options.push_back(value.name);
  const std::string unit = row.unit;
  made = points_.add(std::move(row));
  if (points_.row(made).kind.unit != unit)
    complain(text.place,
             fmt::format("the key \"{}\" already stands for something in \"{}\"", text.key,
                         points_.row(made).kind.unit),
             "choose another key");
  return made;
}

bool ProfileResolver::name_values(Take& take, const SignalRow& row, const DbcSignal& signal) {
  take.type = points_.row(take.row).kind.type;
  if (take.type == ValueType::text) take.names = signal.values;
  if (take.type != ValueType::option) return true;
  const auto options = points_.row(take.row).kind.options;
  for (const DbcValue& value : signal.values) {
    const auto at = std::ranges::find(options, value.name);
    if (at != options.end())
      take.positions.emplace_back(value.raw, static_cast<int>(at - options.begin()));
  }
  if (!take.positions.empty()) return true;
  complain(row.place, fmt::format("signal \"{}\" has no value names", signal.name),
           "add a VAL_ line to the DBC file with the names that [[point]] lists as options");
  return false;
}

bool ProfileResolver::convert(Take& take, const SignalRow& row, const DbcSignal& signal) {
  const std::string_view unit = row.unit.empty() ? signal.unit : row.unit;
  const PointRow& point = points_.row(take.row);
  const auto conversion = convert_unit(unit, point.kind.unit);
  if (!conversion) {
    complain(row.place,
             fmt::format("signal \"{}\" is in \"{}\", point \"{}\" in {}", signal.name, unit,
                         row.point, point.kind.unit),
             conversion.error().detail);
    return false;
  }
  take.conversion = *conversion;
  if (row.invert) {
    take.conversion.scale = -take.conversion.scale;
    take.conversion.offset = -take.conversion.offset;
  }
  take.mask = ~std::uint64_t{0} >> (64 - signal.length);
  if (row.unavailable_raw) take.unavailable = *row.unavailable_raw & take.mask;
  return true;
}

std::uint16_t ProfileResolver::destination(const std::string& part, int module) {
  const Destination wanted{part, module};
  const auto at = std::ranges::find(profile_.destinations, wanted);
  const auto position = static_cast<std::uint16_t>(at - profile_.destinations.begin());
  if (at == profile_.destinations.end()) profile_.destinations.push_back(wanted);
  return position;
}

void ProfileResolver::offer(const SignalRow& row, const Take& take, const DbcSignal& signal) {
  const Destination& to = profile_.destinations[take.destination];
  auto at = std::ranges::find_if(profile_.offers, [&](const Offer& o) {
    return o.row == take.row && o.part == to.part && o.module == to.module;
  });
  if (at == profile_.offers.end()) {
    Offer fresh;
    fresh.part = to.part;
    fresh.module = to.module;
    fresh.row = take.row;
    at = profile_.offers.insert(profile_.offers.end(), std::move(fresh));
  }
  at->count = std::max(at->count, take.index + 1);
  if (take.type == ValueType::number && signal.form == DbcForm::integer)
    at->decimals = std::max(at->decimals, decimals_of(signal.factor * take.conversion.scale));
  const double expected = kIntervalsToStale * row.interval_s.value_or(file_.interval_s);
  at->max_age_s =
      settings_.max_age_s.value_or(std::max({at->max_age_s, kShortestMaxAge, expected}));
}

void ProfileResolver::check_points_used() {
  for (const PointText& text : file_.points)
    if (std::ranges::find(file_.signals, text.key, &SignalRow::point) == file_.signals.end())
      complain(
          text.place, fmt::format("no [[signal]] fills the point \"{}\"", text.key),
          fmt::format("add point = \"{}\" to a [[signal]], or remove the [[point]]", text.key));
}

}  // namespace b2m::can
