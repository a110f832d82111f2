// SPDX-License-Identifier: MIT
// `battery2mqtt discover kasa`: plugs and strips in the local network, as TOML ready to paste.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "adapters/kasa/locator.hpp"
#include "gateway/app/command_line.hpp"

namespace b2m::app {

/// How many were found; nothing, with the reason on standard error, when the options are wrong.
std::optional<std::size_t> discover_kasa(const Arguments& arguments);

/// What `discover kasa` prints: remarks and the tables of one [[kasa]].
std::string kasa_tables(const std::vector<kasa::Locator::Known>& found, const std::string& username,
                        const std::string& password_file);

}  // namespace b2m::app
