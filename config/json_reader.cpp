// SPDX-License-Identifier: MIT
#include "config/json_reader.hpp"

#include <algorithm>
#include <limits>
#include <set>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace b2m::config {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kDeepest = 32;

// The names of its members are the library's.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  Builder(std::string_view text, std::string file) : text_(text), file_(std::move(file)) {}

  bool null() override { return put(Node()); }
  bool boolean(bool value) override { return put(node(value)); }
  bool number_integer(number_integer_t value) override { return put(node(value)); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      return put(node(static_cast<std::int64_t>(value)));
    return put(node(static_cast<double>(value)));
  }
  bool number_float(number_float_t value, const string_t&) override { return put(node(value)); }
  bool string(string_t& value) override { return put(node(std::move(value))); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Node::Kind::table); }
  bool start_array(std::size_t) override { return open(Node::Kind::list); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& value) override {
    if (!open_.back().keys.insert(value).second)
      return stop(fmt::format("\"{}\" is given twice", value), "remove one of the two");
    open_.back().key = std::move(value);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    if (error.id == 406) return stop("a number is larger than can be used", {});
    const std::size_t at = std::min(position, text_.size());
    const std::string_view before = text_.substr(0, at);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
    place_.line = static_cast<int>(line);
    place_.column = static_cast<int>(std::max<std::size_t>(1, at - line_start));
    return stop("this is not JSON from here on",
                text_.empty() ? "it is empty"
                              : "a quote, comma or bracket may be missing; NaN and comments are no "
                                "JSON");
  }

  std::optional<Node> take(Mistakes& mistakes) {
    if (what_.empty()) return std::move(root_);
    place_.file = file_;
    mistakes.push_back({.place = place_, .what = what_, .hint = hint_});
    return std::nullopt;
  }

 private:
  struct Open {
    Node node;
    std::string key;
    std::set<std::string> keys;
  };

  bool put(Node value) {
    value.place = {file_, 0, 0};
    if (open_.empty()) {
      root_ = std::move(value);
      return true;
    }
    Open& into = open_.back();
    value.key = into.key;
    value.key_place = value.place;
    into.node.items.push_back(std::move(value));
    return true;
  }
  bool open(Node::Kind kind) {
    if (open_.size() >= kDeepest)
      return stop(fmt::format("objects and lists nest more than {} deep", kDeepest), {});
    open_.push_back({Node(kind), {}, {}});
    return true;
  }
  bool close() {
    Node done = std::move(open_.back().node);
    open_.pop_back();
    return put(std::move(done));
  }
  bool stop(std::string what, std::string hint) {
    if (what_.empty()) {
      what_ = std::move(what);
      hint_ = std::move(hint);
    }
    return false;
  }

  std::string_view text_;
  std::string file_;
  Place place_;
  std::vector<Open> open_;
  Node root_;
  std::string what_, hint_;
};

}  // namespace

std::optional<Node> read_json(std::string_view text, const std::string& file, Mistakes& mistakes) {
  Builder builder(text, file);
  // What it found stands in the builder.
  (void)Json::sax_parse(text.begin(), text.end(), &builder);
  return builder.take(mistakes);
}

}  // namespace b2m::config
