// SPDX-License-Identifier: MIT
// The replies of polled plugs, read with as little effort as there is: two hundred plugs answer
// every few seconds, and nothing of a reply outlives the look into it. The looks are those of
// wire_text.hpp.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>

namespace b2m::kasa {

/// One reply, parsed into memory that goes with it; a usual one needs no memory but this.
class ReplyJson {
 public:
  /// Broken UTF-8 becomes "?", as with parse_json().
  explicit ReplyJson(std::string_view text);
  /// nullptr when it is no JSON.
  [[nodiscard]] const boost::json::value* root() const { return root_ ? &*root_ : nullptr; }

 private:
  bool parse(std::string_view text);

  std::array<unsigned char, 6144> buffer_;  // a plug's reply takes two thirds of it
  boost::json::monotonic_resource memory_{buffer_.data(), buffer_.size()};
  std::optional<boost::json::value> root_;
};

const boost::json::value* member(const boost::json::value* parent, std::string_view key);
std::optional<double> number(const boost::json::value* parent, std::string_view key);
std::optional<bool> flag(const boost::json::value* parent, std::string_view key);
std::string words(const boost::json::value* parent, std::string_view key);

}  // namespace b2m::kasa
