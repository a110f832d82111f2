// SPDX-License-Identifier: MIT
#include "config/topics.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <fmt/core.h>
#include <unistd.h>

namespace b2m::config {

namespace {

constexpr std::size_t kLongestName = 64;
constexpr std::size_t kLongestTopic = 200;  // leaves room for DEVICE/KEY
constexpr int kLastPort = 65535;

bool is_id_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

bool is_topic(std::string_view text) {
  return !text.empty() && text.size() <= kLongestTopic && text.front() != '$' &&
         text.front() != '/' && text.back() != '/' &&
         text.find_first_of("+#") == std::string_view::npos &&
         text.find("//") == std::string_view::npos &&
         std::none_of(text.begin(), text.end(), is_control);
}

bool is_port(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port >= 1 && port <= kLastPort;
}

/// HOST, HOST:PORT or [IPv6]:PORT.
bool is_authority(std::string_view text) {
  if (text.empty() || text.find_first_of("/?# ") != std::string_view::npos) return false;
  if (text.front() == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || close < 2) return false;
    const std::string_view rest = text.substr(close + 1);
    return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return true;
  return colon > 0 && is_port(text.substr(colon + 1));
}

void check_url(const std::string& url, Complaints& complaints) {
  const std::size_t end = url.find("://");
  const std::string scheme = url.substr(0, end);
  if (end == std::string::npos || (scheme != "mqtt" && scheme != "mqtts"))
    return complaints.about("url", "url must begin with mqtt:// or mqtts://",
                            "for example url = \"mqtt://127.0.0.1:1883\"");
  std::string_view rest = std::string_view(url).substr(end + 3);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.find('@') != std::string_view::npos)
    return complaints.about("url", "url must not hold a login",
                            "use username = \"...\" and password = { file = \"...\" }");
  if (!is_authority(rest))
    complaints.about("url", "url must be mqtt://HOST or mqtt://HOST:PORT, the port from 1 to 65535",
                     "for example url = \"mqtt://127.0.0.1:1883\"");
}

void check_file(std::string_view key, const std::string& file, bool tls, Complaints& complaints) {
  if (file.empty()) return;
  if (!tls)
    complaints.about(key, fmt::format("{} has no effect without TLS", key),
                     "write url = \"mqtts://HOST:8883\", or remove this line");
  else if (access(file.c_str(), R_OK) != 0)
    complaints.about(key, fmt::format("{} cannot be read: {}: {}", key, file, std::strerror(errno)),
                     "give the full path of a file that the user of battery2mqtt may read");
}

}  // namespace

Rule gateway_id() {
  return text_that("letters, digits, _ and -, at most 64", [](std::string_view text) {
    return !text.empty() && text.size() <= kLongestName &&
           std::all_of(text.begin(), text.end(), is_id_character);
  });
}

Rule device_id() {
  return text_that("small letters a to z, digits and _, at most 64, and not \"bridge\"",
                   [](std::string_view text) { return is_slug(text) && text != "bridge"; });
}

Rule client_id() {
  return text_that("1 to 64 printable characters", [](std::string_view text) {
    return !text.empty() && text.size() <= kLongestName &&
           std::none_of(text.begin(), text.end(), is_control);
  });
}

Rule topic() {
  return text_that(
      "a topic without wildcards (+ #), without $ or / in front, without / at the end, at most 200 "
      "characters",
      is_topic);
}

void check_mqtt(const Mqtt& mqtt, Complaints& complaints) {
  check_url(mqtt.url, complaints);
  const bool tls = mqtt.url.starts_with("mqtts://");
  check_file("ca_file", mqtt.ca_file, tls, complaints);
  check_file("cert_file", mqtt.cert_file, tls, complaints);
  check_file("key_file", mqtt.key_file, tls, complaints);
  if (mqtt.cert_file.empty() != mqtt.key_file.empty())
    complaints.about(mqtt.cert_file.empty() ? "key_file" : "cert_file",
                     "cert_file and key_file belong together", "give both, or neither");
  if (!mqtt.password.empty() && mqtt.username.empty())
    complaints.about("password", "a password needs a username", "add username = \"...\"");
  if (mqtt.min_interval_s > mqtt.max_interval_s)
    complaints.about("min_interval_s", "min_interval_s is longer than max_interval_s",
                     "make min_interval_s the smaller one");
}

}  // namespace b2m::config
