// SPDX-License-Identifier: MIT
// A file of its own: nothing else has to be compiled again for a new commit.
#include "gateway/app/version.hpp"

namespace b2m::app {

std::string_view version() { return B2M_VERSION; }
std::string_view commit() { return B2M_COMMIT; }

}  // namespace b2m::app
