// SPDX-License-Identifier: MIT
#include "adapters/kasa/models.hpp"

#include <algorithm>
#include <cctype>
#include <string>

namespace b2m::kasa {
namespace {

constexpr Family kIot = Family::iot;
constexpr Family kSmart = Family::smart;
constexpr std::string_view kFromKlap = "newer firmware speaks KLAP instead of XOR";
constexpr std::string_view kTapo =
    "newer firmware needs \"Third-Party Compatibility\" to be on in the app";

// clang-format off
constexpr Model kModels[] = {
    // name    hardware  family sockets meter  note
    {"HS100",  "4.1", kIot,   1, false, "firmware 1.1.0 speaks KLAP"},
    {"HS100",  "",    kIot,   1, false, ""},
    {"HS103",  "",    kIot,   1, false, "firmware 1.1.3 speaks KLAP"},
    {"HS105",  "",    kIot,   1, false, ""},
    {"KP100",  "",    kIot,   1, false, ""},
    {"KP105",  "",    kIot,   1, false, ""},
    {"EP10",   "",    kIot,   1, false, "firmware 1.1.1 speaks KLAP"},
    {"KP401",  "",    kIot,   1, false, ""},
    {"HS110",  "1",   kIot,   1, true,  "old form of energy readings"},
    {"HS110",  "",    kIot,   1, true,  "UK units with firmware 1.1.0 speak KLAP"},
    {"KP115",  "",    kIot,   1, true,  ""},
    {"KP125",  "",    kIot,   1, true,  ""},
    {"EP25",   "2",   kSmart, 1, true,  "firmware 1.0.1 and 1.0.2 must be updated: they do not speak KLAP"},
    {"EP25",   "",    kIot,   1, true,  ""},
    {"KP125M", "",    kSmart, 1, true,  "firmware 1.1.3 must be updated: it does not speak KLAP"},
    {"HS107",  "",    kIot,   2, false, ""},
    {"KP200",  "",    kIot,   2, false, ""},
    {"KP400",  "",    kIot,   2, false, ""},
    {"EP40",   "",    kIot,   2, false, ""},
    {"KP303",  "",    kIot,   3, false, kFromKlap},
    {"HS300",  "",    kIot,   6, true,  kFromKlap},
    {"EP40M",  "",    kSmart, 2, false, ""},
    {"P110",   "",    kSmart, 1, true,  kTapo},
    {"P110M",  "",    kSmart, 1, true,  kTapo},
    {"P115",   "",    kSmart, 1, true,  kTapo},
    {"P304M",  "",    kSmart, 4, true,  ""},
    {"P316M",  "",    kSmart, 6, true,  ""},
};
// clang-format on

/// "kp115(EU) " -> "KP115".
std::string bare_name(std::string_view name) {
  std::string bare;
  for (const char c : name.substr(0, name.find('('))) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isspace(byte) == 0) bare += static_cast<char>(std::toupper(byte));
  }
  return bare;
}

}  // namespace

std::span<const Model> models() { return kModels; }

const Model* find_model(std::string_view name, std::string_view hardware) {
  const auto bare = bare_name(name);
  const auto is_named = [&](const Model& m) { return m.name == bare; };
  const auto first = std::find_if(std::begin(kModels), std::end(kModels), is_named);
  if (first == std::end(kModels)) return nullptr;
  const auto last = std::find_if_not(first, std::end(kModels), is_named);
  if (!hardware.empty())
    return std::find_if(first, last,
                        [&](const Model& m) { return hardware.starts_with(m.hardware); });
  const bool differ =
      std::any_of(first, last, [&](const Model& m) { return m.family != first->family; });
  return differ ? nullptr : last - 1;
}

}  // namespace b2m::kasa
