// SPDX-License-Identifier: MIT
// bridge/request/export: finished charges and their curves as CSV.
#pragma once

#include <string>

#include "gateway/app/command_router.hpp"
#include "gateway/store/sessions.hpp"

namespace b2m::app {

inline constexpr std::size_t kExportPartBytes = 200 * 1024;

/// {"what":"sessions","charger":"c1","from":"2026-11-01T00:00:00Z","to":...,"part":1} or
/// {"what":"curve","session":12}. The data holds "part", "parts" and "csv"; a part ends with a
/// whole line, and only the first has the heading. `sessions` may be null: no database.
Answer export_sessions(store::Sessions* sessions, const std::string& payload,
                       std::size_t part_bytes = kExportPartBytes);

}  // namespace b2m::app
