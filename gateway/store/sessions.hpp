// SPDX-License-Identifier: MIT
// Finished charges: one record each, and the curves of the last ones of every charger.
// docs/charging.md documents both tables.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/model/session_record.hpp"
#include "gateway/store/database.hpp"

namespace b2m::store {

struct SessionLimits {
  std::int64_t records = 20'000;  // the oldest go
  std::int64_t curves = 10;       // of each charger
};

/// Which records; what is empty does not matter.
struct SessionQuery {
  std::string charger{};
  std::optional<WallTime> from{}, to{};  // of their start; `to` exclusive
};

struct StoredSession {
  std::int64_t id = 0;
  SessionRecord record;  // without curve
};

class Sessions {
 public:
  explicit Sessions(Database& database, SessionLimits limits = {});

  /// Call inside a transaction.
  Result<> add(const SessionRecord& record);
  /// Oldest first.
  Result<std::vector<StoredSession>> list(const SessionQuery& query);
  /// Empty when the session is unknown or its curve is no longer kept.
  Result<std::vector<SessionRecord::CurvePoint>> curve(std::int64_t id);

 private:
  Result<> add_curve(std::int64_t id, const SessionRecord& record);
  Result<> forget(const std::string& charger);

  Database& database_;
  SessionLimits limits_;
};

/// With a heading line; lines end with CR LF, as RFC 4180 wants.
std::string sessions_csv(const std::vector<StoredSession>& sessions);
std::string curve_csv(const std::vector<SessionRecord::CurvePoint>& curve);

}  // namespace b2m::store
