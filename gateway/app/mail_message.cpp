// SPDX-License-Identifier: MIT
#include "gateway/app/mail_message.hpp"

#include <algorithm>
#include <ctime>
#include <random>

#include <fmt/format.h>

#include "discovery/text.hpp"

namespace b2m::app {
namespace {

constexpr std::size_t kLineBytes = 57;  // 76 characters of base64
constexpr std::size_t kWordBytes = 42;  // an encoded word ends at 75 characters

bool is_plain(char c) { return c >= ' ' && c < 0x7F; }

/// "Sat, 21 Nov 2026 13:33:05 +0000"; the names are English whatever the locale.
std::string rfc_date(WallTime time) {
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(time));
  std::tm t{};
  gmtime_r(&seconds, &t);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} +0000", kDays[t.tm_wday], t.tm_mday,
                     kMonths[t.tm_mon], 1900 + t.tm_year, t.tm_hour, t.tm_min, t.tm_sec);
}

std::string wrapped_base64(std::string_view bytes) {
  std::string lines;
  for (std::size_t at = 0; at < bytes.size(); at += kLineBytes)
    lines += base64(bytes.substr(at, kLineBytes)) + "\r\n";
  return lines;
}

}  // namespace

std::string base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view group = bytes.substr(at, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i)
      bits = bits << 8 | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i)
      text += i <= group.size() ? kAlphabet[bits >> (18 - 6 * i) & 63U] : '=';
  }
  return text;
}

std::string encoded_header(std::string_view text) {
  std::string line(text);
  std::ranges::replace_if(
      line, [](char c) { return c == '\r' || c == '\n' || c == '\t'; }, ' ');
  if (std::ranges::all_of(line, is_plain) && line.size() <= 60) return line;
  std::string words;
  for (std::size_t at = 0; at < line.size();) {
    std::string word;
    discovery::append_utf8(word, std::string_view(line).substr(at), kWordBytes);
    if (word.empty()) break;
    // What is no UTF-8 came back as another byte, so that it is the length that counts.
    at += std::min(word.size(), line.size() - at);
    words += fmt::format("{}=?UTF-8?B?{}?=", words.empty() ? "" : "\r\n ", base64(word));
  }
  return words;
}

std::string mail_text(const Letter& letter, const Envelope& envelope) {
  std::string to;
  for (const std::string& address : envelope.to) to += (to.empty() ? "" : ",\r\n ") + address;
  std::string body;
  for (const char c : letter.body) body += c == '\n' ? std::string("\r\n") : std::string(1, c);
  return fmt::format(
      "Date: {}\r\nFrom: {}\r\nTo: {}\r\nMessage-ID: <{}>\r\nSubject: {}\r\n"
      "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
      "Content-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n\r\n{}",
      rfc_date(envelope.date), envelope.from, to, envelope.message_id,
      encoded_header(letter.subject), wrapped_base64(body));
}

std::string new_message_id(const std::string& from) {
  std::random_device random;
  return fmt::format("{:x}.{:08x}{:08x}@{}",
                     std::chrono::system_clock::now().time_since_epoch().count(), random(),
                     random(), from.substr(from.find('@') + 1));
}

}  // namespace b2m::app
