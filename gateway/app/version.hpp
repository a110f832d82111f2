// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace b2m::app {

std::string_view version();  // "0.1.0"
std::string_view commit();   // that it was built from

}  // namespace b2m::app
