// SPDX-License-Identifier: MIT
// battery2mqtt import-ebike: a configuration of the EBike Battery Plug Manager as ours.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/app/command_line.hpp"
#include "gateway/app/import_ebike_ini.hpp"

namespace b2m::app {

struct Imported {
  std::string toml;                  // empty with an error
  std::vector<IniMistake> mistakes;  // in order of lines
};

/// `name` of the file, for the first comment.
Imported import_ebike(std::string_view text, std::string_view name);

int import_ebike_command(const Arguments& arguments);

}  // namespace b2m::app
