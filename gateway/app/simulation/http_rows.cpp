// SPDX-License-Identifier: MIT
#include "gateway/app/simulation/http_rows.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "gateway/app/simulation/http_answers.hpp"

namespace b2m::app {
namespace {

constexpr std::size_t kMostBytes = std::size_t{16} << 20;
constexpr std::size_t kMostTogether = 2 * kMostBytes;
constexpr std::size_t kSmall = 256 * 1024;         // needs no room
constexpr std::size_t kFour = 160, kEvery = 1000;  // bytes of a row, generously

std::size_t estimate(const JobStatus& status, Columns columns) {
  const auto rows = static_cast<std::size_t>(std::max<std::int64_t>(status.rows, 0));
  return std::min(rows * (columns == Columns::original ? kFour : kEvery), kMostBytes);
}

}  // namespace

struct HttpRows::Room {
  explicit Room(const Executor& executor) : bell(executor) {}
  std::size_t taken = 0;
  Bell bell;
};

/// What the other thread writes; the bell stays on the loop.
struct HttpRows::Reading {
  explicit Reading(const Executor& executor) : bell(executor) {}
  std::shared_ptr<Result<std::string>> text = std::make_shared<Result<std::string>>(std::string());
  Bell bell;
  bool is_over = false;
};

HttpRows::HttpRows(Executor executor, SimulationService& service)
    : executor_(std::move(executor)), service_(service), room_(std::make_shared<Room>(executor_)) {}

HttpRows::~HttpRows() = default;

Awaitable<Result<std::shared_ptr<void>>> HttpRows::find_room(std::size_t bytes) {
  if (bytes <= kSmall) co_return std::shared_ptr<void>();
  const std::shared_ptr<Room> room = room_;
  while (room->taken + bytes > kMostTogether)
    if (const auto rung = co_await room->bell.wait(); !rung) co_return rung.error();
  room->taken += bytes;
  co_return std::shared_ptr<void>(room.get(), [room, bytes](void*) {
    room->taken -= bytes;
    room->bell.ring();
  });
}

Awaitable<Result<RowsText>> HttpRows::of(std::string id) {
  const auto status = service_.status(id);
  if (!status || !is_over(status->state) || status->rows == 0) co_return RowsText();
  const Columns columns = status->simulation_type.empty() ? Columns::all : Columns::original;
  auto room = co_await find_room(estimate(*status, columns));
  if (!room) co_return room.error();
  const auto reading = std::make_shared<Reading>(executor_);
  service_.read_table(
      id,
      [text = reading->text, columns](const auto& table) {
        if (table) *text = original_rows(**table, columns, kMostBytes);
      },
      [reading] {
        reading->is_over = true;
        reading->bell.ring();
      });
  while (!reading->is_over)
    if (const auto rung = co_await reading->bell.wait(); !rung) co_return rung.error();
  if (!*reading->text) co_return reading->text->error();
  RowsText rows{std::move(**reading->text), std::move(*room)};
  co_return rows;
}

}  // namespace b2m::app
