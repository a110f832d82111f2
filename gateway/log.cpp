// SPDX-License-Identifier: MIT
#include "gateway/log.hpp"

#include <atomic>
#include <cstdlib>
#include <memory>
#include <mutex>

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace b2m::log {
namespace {

std::atomic<Level> current_level{Level::info};
std::mutex tap_mutex;
Tap current_tap;

/// journald reads the priority from "<3>" at the start of a line and adds the time itself.
class Priority final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const char digit = message.level >= spdlog::level::err    ? '3'
                       : message.level >= spdlog::level::warn ? '4'
                       : message.level >= spdlog::level::info ? '6'
                                                              : '7';
    for (const char c : {'<', digit, '>'}) out.push_back(c);
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<Priority>();
  }
};

std::unique_ptr<spdlog::logger> make_logger() {
  auto logger =
      std::make_unique<spdlog::logger>("b2m", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  const bool journald = std::getenv("JOURNAL_STREAM") != nullptr;
  if (journald) {
    formatter->add_flag<Priority>('*').set_pattern("%*%v");
  } else {
    formatter->set_pattern("%Y-%m-%d %H:%M:%S.%e %-7l %v");
  }
  logger->set_formatter(std::move(formatter));
  logger->set_level(spdlog::level::trace);
  return logger;
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

std::string_view to_string(Level level) { return kLevels[static_cast<int>(level)]; }

void set_level(Level level) { current_level = level; }
Level level() { return current_level; }

void set_tap(Tap tap) {
  const std::scoped_lock lock(tap_mutex);
  current_tap = std::move(tap);
}

void write(Level level, std::string_view area, std::string_view text) {
  static const std::unique_ptr<spdlog::logger> logger = make_logger();
  logger->log(to_spdlog(level), "{}: {}", area, text);
  const std::scoped_lock lock(tap_mutex);
  if (current_tap) current_tap(level, area, text);
}

}  // namespace b2m::log
