// SPDX-License-Identifier: MIT
#include "adapters/tesla_uart/limit_wishes.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace b2m::tesla_uart {
namespace {

constexpr std::size_t kCellHigh = static_cast<std::size_t>(LimitKind::cell_voltage_high);

std::optional<std::uint8_t> byte_of(std::string_view text) {
  std::uint8_t byte = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, byte);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return byte;
}

}  // namespace

LimitWishes::LimitWishes(const Values& configured) : values_(configured) {
  for (std::size_t i = 0; i < kLimits; ++i) {
    if (!values_[i]) continue;
    if (const auto byte = encode_limit(static_cast<LimitKind>(i), *values_[i]))
      configured_[i] = *byte;
  }
  wanted_ = configured_;
}

std::string LimitWishes::bind(bool may_write, double highest_cell_v) {
  may_write_ = may_write;
  highest_cell_v_ = std::min(highest_cell_v, kLimitTable[kCellHigh].high);
  const bool has_any = std::ranges::any_of(values_, [](const auto& v) { return v.has_value(); });
  if (has_any && !may_write_) {
    wanted_.fill(std::nullopt);
    return "[tesla_uart.limits] is not written into the chips, since limits may not be changed: "
           "add \"limits\" to the list allow of [control]";
  }
  if (!values_[kCellHigh]) return {};
  const auto high = encode(kCellHigh, *values_[kCellHigh]);
  if (high) return {};
  wanted_[kCellHigh].reset();
  return "[tesla_uart.limits] cell_voltage_high_v is not written: " + high.error().detail;
}

Result<std::uint8_t> LimitWishes::encode(std::size_t limit, double value) const {
  if (limit == kCellHigh && value > highest_cell_v_)
    return Error(Errc::out_of_range,
                 fmt::format("these cells can have {} V at the most, so a limit of {} V would "
                             "never act: choose a lower one",
                             highest_cell_v_, value));
  return encode_limit(static_cast<LimitKind>(limit), value);
}

std::string LimitWishes::key_of(std::size_t limit) const {
  return fmt::format("{}/{}", key_, kLimitTable[limit].point);
}

std::string LimitWishes::origin_of(std::size_t limit) const {
  return configured_[limit] ? std::to_string(*configured_[limit]) : "-";
}

void LimitWishes::attach(Memory& memory, std::string key) {
  memory_ = &memory;
  key_ = std::move(key);
  for (std::size_t i = 0; i < kLimits; ++i) {
    const std::string kept = memory.recall(key_of(i)).value_or("");
    if (kept.empty()) continue;
    const auto cut = kept.find(':');
    const bool is_of_this = kept.substr(0, cut) == origin_of(i);
    const auto byte =
        byte_of(cut == std::string::npos ? "" : std::string_view(kept).substr(cut + 1));
    const auto value = byte ? decode_limit(static_cast<LimitKind>(i), *byte) : std::nullopt;
    if (!is_of_this || !value || !encode(i, *value))
      memory.keep(key_of(i), "");
    else if (may_write_)
      wanted_[i] = byte;
  }
}

void LimitWishes::keep(std::size_t limit) {
  if (memory_ && wanted_[limit])
    memory_->keep(key_of(limit), fmt::format("{}:{}", origin_of(limit), *wanted_[limit]));
}

}  // namespace b2m::tesla_uart
