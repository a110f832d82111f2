// SPDX-License-Identifier: MIT
// Cuts a stream of bytes into lines without ever holding more than one line of bounded length.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/bytes.hpp"

namespace b2m {

class LineCutter {
 public:
  struct Line {
    std::string_view text;  // valid until the next call
    char end = 0;
    bool is_overlong = false;  // more than the limit; the rest was thrown away
  };

  LineCutter(std::size_t limit, std::string_view ends) : limit_(limit), ends_(ends) {
    buffer_.reserve(limit);
  }

  /// Takes from the front of `input` up to the end of a line; nothing when `input` ends before it.
  std::optional<Line> next(Bytes& input) {
    if (is_ended_) clear();
    for (std::size_t i = 0; i < input.size(); ++i) {
      const char c = static_cast<char>(input[i]);
      if (ends_.find(c) != std::string::npos) {
        input = input.subspan(i + 1);
        is_ended_ = true;
        return Line{buffer_, c, is_overlong_};
      }
      if (buffer_.size() < limit_)
        buffer_ += c;
      else
        is_overlong_ = true;
    }
    input = {};
    return std::nullopt;
  }

  /// What came after the last end of line.
  [[nodiscard]] Line rest() const { return is_ended_ ? Line{} : Line{buffer_, 0, is_overlong_}; }

  void clear() {
    buffer_.clear();
    is_overlong_ = is_ended_ = false;
  }

 private:
  std::size_t limit_;
  std::string ends_;
  std::string buffer_;
  bool is_overlong_ = false;
  bool is_ended_ = false;
};

}  // namespace b2m
