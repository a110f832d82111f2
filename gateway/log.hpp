// SPDX-License-Identifier: MIT
// Logging for everyone: a facade over fmt; only log.cpp knows spdlog. Lines go to stderr, with
// journald's priority prefix when systemd runs us, and to a tap (the bridge/logging topic).
#pragma once

#include <functional>
#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace b2m::log {

enum class Level { debug, info, warning, error };

std::string_view to_string(Level level);
/// Also the options of the log level select, in this order.
inline constexpr std::string_view kLevels[] = {"debug", "info", "warning", "error"};

void set_level(Level level);
Level level();
/// Gets every line that passes the level; called on the logging thread, must return at once.
using Tap = std::function<void(Level, std::string_view area, std::string_view text)>;
void set_tap(Tap tap);

void write(Level level, std::string_view area, std::string_view text);

template <class... Args>
void debug(std::string_view area, fmt::format_string<Args...> f, Args&&... args) {
  if (level() <= Level::debug)
    write(Level::debug, area, fmt::format(f, std::forward<Args>(args)...));
}
template <class... Args>
void info(std::string_view area, fmt::format_string<Args...> f, Args&&... args) {
  if (level() <= Level::info) write(Level::info, area, fmt::format(f, std::forward<Args>(args)...));
}
template <class... Args>
void warn(std::string_view area, fmt::format_string<Args...> f, Args&&... args) {
  if (level() <= Level::warning)
    write(Level::warning, area, fmt::format(f, std::forward<Args>(args)...));
}
template <class... Args>
void error(std::string_view area, fmt::format_string<Args...> f, Args&&... args) {
  write(Level::error, area, fmt::format(f, std::forward<Args>(args)...));
}

}  // namespace b2m::log
