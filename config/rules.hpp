// SPDX-License-Identifier: MIT
// Which values a key may have. The unit comes from the end of the key's name.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace b2m::config {

/// Empty: all values of the type. Of a list, every item is held against the rule.
struct Rule {
  std::optional<double> low, high;  // both inclusive
  bool hex = false;                 // how the bounds are shown
  std::vector<std::string> choices;
  std::string shape;  // "letters a to z, digits and _": what `fits` asks for
  std::function<bool(std::string_view)> fits;
};

Rule range(double low, double high);
Rule hex_range(double low, double high);
Rule at_least(double low);
Rule one_of(std::initializer_list<std::string_view> choices);
Rule one_of(std::vector<std::string> choices);
/// Small letters, digits and _, at most 64: ids of devices and adapters.
Rule slug();
/// A slug that is no topic of its own: set, availability and history are not.
Rule entity_key();
Rule not_empty();
/// An even number of hex digits, as many as `most_bytes` bytes have.
Rule hex_bytes(int most_bytes);
/// `shape` completes "NAME must be ...".
Rule text_that(std::string_view shape, std::function<bool(std::string_view)> fits);

bool is_slug(std::string_view text);
/// "10000 to 1000000 bit/s", "auto, 5 or 3.1.1"; empty: anything.
std::string describe(const Rule& rule, std::string_view unit);
/// What must differ from the value for it to be allowed: the rule is broken.
bool allows(const Rule& rule, double number);
bool allows(const Rule& rule, std::string_view text);

}  // namespace b2m::config
